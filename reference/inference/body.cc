#include "reference/inference/body.h"

#include <rapidjson/reader.h>

#include <optional>
#include <string>

#include "reference/http/text.h"

namespace sallyport::inference {
namespace {

constexpr std::string_view kMember = R"("model":)";
// Nesting costs heap and every splice a piece; past these no client means it. The field's parser
// stops at 128 levels and then lets the body pass.
constexpr std::uint64_t kDepthMax = 512;
constexpr std::size_t kSplicesMax = 64;
// The iterative parser reports a bracket before it takes it, and a scalar after.
constexpr std::size_t kBracket = 1;

// RapidJSON's stream over the body. Its position is exact in every callback: StreamTraits keeps
// no copy of a stream of ours.
class BodyStream {
 public:
  using Ch = char;
  explicit BodyStream(std::string_view text) : text_(text) {}

  [[nodiscard]] Ch Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  Ch Take() { return at_ < text_.size() ? text_[at_++] : '\0'; }
  [[nodiscard]] std::size_t Tell() const { return at_; }
  // Output of a stream that is parsed in place: never called, yet RapidJSON's concept has it.
  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  std::size_t PutEnd(Ch*) { return 0; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Notes where the values of top-level members called `model` lie.
class ModelFinder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, ModelFinder> {
 public:
  ModelFinder(std::string_view body, const BodyStream& stream) : body_(body), stream_(stream) {}

  std::size_t first_member = 0;  // just after the object's brace
  bool is_object = false;
  bool has_model = false;
  bool has_members = false;
  std::vector<Range> values;

  // Any scalar; the base class sends them all here.
  bool Default() { return depth_ > 0 && value_ends(stream_.Tell()); }
  bool String(const char*, rapidjson::SizeType, bool) { return Default(); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return Default(); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (depth_ != 1) return true;
    has_members = true;
    const std::string_view key(text, size);
    if (!http::equal_ignoring_case(key, "model")) return true;
    has_model = has_model || key == "model";
    value_begin_ = value_after(stream_.Tell());
    return true;
  }
  bool StartObject() {
    if (depth_++ > 0) return depth_ <= kDepthMax;
    is_object = true;
    first_member = stream_.Tell() + kBracket;
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool StartArray() { return ++depth_ <= kDepthMax && is_object; }
  bool EndArray(rapidjson::SizeType) { return close(); }

 private:
  bool close() {
    --depth_;
    return value_ends(stream_.Tell() + kBracket);
  }
  bool value_ends(std::size_t end) {
    if (depth_ != 1 || !value_begin_) return true;
    values.push_back(Range{*value_begin_, end});
    value_begin_.reset();
    return values.size() <= kSplicesMax;
  }
  // Where the value begins whose key ends at `at`. If the text isn't what it must be there, the
  // reader stops at it and nothing of this is used.
  [[nodiscard]] std::size_t value_after(std::size_t at) const {
    const std::size_t begin = body_.find_first_not_of(" \t\r\n:", at);
    return begin == std::string_view::npos ? body_.size() : begin;
  }

  std::string_view body_;
  const BodyStream& stream_;
  std::uint64_t depth_ = 0;
  std::optional<std::size_t> value_begin_;
};

void add(SplicedBody& out, std::string_view piece) {
  if (piece.empty()) return;
  out.pieces.push_back(piece);
  out.bytes += piece.size();
}

}  // namespace

std::string SplicedBody::to_string() const {
  std::string out;
  out.reserve(bytes);
  for (const std::string_view piece : pieces) out.append(piece);
  return out;
}

base::Result<SplicedBody> force_model(std::string_view body, std::string_view model_json) {
  // Iterative: nesting costs heap, in proportion to the body, and no stack. Numbers as text: none
  // is converted.
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseValidateEncodingFlag;
  BodyStream stream(body);
  ModelFinder finder(body, stream);
  rapidjson::Reader reader;
  const bool parsed = !reader.Parse<kFlags>(stream, finder).IsError();
  // A NUL looks like the end to the parser; it isn't.
  if (!parsed || !finder.is_object || stream.Tell() != body.size())
    return InferenceErrc::body_not_object;
  SplicedBody out;
  out.pieces.reserve(2 * finder.values.size() + 5);
  std::size_t at = 0;
  if (!finder.has_model) {
    at = finder.first_member;
    add(out, body.substr(0, at));
    add(out, kMember);
    add(out, model_json);
    if (finder.has_members) add(out, ",");
  }
  for (const Range& value : finder.values) {
    add(out, body.substr(at, value.begin - at));
    add(out, model_json);
    at = value.end;
  }
  add(out, body.substr(at));
  return out;
}

}  // namespace sallyport::inference
