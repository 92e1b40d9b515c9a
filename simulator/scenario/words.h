// The closed lists of the language: keys, verbs, event kinds with their fields, facts. One table
// each; the loader, its messages and the reference are held against them. Pure.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace sallyport::sim::scenario {

// How a field's or fact's values are written and compared.
enum class Type { text, number, duration, size, headers, json, word };

struct Field {
  std::string_view name;
  Type type = Type::text;
  std::span<const std::string_view> words;  // of Type::word
};

enum class SourceType {
  provider,
  decoy,
  dns,
  supervisor,
  request,
  run,
  control,
  middleware,
  gateway,
  fault,  // a control step that has `hit` too
  websocket,
  raw,
  rule,  // of a host's packet filter
  gate,
};

struct Kind {
  std::string_view name;
  std::vector<Field> fields;
  bool supported = true;
};

// The events of a source, section 9.
[[nodiscard]] const std::vector<Kind>& kinds_of(SourceType type);
// A step that makes exchanges: request, websocket, raw.
[[nodiscard]] bool is_exchange(SourceType type);
// What every event may have.
[[nodiscard]] std::span<const Field> common_fields();
// The facts of a step, section 12.
[[nodiscard]] std::span<const Field> facts_of(SourceType step_type);

// Names of gRPC's status codes, OK first.
[[nodiscard]] std::span<const std::string_view> grpc_codes();

[[nodiscard]] std::span<const std::string_view> top_level_keys();
[[nodiscard]] std::span<const std::string_view> verbs();

template <class T>
[[nodiscard]] const T* find_by_name(std::span<const T> all, std::string_view name) {
  for (const T& one : all) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

template <class T>
[[nodiscard]] std::vector<std::string_view> names_of(std::span<const T> all) {
  std::vector<std::string_view> names;
  for (const T& one : all) names.push_back(one.name);
  return names;
}

// `[a-z][a-z0-9_]{0,39}`.
[[nodiscard]] bool is_name(std::string_view text);
// A word that can't be a name: a top-level key, a verb, or one of direct none auto world ...
[[nodiscard]] bool is_reserved(std::string_view name);

}  // namespace sallyport::sim::scenario
