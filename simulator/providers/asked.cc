#include "simulator/providers/asked.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "simulator/providers/base64.h"

namespace sallyport::sim::providers {
namespace {

constexpr int kDepthMax = 8;  // of contents within contents

std::string text_of(const rapidjson::Value& value, int depth = 0) {
  if (value.IsString()) return {value.GetString(), value.GetStringLength()};
  if (!value.IsArray() || depth > kDepthMax) return {};
  std::string all;
  for (const auto& part : value.GetArray()) {
    if (part.IsString()) all += text_of(part);
    if (!part.IsObject()) continue;
    for (const char* name : {"text", "content"}) {
      const auto member = part.FindMember(name);
      if (member != part.MemberEnd()) all += text_of(member->value, depth + 1);
    }
  }
  return all;
}

std::string last_user_content(const rapidjson::Value& messages) {
  std::string last;
  if (!messages.IsArray()) return last;
  for (const auto& message : messages.GetArray()) {
    if (!message.IsObject()) continue;
    const auto role = message.FindMember("role");
    const auto content = message.FindMember("content");
    if (role == message.MemberEnd() || content == message.MemberEnd()) continue;
    if (text_of(role->value) == "user") last = text_of(content->value);
  }
  return last;
}

std::vector<std::string> inputs_of(const rapidjson::Value& value) {
  std::vector<std::string> inputs;
  if (!value.IsArray()) {
    inputs.push_back(text_of(value));
    return inputs;
  }
  for (const auto& one : value.GetArray()) {
    if (inputs.size() < kInputsMax) inputs.push_back(text_of(one));
  }
  return inputs;
}

const rapidjson::Value* member(const rapidjson::Value& value, const char* name) {
  if (!value.IsObject()) return nullptr;
  const auto found = value.FindMember(name);
  return found == value.MemberEnd() ? nullptr : &found->value;
}

bool says(const rapidjson::Value* value, std::string_view text) {
  return value != nullptr && text_of(*value) == text;
}

// OpenAI's role, or Anthropic's kind of content, of what a tool answered.
bool brings_result(const rapidjson::Value& messages) {
  if (!messages.IsArray() || messages.Empty()) return false;
  const rapidjson::Value& last = messages[messages.Size() - 1];
  if (says(member(last, "role"), "tool")) return true;
  const auto* const content = member(last, "content");
  if (content == nullptr || !content->IsArray()) return false;
  return std::any_of(content->Begin(), content->End(), [](const rapidjson::Value& part) {
    return says(member(part, "type"), "tool_result");
  });
}

// OpenAI puts a tool under `function` and its schema under `parameters`, Anthropic neither.
std::optional<Asked::Tool> tool_of(const rapidjson::Value& tools) {
  if (!tools.IsArray() || tools.Empty()) return std::nullopt;
  const auto* const function = member(tools[0], "function");
  const rapidjson::Value& first = function == nullptr ? tools[0] : *function;
  const auto* const name = member(first, "name");
  if (name == nullptr) return std::nullopt;
  Asked::Tool tool;
  tool.name = text_of(*name);
  const auto* const parameters = member(first, "parameters");
  const auto* const schema = parameters == nullptr ? member(first, "input_schema") : parameters;
  const auto* const properties = schema == nullptr ? nullptr : member(*schema, "properties");
  if (properties == nullptr || !properties->IsObject()) return tool;
  for (const auto& one : properties->GetObject()) {
    if (says(member(one.value, "type"), "string")) tool.texts.push_back(text_of(one.name));
  }
  return tool;
}

void read_member(const std::string& name, const rapidjson::Value& value, Asked& asked) {
  if (name == "stream" && value.IsBool()) asked.stream = value.GetBool();
  if (name == "model") asked.model = text_of(value);
  if (name == "messages") asked.text = last_user_content(value);
  if (name == "prompt" || name == "input") asked.text = text_of(value);
  if (name == "input") asked.inputs = inputs_of(value);
  if (name == "prompt" && asked.inputs.empty()) asked.inputs = inputs_of(value);
  if (name == "dimensions" && value.IsUint64()) {
    asked.dimensions = std::clamp<std::uint64_t>(value.GetUint64(), 1, kDimensionsMax);
  }
  if (name == "encoding_format") asked.base64 = text_of(value) == "base64";
  if (name == "tools") asked.tool = tool_of(value);
  if (name == "stream_options") {
    const auto* const usage = member(value, "include_usage");
    asked.usage = usage != nullptr && usage->IsTrue();
  }
}

std::uint64_t hash_of(std::string_view text, std::uint64_t from = 0xcbf29ce484222325U) {
  std::uint64_t hash = from;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

}  // namespace

Asked read_asked(const Request& request) {
  Asked asked;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(request.message.body.data(),
                                                 request.message.body.size());
  if (document.HasParseError() || !document.IsObject()) return asked;
  asked.valid = true;
  for (const auto& one : document.GetObject()) {
    read_member(text_of(one.name), one.value, asked);
  }
  const auto* const messages = member(document, "messages");
  const bool answered = messages != nullptr && brings_result(*messages);
  if (answered || says(member(document, "tool_choice"), "none")) asked.tool.reset();
  return asked;
}

std::string model_of(const ProviderSpec& spec, const Asked& asked) {
  if (!asked.model.empty()) return asked.model;
  return spec.models.empty() ? "m1" : spec.models.front();
}

bool has_model(const ProviderSpec& spec, std::string_view model) {
  return spec.models.empty() ||
         std::find(spec.models.begin(), spec.models.end(), model) != spec.models.end();
}

std::string arguments_of(const Asked::Tool& tool, std::string_view text) {
  std::string members;
  for (const std::string& name : tool.texts) {
    members += fmt::format("{}{}:{}", members.empty() ? "" : ",", quoted(name), quoted(text));
  }
  return "{" + members + "}";
}

std::string echo(const Request& request, const Asked& asked) {
  std::string text = asked.text;
  if (!request.nonce.empty() && text.find(request.nonce) == std::string::npos) {
    text += text.empty() ? request.nonce : " " + request.nonce;
  }
  return text;
}

std::string request_id(const Request& request) {
  if (!request.nonce.empty()) return request.nonce;
  return fmt::format("{:016x}", hash_of(request.message.body, hash_of(request.message.target)));
}

std::vector<float> embedding(std::string_view text, std::uint64_t dimensions) {
  std::vector<float> vector;
  std::uint64_t state = hash_of(text);
  for (std::uint64_t number = 0; number < dimensions; ++number) {
    state = hash_of(fmt::format("{}", number), state);
    constexpr std::uint64_t kSteps = 2048;  // exact as a float, and short as a text
    const auto step = static_cast<float>((state >> 32U) % (2 * kSteps + 1));
    vector.push_back(step / static_cast<float>(kSteps) - 1.0F);
  }
  return vector;
}

std::string embedding_json(const std::vector<float>& vector, bool base64) {
  if (base64) {
    std::string octets(vector.size() * sizeof(float), '\0');
    std::memcpy(octets.data(), vector.data(), octets.size());
    return quoted(to_base64(octets));
  }
  return fmt::format("[{}]", fmt::join(vector, ","));
}

std::uint64_t tokens(std::string_view text) { return 1 + text.size() / 4; }

std::string quoted(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

std::string rfc3339(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

Answer json_answer(int status, std::string json) {
  Answer answer;
  answer.status = status;
  answer.json = std::move(json);
  return answer;
}

}  // namespace sallyport::sim::providers
