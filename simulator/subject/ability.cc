#include "simulator/subject/ability.h"

#include <array>

namespace sallyport::sim::subject {
namespace {

constexpr std::array<std::string_view, 19> kWords{
    "audit",           "reload_policy", "reload_routes",  "gateway",    "inference",
    "middleware",      "credentials",   "forward",        "inspection", "websocket",
    "given_namespace", "own_namespace", "upstream_proxy", "limits",     "args",
    "rlimits",         "store_file",    "identity",       "gate"};

}  // namespace

std::string_view to_string(Ability ability) { return kWords.at(static_cast<std::size_t>(ability)); }

std::span<const std::string_view> ability_words() { return kWords; }

std::string to_string(const Abilities& abilities) {
  std::string text;
  for (const Ability ability : abilities)
    text += (text.empty() ? "" : ", ") + std::string(to_string(ability));
  return text;
}

}  // namespace sallyport::sim::subject
