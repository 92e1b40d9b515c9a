#include "simulator/scenario/schema.h"

#include <algorithm>
#include <deque>
#include <set>

#include "simulator/scenario/schema_value.h"

namespace sallyport::sim::scenario {
namespace {

using schema::member;
using schema::Writer;

void key(Writer& out, std::string_view name) {
  out.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

void one_text(Writer& out, std::string_view name, std::string_view text) {
  const std::vector<std::string_view> all{text};
  schema::texts(out, name, all);
}

// Without the Markdown that an editor doesn't need: [text](address) becomes text.
std::string plain(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t middle = text[at] == '[' ? text.find("](", at) : std::string_view::npos;
    const std::size_t end = middle == std::string_view::npos ? middle : text.find(')', middle);
    if (end == std::string_view::npos) {
      out += text[at];
      continue;
    }
    out += text.substr(at + 1, middle - at - 1);
    at = end;
  }
  return out;
}

std::string description_of(const Key& one) {
  std::string text = plain(one.meaning) + ".";
  if (!one.value.empty()) text += " Value: " + plain(one.value) + ".";
  if (!one.needed && !one.absent.empty()) text += " Default: " + plain(one.absent) + ".";
  return text;
}

class Schema {
 public:
  explicit Schema(rapidjson::StringBuffer& buffer) : out_(buffer) {
    out_.SetIndent(' ', 1);
    out_.SetFormatOptions(rapidjson::kFormatSingleLineArray);
  }

  void write() {
    out_.StartObject();
    member(out_, "$schema", "http://json-schema.org/draft-07/schema#");
    member(out_, "title", "Sallyport scenario");
    member(out_, "description",
           "Made by `sallyport schema` from the loader's tables; docs/scenario-reference.md tells "
           "more.");
    member(out_, "type", "object");
    properties(keys::scenario(), false);
    key(out_, "definitions");
    out_.StartObject();
    steps();
    claims();
    named("selector", [this] { selector(false); });
    named("trigger", [this] { selector(true); });
    named("matcher", [this] { matcher(); });
    named("headers_matcher", [this] { headers_matcher(); });
    while (!wanted_.empty()) {
      const Wanted next = wanted_.front();
      wanted_.pop_front();
      definition(next);
    }
    out_.EndObject();
    out_.EndObject();
  }

 private:
  // A table, or a shape that has a name.
  struct Wanted {
    const Keys* keys = nullptr;
    bool partial = false;
    Shape shape = {};
  };

  template <class Body>
  void named(std::string_view name, Body body) {
    if (!done_.insert(std::string(name)).second) return;
    key(out_, name);
    out_.StartObject();
    body();
    out_.EndObject();
  }

  void definition(const Wanted& wanted) {
    if (wanted.keys == nullptr) {
      Shape shape = wanted.shape;
      shape.name = {};
      named(wanted.shape.name, [&] { schema::describe(out_, shape); });
      return;
    }
    named(schema::definition_of(*wanted.keys, wanted.partial),
          [&] { map(*wanted.keys, wanted.partial); });
  }

  // A map, or a variable that becomes one.
  void map(const Keys& keys, bool partial) {
    const std::vector<std::string_view> types{"object", "string"};
    schema::texts(out_, "type", types);
    member(out_, "pattern", schema::kVariable);
    properties(keys, partial);
  }

  void properties(const Keys& keys, bool partial) {
    key(out_, "properties");
    out_.StartObject();
    std::vector<std::string_view> needed;
    for (const Key& one : keys.keys) {
      if (one.needed && !partial) needed.push_back(one.name);
      want(one.shape);
      key(out_, one.name);
      property(one);
    }
    out_.EndObject();
    if (!needed.empty()) schema::texts(out_, "required", needed);
    key(out_, "additionalProperties");
    out_.Bool(false);
    alone(keys);
    if (!keys.any.empty()) some(keys.any);
  }

  // Beside a "$ref" nothing counts, so what is said besides stands around it.
  void property(const Key& one) {
    out_.StartObject();
    member(out_, "description", description_of(one));
    if (schema::has_definition(one.shape)) {
      key(out_, "allOf");
      out_.StartArray();
      out_.StartObject();
      schema::describe(out_, one.shape);
      out_.EndObject();
      out_.EndArray();
    } else {
      schema::describe(out_, one.shape);
    }
    out_.EndObject();
  }

  void alone(const Keys& keys) {
    if (keys.alone.size() < 2) return;
    key(out_, "dependencies");
    out_.StartObject();
    for (std::size_t i = 0; i + 1 < keys.alone.size(); ++i) {
      key(out_, keys.alone[i]);
      out_.StartObject();
      key(out_, "not");
      any_required(std::span(keys.alone).subspan(i + 1));
      out_.EndObject();
    }
    out_.EndObject();
    if (!keys.one) return;
    key(out_, "if");
    out_.StartObject();
    member(out_, "type", "object");
    out_.EndObject();
    key(out_, "then");
    any_required(keys.alone);
  }

  // Members: at least one of `names` is there.
  void some(std::span<const std::string_view> names) {
    key(out_, "anyOf");
    out_.StartArray();
    for (const std::string_view name : names) {
      out_.StartObject();
      one_text(out_, "required", name);
      out_.EndObject();
    }
    out_.EndArray();
  }

  void any_required(std::span<const std::string_view> names) {
    out_.StartObject();
    some(names);
    out_.EndObject();
  }

  // The tables that a shape leads to.
  void want(const Shape& shape) {
    if (!shape.name.empty()) wanted_.push_back({.shape = shape});
    if (shape.keys != nullptr) wanted_.push_back({&shape.keys(), shape.partial, {}});
    for (const Shape& part : shape.parts) want(part);
  }

