// The dialects of good providers against fixtures/transcripts, which say how the real ones answer:
// the same members of the same types, the same events in the same order, the same last word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "simulator/providers/dialects.h"

namespace sallyport::sim::providers {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

// What a transcript says of members by their pointers, `*` for any element.
struct Rules {
  std::set<std::string> optional;  // the fake may leave them out
  std::set<std::string> free;      // of any type
};

struct Transcript {
  std::string name;
  Rules rules;
  Request request;
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;
};

void read_line(const std::string& line, Transcript& read) {
  const std::string text = line.size() > 2 ? line.substr(2) : std::string();
  const std::size_t colon = text.find(": ");
  auto& message = read.request.message;
  if (line.starts_with("# optional: ")) read.rules.optional.insert(text.substr(colon + 2));
  if (line.starts_with("# free: ")) read.rules.free.insert(text.substr(colon + 2));
  if (line.starts_with("<") && read.status == 0) {
    read.status = std::stoi(text);
  } else if (line.starts_with("<")) {
    read.headers[text.substr(0, colon)] = text.substr(colon + 2);
  }
  if (!line.starts_with(">") || text.empty()) return;
  if (message.method.empty()) {
    message.method = text.substr(0, text.find(' '));
    message.target = text.substr(text.find(' ') + 1);
  } else if (text.front() == '{' || text.front() == '[') {
    message.body = text;
    message.body_size = text.size();
  } else {
    message.headers.emplace_back(text.substr(0, colon), text.substr(colon + 2));
  }
}

// A head of lines that begin with `#`, `>` or `<`, an empty line, and the answer's body.
Transcript read(const std::filesystem::path& path) {
  Transcript read;
  read.name = path.filename();
  read.request.nonce = "n0nce";
  read.request.key = "none";
  std::ifstream file(path);
  for (std::string line; std::getline(file, line) && !line.empty();) read_line(line, read);
  std::ostringstream rest;
  rest << file.rdbuf();
  read.body = rest.str();
  return read;
}

std::string shape(const rapidjson::Value& value, const std::string& at, const Rules& rules) {
  if (rules.free.contains(at)) return "any";
  std::set<std::string> parts;
  if (value.IsObject()) {
    for (const auto& member : value.GetObject()) {
      const std::string name = member.name.GetString();
      if (rules.optional.contains(at + "/" + name)) continue;
      parts.insert(name + ":" + shape(member.value, at + "/" + name, rules));
    }
  } else if (value.IsArray()) {
    for (const auto& one : value.GetArray()) parts.insert(shape(one, at + "/*", rules));
  } else {
    return value.IsNull() ? "null" : value.IsString() ? "text" : value.IsBool() ? "bool" : "number";
  }
  std::string all = value.IsObject() ? "{" : "[";
  for (const auto& part : parts) all += part + " ";
  return all + (value.IsObject() ? "}" : "]");
}

// What isn't JSON, as the last word of a stream, has itself for a shape.
std::string shape(const std::string& text, const Rules& rules) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  return document.HasParseError() ? text : shape(document, "", rules);
}

// The events of a stream as it stands on the wire, each by its name and shape. A row of like ones
// is one: how a text is cut into pieces is nobody's promise.
std::vector<std::string> events(const std::string& wire, const std::string& type,
                                const Rules& rules) {
  const bool lines = type == "application/x-ndjson";
  const std::string end = lines ? "\n" : "\n\n";
  std::vector<std::string> found;
  for (std::size_t at = 0; at < wire.size();) {
    const std::size_t stop = wire.find(end, at);
    if (stop == std::string::npos) return {"the last event has no end"};
    std::string event = wire.substr(at, stop - at);
    at = stop + end.size();
    if (!lines) {
      const std::size_t data = event.find("data: ");
      if (data == std::string::npos) return {"an event has no data"};
      event = event.substr(0, data) + shape(event.substr(data + 6), rules);
    } else {
      event = shape(event, rules);
    }
    if (found.empty() || found.back() != event) found.push_back(event);
  }
  return found;
}

// How the fake answers; errors that only a scenario's route can cause, in its dialect's words.
Answer answer_of(const ProviderSpec& spec, const Transcript& it) {
  if (it.status == 401) {
    Request unknown = it.request;
    unknown.key = "unknown";
    return unauthorized(spec, unknown);
  }
  if (it.status < 429) return dialect_answer(spec, it.request, 7);
  if (spec.dialect == Dialect::anthropic) {
    return anthropic::error(it.request, it.status, "it", "api_error");
  }
  return openai::error(it.status, "it", "server_error", "");
}

std::string wire_of(const ProviderSpec& spec, const Request& request, std::string& type) {
  const Stream stream = dialect_stream(spec, request, 7);
  constexpr std::uint64_t kEvents = 12;
  std::string wire;
  for (std::uint64_t number = 1; number <= kEvents; ++number) {
    wire += wire_form(stream.form, stream.at(number, kEvents));
  }
  type = content_type(stream.form);
  return wire + wire_form(stream.form, stream.last(kEvents));
}

