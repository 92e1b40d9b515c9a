#include "simulator/middleware/json_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "reference/base/scalars.h"

namespace sallyport::sim::middleware {

std::string_view text_view(const Json& value) {
  return {value.GetString(), value.GetStringLength()};
}

std::optional<std::string> scalar_text(const Json& value) {
  if (value.IsString()) return std::string(text_view(value));
  if (value.IsBool()) return std::string(value.GetBool() ? "true" : "false");
  if (value.IsInt64()) return fmt::format("{}", value.GetInt64());
  if (value.IsUint64()) return fmt::format("{}", value.GetUint64());
  if (value.IsDouble()) return fmt::format("{}", value.GetDouble());
  return std::nullopt;
}

JsonReader::JsonReader(const Json& object, std::string where, std::string& complaint)
    : object_(object), where_(std::move(where)), complaint_(complaint) {
  if (!object_.IsObject()) complain(where_, "must be a map");
}

std::string JsonReader::place(std::string_view name) const {
  return where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name);
}

void JsonReader::complain(const std::string& place, const std::string& what) {
  if (complaint_.empty())
    complaint_ = fmt::format("{} {}", place.empty() ? "the script" : place, what);
}

const Json* JsonReader::get(std::string_view name) {
  known_.emplace(name);
  if (!object_.IsObject()) return nullptr;
  const Json key(rapidjson::StringRef(name.data(), name.size()));
  const auto found = object_.FindMember(key);
  return found == object_.MemberEnd() ? nullptr : &found->value;
}

std::optional<std::string> JsonReader::maybe_text(std::string_view name) {
  const Json* value = get(name);
  if (value == nullptr) return std::nullopt;
  auto text = scalar_text(*value);
  if (!text) complain(place(name), "must be a text");
  return text;
}

std::string JsonReader::text(std::string_view name, std::string fallback) {
  return maybe_text(name).value_or(std::move(fallback));
}

bool JsonReader::boolean(std::string_view name, bool fallback) {
  const auto text = maybe_text(name);
  if (!text) return fallback;
  const auto value = base::parse_boolean(*text);
  if (!value) complain(place(name), fmt::format("must be {}", base::kBooleanForm));
  return value.value_or(fallback);
}

std::uint64_t JsonReader::size(std::string_view name, std::uint64_t fallback) {
  const auto text = maybe_text(name);
  if (!text) return fallback;
  if (const auto number = base::parse_integer(*text)) return *number;
  const auto value = base::parse_size(*text);
  if (!value) complain(place(name), fmt::format("must be {} or an integer", base::kSizeForm));
  return value.value_or(fallback);
}

std::uint32_t JsonReader::number(std::string_view name, std::uint32_t fallback) {
  if (get(name) == nullptr) return fallback;
  const auto value = maybe_number(name);
  if (!value) complain(place(name), "must be an integer of 32 bits");
  return value.value_or(fallback);
}

std::optional<std::uint32_t> JsonReader::maybe_number(std::string_view name) {
  const Json* value = get(name);
  const auto text = value == nullptr ? std::nullopt : scalar_text(*value);
  const auto number = text ? base::parse_integer(*text) : std::nullopt;
  if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

bool JsonReader::is_word(std::string_view name, std::string_view word) {
  const Json* value = get(name);
  return value != nullptr && value->IsString() && text_view(*value) == word;
}

base::Duration JsonReader::duration(std::string_view name, base::Duration fallback) {
  const auto text = maybe_text(name);
  if (!text) return fallback;
  const auto value = base::parse_duration(*text);
  if (!value) complain(place(name), fmt::format("must be {}", base::kDurationForm));
  return value.value_or(fallback);
}

std::size_t JsonReader::word(std::string_view name, std::span<const std::string_view> words,
                             std::size_t fallback) {
  const auto text = maybe_text(name);
  if (!text) return fallback;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  complain(place(name), fmt::format("must be one of {}", fmt::join(words, ", ")));
  return fallback;
}

std::vector<std::string> JsonReader::texts(std::string_view name) {
  std::vector<std::string> all;
  const Json* value = get(name);
  if (value == nullptr) return all;
  const auto add = [&](const Json& one) {
    if (auto text = scalar_text(one)) {
      all.push_back(std::move(*text));
    } else {
      complain(place(name), "must be a text, or a list of them");
    }
  };
  if (!value->IsArray()) {
    add(*value);
  } else {
    for (const Json& one : value->GetArray()) add(one);
  }
  return all;
}

std::vector<const Json*> JsonReader::list(std::string_view name) {
  std::vector<const Json*> all;
  const Json* value = get(name);
  if (value == nullptr) return all;
  if (!value->IsArray()) {
    complain(place(name), "must be a list");
    return all;
  }
  for (const Json& one : value->GetArray()) all.push_back(&one);
  return all;
}

void JsonReader::finish() {
  if (!object_.IsObject()) return;
  for (const auto& member : object_.GetObject()) {
    const std::string name(text_view(member.name));
    if (!known_.contains(name)) complain(place(name), "isn't known");
  }
}

}  // namespace sallyport::sim::middleware