  void map_or_variable() {
    const std::vector<std::string_view> types{"object", "string"};
    schema::texts(out_, "type", types);
    member(out_, "pattern", schema::kVariable);
  }

  using Choices = std::vector<std::pair<std::string_view, const Keys*>>;

  // If it has the first name, what goes with that and nothing else; else the second; at the end
  // the names alone, which an editor then offers.
  void chain(const Choices& choices, const std::string& prefix) {
    map_or_variable();
    for (const auto& [name, keys] : choices) {
      key(out_, "if");
      out_.StartObject();
      one_text(out_, "required", name);
      out_.EndObject();
      key(out_, "then");
      schema::ref(out_, prefix + std::string(name));
      key(out_, "else");
      out_.StartObject();
    }
    key(out_, "properties");
    out_.StartObject();
    for (const auto& [name, keys] : choices) {
      key(out_, name);
      out_.StartObject();
      member(out_, "description", description_of(*keys->find(name)));
      out_.EndObject();
    }
    out_.EndObject();
    key(out_, "additionalProperties");
    out_.Bool(false);
    key(out_, "minProperties");
    out_.Uint(1);
    for (std::size_t i = 0; i < choices.size(); ++i) out_.EndObject();
  }

  void steps() {
    Choices choices;
    for (const std::string_view verb : keys::verbs()) {
      const Keys& keys = keys::step(verb);
      choices.emplace_back(verb, &keys);
    }
    named("step", [&] { chain(choices, "step_"); });
    for (const auto& [verb, keys] : choices) {
      named("step_" + std::string(verb), [&, step = keys, fault = verb == "fault"] {
        properties(*step, false);
        if (fault) faults();
      });
    }
  }

  void claims() {
    Choices choices;
    for (const std::string_view question : keys::questions()) {
      choices.emplace_back(question, &keys::item(question));
    }
    named("claim", [&] { chain(choices, "claim_"); });
    for (const auto& [question, keys] : choices) {
      named("claim_" + std::string(question), [&, item = keys, checker = question == "checker"] {
        checker ? checkers() : properties(*item, false);
      });
    }
    for (const std::string_view checker : keys::checkers()) {
      named("checker_" + std::string(checker), [&] { properties(keys::checker(checker), false); });
    }
  }

  // `if`: that `name` is one of `words`.
  void says(std::string_view name, Words words) {
    key(out_, "if");
    out_.StartObject();
    key(out_, "properties");
    out_.StartObject();
    key(out_, name);
    out_.StartObject();
    schema::texts(out_, "enum", words);
    out_.EndObject();
    out_.EndObject();
    one_text(out_, "required", name);
    out_.EndObject();
  }

  // What stands beside each kind of fault.
  void faults() {
    static const std::vector<std::string_view> kFields{"delay",   "offset", "rate", "how",
                                                       "silence", "by",     "name"};
    key(out_, "allOf");
    out_.StartArray();
    std::set<std::vector<std::string_view>> told;
    for (const keys::FaultKeys& fault : keys::faults()) {
      if (!told.insert(fault.fields).second) continue;
      std::vector<std::string_view> kinds;
      for (const keys::FaultKeys& other : keys::faults()) {
        if (other.fields == fault.fields) kinds.push_back(other.kind);
      }
      out_.StartObject();
      says("fault", kinds);
      key(out_, "then");
      out_.StartObject();
      if (!fault.needed.empty()) schema::texts(out_, "required", fault.needed);
      key(out_, "properties");
      out_.StartObject();
      for (const std::string_view field : kFields) {
        if (std::find(fault.fields.begin(), fault.fields.end(), field) != fault.fields.end())
          continue;
        key(out_, field);
        out_.Bool(false);
      }
      out_.EndObject();
      out_.EndObject();
      out_.EndObject();
    }
    out_.EndArray();
  }

  void checkers() {
    for (const std::string_view checker : keys::checkers()) {
      const std::vector<std::string_view> word{checker};
      says("checker", word);
      key(out_, "then");
      schema::ref(out_, "checker_" + std::string(checker));
      key(out_, "else");
      out_.StartObject();
    }
    properties(keys::item("checker"), false);
    for (std::size_t i = 0; i < keys::checkers().size(); ++i) out_.EndObject();
  }

  void selector(bool trigger) {
    Keys keys = keys::selector();
    if (!trigger) std::erase_if(keys.keys, [](const Key& one) { return one.name == "nth"; });
    const std::vector<std::string_view> types{"object", "string"};
    schema::texts(out_, "type", types);
    member(out_, "pattern", keys.find("event")->shape.pattern);
    properties(keys, false);
  }

  void matcher() {
    const std::vector<std::string_view> types{"string", "number", "boolean", "array", "object"};
    schema::texts(out_, "type", types);
    key(out_, "items");
    out_.StartObject();
    const std::vector<std::string_view> scalars{"string", "number", "boolean"};
    schema::texts(out_, "type", scalars);
    out_.EndObject();
    key(out_, "minItems");
    out_.Uint(1);
    properties(keys::matcher(), false);
    key(out_, "patternProperties");  // of `json`, by its pointers
    out_.StartObject();
    key(out_, "^/");
    schema::ref(out_, "matcher");
    out_.EndObject();
    key(out_, "minProperties");
    out_.Uint(1);
  }

  void headers_matcher() {
    map_or_variable();
    key(out_, "additionalProperties");
    schema::ref(out_, "matcher");
  }

  Writer out_;
  std::deque<Wanted> wanted_;
  std::set<std::string, std::less<>> done_;
};

}  // namespace

std::string json_schema() {
  rapidjson::StringBuffer buffer;
  Schema(buffer).write();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace sallyport::sim::scenario
