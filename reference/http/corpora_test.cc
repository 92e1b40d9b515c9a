// The corpora of fixtures/corpora, through the readers themselves: what a scenario says that a
// supervisor refuses they refuse, and what gets through reads as the corpus says.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "reference/base/yaml.h"
#include "reference/http/authority.h"
#include "reference/http/chunk_scanner.h"
#include "reference/http/framing.h"
#include "reference/http/head.h"
#include "reference/http/response_parser.h"
#include "reference/http/target.h"

namespace sallyport::http {
namespace {

using base::yaml::Node;

// As the scenarios' axis `way` has them for a tunnel.
std::string with_columns(std::string text) {
  const std::pair<std::string, std::string> columns[] = {{"$(matrix.way.host)", "api.test"},
                                                         {"$(matrix.way.port)", "80"},
                                                         {"$(matrix.way.target)", "/up"},
                                                         {"$(matrix.way.method)", "POST"}};
  for (const auto& [name, value] : columns) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at))
      text.replace(at, name.size(), value);
  }
  return text;
}

std::string unhex(const std::string& digits) {
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return out;
}

// A text, or the moves that send one.
std::string octets(const Node& node) {
  if (node.is_scalar()) return with_columns(node.text);
  std::string out;
  for (const auto& move : node.items) {
    const Node* hex = move->find("hex");
    out += hex == nullptr ? octets(*move->find("send")) : unhex(hex->text);
  }
  return out;
}

struct Line {
  std::string label;
  const Node* record = nullptr;
  const Node* defaults = nullptr;

  const Node* node(std::string_view column) const {
    const Node* own = record->find(column);
    return own != nullptr || defaults == nullptr ? own : defaults->find(column);
  }
  std::string text(std::string_view column) const {
    const Node* found = node(column);
    EXPECT_NE(found, nullptr) << label << ": " << column;
    return found == nullptr ? "" : octets(*found);
  }
  // Whether a column that expects an answer expects a refusal of what can't be read.
  bool is_refused(std::string_view column) const {
    const Node* status = node(column)->find("status");
    return status->text == "400";
  }
};

class Corpora : public testing::Test {
 protected:
  std::vector<Line> lines(const std::string& name) {
    base::Diagnostics complaints;
    roots_.push_back(base::yaml::parse_file("fixtures/corpora/" + name + ".yaml", complaints));
    EXPECT_TRUE(complaints.empty()) << complaints.to_string();
    std::vector<Line> found;
    const Node* defaults = roots_.back()->find("default");
    for (const auto& entry : roots_.back()->entries) {
      if (entry.key != "default") found.push_back({entry.key, entry.value.get(), defaults});
    }
    EXPECT_FALSE(found.empty());
    return found;
  }

 private:
  std::vector<base::yaml::NodePtr> roots_;
};

// Whether a server would read `bytes` as one request after another, the first one at least.
bool is_read(std::string_view bytes) {
  HeadScanner scanner(16384);
  const auto size = scanner.scan(bytes);
  if (!size || !*size) return false;
  const auto head = parse_request_head(bytes.substr(0, **size));
  if (!head || !request_framing(*head)) return false;
  return !head->field("host") || authority_matches(*head->field("host"), 80, {"api.test", 80});
}

std::string request_with(const std::string& fields) {
  return "POST /up HTTP/1.1\r\nHost: api.test\r\n" + fields + "\r\n";
}

// The payload, or nothing where the chunks are malformed or incomplete.
std::optional<std::string> payload_of(std::string_view bytes) {
  ChunkScanner scanner;
  std::string payload;
  while (!bytes.empty()) {
    const auto step = scanner.next(bytes);
    if (!step) return std::nullopt;
    payload.append(step->payload);
    bytes.remove_prefix(step->consumed);
    if (step->done) return payload;
  }
  return std::nullopt;
}

TEST_F(Corpora, NoSmuggledRequestIsRead) {
  for (const Line& line : lines("smuggling"))
    EXPECT_FALSE(is_read(request_with(line.text("fields")))) << line.label;
}

TEST_F(Corpora, NoMalformedHeadIsRead) {
  for (const Line& line : lines("heads")) EXPECT_FALSE(is_read(line.text("head"))) << line.label;
}

TEST_F(Corpora, OddButSoundRequestsAreRead) {
  for (const Line& line : lines("sound")) {
    const std::string text = request_with(line.text("fields"));
    const auto head = parse_request_head(text);
    ASSERT_TRUE(head) << line.label << ": " << head.error().message();
    const auto framing = request_framing(*head);
    ASSERT_TRUE(framing) << line.label << ": " << framing.error().message();
    const std::string body = line.text("octets");
    if (framing->kind == BodyKind::chunked) {
      EXPECT_EQ(payload_of(body), line.text("text")) << line.label;
    } else {
      EXPECT_EQ(body, line.text("text")) << line.label;
      EXPECT_EQ(framing->length, body.size()) << line.label;
    }
  }
}

TEST_F(Corpora, NoBrokenChunksAreABody) {
  for (const Line& line : lines("chunks"))
    EXPECT_EQ(payload_of(line.text("octets")), std::nullopt) << line.label;
}

TEST_F(Corpora, PathsHaveTheSpellingThatIsSaidOrNone) {
  for (const Line& line : lines("paths")) {
    for (const char* before : {"", "http://api.test"}) {
      const auto target = canonical_target(before + line.text("target"));
      EXPECT_EQ(target.has_value(), !line.is_refused("want")) << before << line.label;
      if (!target) continue;
      EXPECT_EQ(target->text, line.text("sees")) << before << line.label;
    }
  }
}

TEST_F(Corpora, AuthoritiesAreReadByTheLetter) {
  for (const Line& line : lines("authorities")) {
    const std::string text = line.text("text");
    EXPECT_EQ(parse_authority(text).has_value(), !line.is_refused("connect")) << line.label;
    const auto url = parse_absolute_form("http://" + text + "/up");
    EXPECT_EQ(url.has_value(), !line.is_refused("forward")) << line.label;
  }
}

TEST_F(Corpora, WholeUrlsAloneAreForwarded) {
  for (const Line& line : lines("targets")) {
    const std::string text = line.text("line") + " HTTP/1.1\r\nHost: api.test\r\n\r\n";
    const auto head = parse_request_head(text);
    const auto url = head ? parse_absolute_form(head->target) : head.error();
    const bool served = url && url->scheme == "http" && head->method != "CONNECT";
    EXPECT_EQ(served, !line.is_refused("want")) << line.label;
    if (!served) continue;
    EXPECT_EQ(canonical_target(head->target)->text, line.text("sees")) << line.label;
  }
}

TEST_F(Corpora, NoAnswerThatCanBeReadInTwoWaysIsOne) {
  for (const Line& line : lines("answers")) {
    const std::string text = line.text("octets");
    HeadScanner scanner(16384);
    const auto size = scanner.scan(text);
    if (!size || !*size) continue;  // never a whole head
    const auto head = parse_answer_head(std::string_view(text).substr(0, **size));
    if (!head || head->is_interim() || head->status == 101) continue;
    EXPECT_FALSE(answer_framing("GET", head->status, head->version_minor, head->fields))
        << line.label;
  }
}

}  // namespace
}  // namespace sallyport::http
