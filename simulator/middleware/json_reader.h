// Reads one JSON object member by member and keeps the first complaint. Scalars are read by their
// place, as in every YAML file of ours: a number may be written as text. Internal to this folder.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/clock.h"

namespace sallyport::sim::middleware {

using Json = rapidjson::Value;

// A scalar's text; nothing for anything else.
[[nodiscard]] std::optional<std::string> scalar_text(const Json& value);
[[nodiscard]] std::string_view text_view(const Json& value);  // of a string

class JsonReader {
 public:
  // `where` is the object's place: `script[2]`. All must outlive the reader.
  JsonReader(const Json& object, std::string where, std::string& complaint);

  // Null when absent; the member counts as known.
  const Json* get(std::string_view name);
  std::string text(std::string_view name, std::string fallback = {});
  std::optional<std::string> maybe_text(std::string_view name);
  bool boolean(std::string_view name, bool fallback);
  std::uint64_t size(std::string_view name, std::uint64_t fallback);  // or a plain integer
  std::uint32_t number(std::string_view name, std::uint32_t fallback);
  // Nothing, and no complaint, when it isn't written as a number.
  std::optional<std::uint32_t> maybe_number(std::string_view name);
  bool is_word(std::string_view name, std::string_view word);
  base::Duration duration(std::string_view name, base::Duration fallback);
  // The index in `words`; `fallback` when absent.
  std::size_t word(std::string_view name, std::span<const std::string_view> words,
                   std::size_t fallback);
  std::vector<std::string> texts(std::string_view name);  // a lone scalar is a list of one
  // Elements of a list, or of none.
  [[nodiscard]] std::vector<const Json*> list(std::string_view name);
  // Refuses members that nobody asked for. Call last.
  void finish();

  [[nodiscard]] std::string place(std::string_view name) const;
  void complain(const std::string& place, const std::string& what);

 private:
  const Json& object_;
  std::string where_;
  std::string& complaint_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace sallyport::sim::middleware
