#include "simulator/scenario/schema_value.h"

#include <array>

namespace sallyport::sim::scenario::schema {
namespace {

using Kind = Shape::Kind;

// A text with a variable in it may become anything.
std::string or_variable(std::string_view forms) {
  return "^(" + std::string(forms) + "|.*\\$\\(.*)$";
}

constexpr std::string_view kInteger = "0|[1-9][0-9]*";
constexpr std::string_view kDuration = "(0|[1-9][0-9]*)(us|ms|s|min)";
constexpr std::string_view kSize = "(0|[1-9][0-9]*)(B|KiB|MiB|GiB)";
constexpr std::string_view kAddress = "[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*";
constexpr std::string_view kEndpoint =
    "([0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9a-fA-F:.]+\\]):[0-9]{1,5}";
constexpr std::string_view kCidr =
    "([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)/[0-9]{1,3}";
constexpr std::string_view kTimes =
    "[a-z][a-z0-9_]*\\.(timeout|poll|limits\\.[a-z0-9_]+)( *\\* *[0-9.]+)?";

void types(Writer& out, std::initializer_list<std::string_view> names) {
  if (names.size() == 1) {
    member(out, "type", *names.begin());
    return;
  }
  const std::vector<std::string_view> all(names);
  texts(out, "type", all);
}

// A number as YAML sees it, or the same in quotes.
void number(Writer& out, std::string_view forms, std::uint64_t least) {
  types(out, {"integer", "string"});
  out.Key("minimum");
  out.Uint64(least);
  member(out, "pattern", or_variable(forms));
}

void formed(Writer& out, std::string_view forms) {
  types(out, {"string"});
  member(out, "pattern", or_variable(forms));
}

void words(Writer& out, Words all) {
  out.Key("anyOf");
  out.StartArray();
  out.StartObject();
  texts(out, "enum", all);
  out.EndObject();
  pattern(out, "\\$\\(");
  out.EndArray();
}

void object(Writer& out, const Shape& shape) {
  out.StartObject();
  describe(out, shape);
  out.EndObject();
}

void pairs(Writer& out) {
  types(out, {"object", "string"});
  member(out, "pattern", kVariable);
  out.Key("additionalProperties");
  object(out, {.kind = Kind::either,
               .parts = {{.kind = Kind::text}, {.kind = Kind::list, .parts = {Shape{}}}}});
}

void maps(Writer& out, const Shape& shape) {
  types(out, {"object", "string"});
  member(out, "pattern", kVariable);
  if (!shape.words.empty()) {
    out.Key("properties");
    out.StartObject();
    for (const std::string_view word : shape.words) {
      out.Key(word.data(), static_cast<rapidjson::SizeType>(word.size()));
      const bool headers = word == "headers" && shape.parts[0].kind == Kind::matcher;
      headers ? ref(out, "headers_matcher") : object(out, shape.parts[0]);
    }
    out.EndObject();
  }
  if (!shape.pattern.empty()) {
    out.Key("patternProperties");
    out.StartObject();
    out.Key(shape.pattern.data(), static_cast<rapidjson::SizeType>(shape.pattern.size()));
    object(out, shape.parts[0]);
    out.EndObject();
  }
  out.Key("additionalProperties");
  if (shape.words.empty() && shape.pattern.empty()) {
    object(out, shape.parts[0]);
  } else {
    out.Bool(false);
  }
}

void facts(Writer& out, std::span<const Field> fields) {
  types(out, {"object", "string"});
  member(out, "pattern", kVariable);
  out.Key("properties");
  out.StartObject();
  for (const Field& field : fields) {
    if (field.name.empty()) continue;
    out.Key(field.name.data(), static_cast<rapidjson::SizeType>(field.name.size()));
    out.StartObject();
    describe_matcher(out, field);
    out.EndObject();
  }
  out.EndObject();
  out.Key("additionalProperties");
  out.Bool(false);
}

// {AXIS: [VALUES] or {LABEL: {COLUMN: VALUE}} or {file: PATH}, exclude: [{AXIS: VALUES}]}
void matrix(Writer& out) {
  const Shape values{.kind = Kind::either,
                     .parts = {{.kind = Kind::text}, {.kind = Kind::list, .parts = {Shape{}}}}};
  const Shape choice{.kind = Kind::maps, .parts = {values}};
  types(out, {"object"});
  out.Key("properties");
  out.StartObject();
  out.Key("exclude");
  object(out, {.kind = Kind::list, .parts = {choice}});
  out.EndObject();
  out.Key("patternProperties");
  out.StartObject();
  out.Key("^(?!exclude$)[a-z][a-z0-9_]{0,39}$");
  out.StartObject();
  types(out, {"array", "object"});
  out.Key("items");
  out.StartObject();
  types(out, {"string", "number", "boolean"});
  out.EndObject();
  out.EndObject();
  out.EndObject();
  out.Key("additionalProperties");
  out.Bool(false);
}

enum class Sort { scalar, list, map };

bool is_of(const Shape& shape, Sort sort) {
  switch (shape.kind) {
    case Kind::selector:
    case Kind::trigger:
      return sort != Sort::list;
    case Kind::matcher:
      return true;
    case Kind::pairs:
    case Kind::document:
    case Kind::step:
    case Kind::claim:
    case Kind::facts:
    case Kind::matrix:
    case Kind::map:
    case Kind::maps:
      return sort == Sort::map;
    case Kind::list:
      return sort == Sort::list;
    default:
      return sort == Sort::scalar;
  }
}

void any_of(Writer& out, const std::vector<const Shape*>& parts) {
  if (parts.empty()) {
    types(out, {"string"});
    member(out, "pattern", kVariable);
  } else if (parts.size() == 1) {
    describe(out, *parts.front());
  } else {
    out.Key("anyOf");
    out.StartArray();
    for (const Shape* part : parts) object(out, *part);
    out.EndArray();
  }
}

// By what the value is, so that an editor's complaint is about the form that was meant.
void either(Writer& out, const std::vector<Shape>& parts) {
  constexpr std::array<std::pair<Sort, std::string_view>, 2> kSorts{
      {{Sort::map, "object"}, {Sort::list, "array"}}};
  int open = 0;
  for (const auto& [sort, name] : kSorts) {
    std::vector<const Shape*> fitting;
    for (const Shape& part : parts) {
      if (is_of(part, sort)) fitting.push_back(&part);
    }
    if (fitting.empty()) continue;
    out.Key("if");
    out.StartObject();
    types(out, {name});
    out.EndObject();
    out.Key("then");
    out.StartObject();
    any_of(out, fitting);
    out.EndObject();
    out.Key("else");
    out.StartObject();
    ++open;
  }
  std::vector<const Shape*> scalars;
  for (const Shape& part : parts) {
    if (is_of(part, Sort::scalar)) scalars.push_back(&part);
  }
  any_of(out, scalars);
  for (; open > 0; --open) out.EndObject();
}

void reference(Writer& out, std::string_view name) {
  member(out, "$ref", "#/definitions/" + std::string(name));
}

void list(Writer& out, const Shape& item, std::uint64_t least) {
  types(out, {"array", "string"});
  member(out, "pattern", kVariable);
  if (least > 0) {
    out.Key("minItems");
    out.Uint64(least);
  }
  out.Key("items");
  object(out, item);
}

// Shapes that are a scalar; false for others.
bool scalar(Writer& out, const Shape& shape) {
  switch (shape.kind) {
    case Kind::text:
      types(out, {"string", "number"});
      if (!shape.pattern.empty()) member(out, "pattern", shape.pattern);
      return true;
    case Kind::word:
      words(out, shape.words);
      return true;
    case Kind::integer:
      number(out, kInteger, shape.least);
      return true;
    case Kind::boolean:
      types(out, {"boolean", "string"});
      member(out, "pattern", or_variable("true|false"));
      return true;
    case Kind::duration:
      formed(out, kDuration);
      return true;
    case Kind::size:
      formed(out, kSize);
      return true;
    case Kind::octets:
      number(out, std::string(kInteger) + "|" + std::string(kSize), 0);
      return true;
    case Kind::rate:
      formed(out, "[1-9][0-9]*/s");
      return true;
    case Kind::byte_rate:
      formed(out, "[1-9][0-9]*(B|KiB|MiB|GiB)/s");
      return true;
    case Kind::address:
      formed(out, kAddress);
      return true;
    case Kind::endpoint:
      formed(out, kEndpoint);
      return true;
    case Kind::cidr:
      formed(out, kCidr);
      return true;
    case Kind::bound:
      formed(out, std::string(kDuration) + "|" + std::string(kTimes));
      return true;
    case Kind::name:
      formed(out, "[a-z][a-z0-9_]{0,39}");
      return true;
    default:
      return false;
  }
}

}  // namespace

void member(Writer& out, std::string_view key, std::string_view value) {
  out.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void texts(Writer& out, std::string_view key, Words values) {
  out.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  out.StartArray();
  for (const std::string_view value : values) {
    out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  out.EndArray();
}

void ref(Writer& out, std::string_view name) {
  out.StartObject();
  reference(out, name);
  out.EndObject();
}

void pattern(Writer& out, std::string_view text) {
  out.StartObject();
  member(out, "type", "string");
  member(out, "pattern", text);
  out.EndObject();
}

std::string definition_of(const Keys& keys, bool partial) {
  return std::string(keys.name) + (partial ? "_part" : "");
}

bool has_definition(const Shape& shape) {
  switch (shape.kind) {
    case Kind::selector:
    case Kind::trigger:
    case Kind::matcher:
    case Kind::step:
    case Kind::claim:
    case Kind::map:
      return true;
    default:
      return !shape.name.empty();
  }
}

void describe(Writer& out, const Shape& shape) {
  if (!shape.name.empty()) return reference(out, shape.name);
  if (scalar(out, shape)) return;
  switch (shape.kind) {
    case Kind::selector:
      return reference(out, "selector");
    case Kind::trigger:
      return reference(out, "trigger");
    case Kind::matcher:
      return reference(out, "matcher");
    case Kind::step:
      return reference(out, "step");
    case Kind::claim:
      return reference(out, "claim");
    case Kind::map:
      return reference(out, definition_of(shape.keys(), shape.partial));
    case Kind::facts:
      return facts(out, shape.fields);
    case Kind::matrix:
      return matrix(out);
    case Kind::pairs:
      return pairs(out);
    case Kind::document:
      return types(out, {"object", "string"});
    case Kind::maps:
      return maps(out, shape);
    case Kind::list:
      return list(out, shape.parts[0], shape.least);
    case Kind::either:
      return either(out, shape.parts);
    default:  // `json`: whatever JSON there is
      return;
  }
}

void describe_matcher(Writer& out, const Field& field) {
  if (field.type == Type::headers) return reference(out, "headers_matcher");
  if (field.type == Type::json || field.type == Type::text) return reference(out, "matcher");
  Shape value;
  const bool boolean = field.type == Type::word && field.words.front() == "true";
  if (boolean) value = {.kind = Kind::boolean};
  if (field.type == Type::word && !boolean) value = {.kind = Kind::word, .words = field.words};
  if (field.type == Type::number) value = {.kind = Kind::text, .pattern = "^-?[0-9]+$|\\$\\("};
  if (field.type == Type::size) value = {.kind = Kind::octets};
  if (field.type == Type::duration) value = {.kind = Kind::duration};
  const Shape parts{.kind = Kind::map, .keys = keys::matcher};
  either(out, {value, {.kind = Kind::list, .parts = {value}}, parts});
}

}  // namespace sallyport::sim::scenario::schema