void hold_against(const ProviderSpec& spec, const Transcript& it) {
  SCOPED_TRACE(it.name);
  const Answer answer = answer_of(spec, it);
  EXPECT_EQ(answer.status, it.status);
  const auto id = it.headers.find("request-id");
  const bool has_id = std::any_of(answer.headers.begin(), answer.headers.end(),
                                  [](const auto& header) { return header.first == "request-id"; });
  EXPECT_EQ(id != it.headers.end(), has_id);
  const std::string& type = it.headers.at("Content-Type");
  if (type == "application/json") {
    ASSERT_TRUE(answer.json.has_value());
    EXPECT_EQ(shape(*answer.json, it.rules), shape(it.body, it.rules));
    return;
  }
  ASSERT_TRUE(answer.sse.has_value());
  std::string fakes_type;
  const std::string wire = wire_of(spec, it.request, fakes_type);
  EXPECT_EQ(fakes_type, type);
  EXPECT_THAT(events(wire, type, it.rules), ElementsAreArray(events(it.body, type, it.rules)));
}

std::vector<Transcript> transcripts(const std::string& dialect) {
  std::vector<Transcript> found;
  for (const auto& file : std::filesystem::directory_iterator("fixtures/transcripts/" + dialect)) {
    found.push_back(read(file.path()));
  }
  return found;
}

void hold_all(Dialect dialect, const std::string& folder, std::size_t at_least) {
  ProviderSpec spec;
  spec.dialect = dialect;
  const auto found = transcripts(folder);
  EXPECT_GE(found.size(), at_least);
  for (const auto& one : found) hold_against(spec, one);
}

TEST(Transcripts, OfOpenaiHaveTheShapeOfTheFakesAnswers) {
  hold_all(Dialect::openai, "openai", 19);
}

TEST(Transcripts, OfAnthropicHaveTheShapeOfTheFakesAnswers) {
  hold_all(Dialect::anthropic, "anthropic", 13);
}

TEST(Transcripts, OfOllamaHaveTheShapeOfTheFakesAnswers) {
  hold_all(Dialect::ollama, "ollama", 13);
}

// What the comparison tells apart, so that it can't agree with everything.

TEST(Shape, TellsAMissingAndASurplusMemberAndAnotherType) {
  const std::string whole = shape(R"({"a":1,"b":[{"c":"x"},{"c":"y"}]})", {});
  EXPECT_EQ(shape(R"({"b":[{"c":"z"}],"a":2.5})", {}), whole);
  EXPECT_NE(shape(R"({"b":[{"c":"z"}]})", {}), whole);
  EXPECT_NE(shape(R"({"a":1,"b":[{"c":"z"}],"d":1})", {}), whole);
  EXPECT_NE(shape(R"({"a":"1","b":[{"c":"z"}]})", {}), whole);
  EXPECT_NE(shape(R"({"a":1,"b":[]})", {}), whole);
  EXPECT_NE(shape(R"({"a":1,"b":[{"c":null}]})", {}), whole);
}

TEST(Shape, LeavesOutWhatIsOptionalAndTakesAnyTypeWhereItIsFree) {
  const Rules rules{{"/b/*/c"}, {"/a"}};
  EXPECT_EQ(shape(R"({"a":1,"b":[{"c":1}]})", rules), shape(R"({"a":null,"b":[{}]})", rules));
  EXPECT_NE(shape(R"({"a":1,"b":[{"c":1}]})", rules), shape(R"({"b":[{}]})", rules));
}

TEST(Events, TellAnotherOrderAMissingEventAndAnotherEnd) {
  const std::string type = "text/event-stream";
  const auto whole = events("event: a\ndata: {\"x\":1}\n\ndata: [DONE]\n\n", type, {});
  EXPECT_EQ(events("event: a\ndata: {\"x\":1}\n\nevent: a\ndata: {\"x\":2}\n\ndata: [DONE]\n\n",
                   type, {}),
            whole);
  EXPECT_NE(events("data: [DONE]\n\nevent: a\ndata: {\"x\":1}\n\n", type, {}), whole);
  EXPECT_NE(events("event: b\ndata: {\"x\":1}\n\ndata: [DONE]\n\n", type, {}), whole);
  EXPECT_NE(events("event: a\ndata: {\"x\":1}\n\n", type, {}), whole);
  EXPECT_NE(events("event: a\ndata: {\"x\":1}\n\ndata: [DONE]\n", type, {}), whole);
}

// What a tool's use says.

TEST(Openai, CallsTheToolThatItIsOfferedUntilItsResultIsThere) {
  Transcript asked = read("fixtures/transcripts/openai/chat_tool_call.txt");
  const auto call = dialect_answer({}, asked.request, 0);
  EXPECT_THAT(*call.json, HasSubstr(R"("name":"weather","arguments":"{\"city\":\"Is it raining)"));
  EXPECT_THAT(*call.json, HasSubstr(R"("finish_reason":"tool_calls")"));
  asked.request.message.body.insert(1, R"("tool_choice":"none",)");
  EXPECT_THAT(*dialect_answer({}, asked.request, 0).json, HasSubstr(R"("finish_reason":"stop")"));
}

}  // namespace
}  // namespace sallyport::sim::providers
