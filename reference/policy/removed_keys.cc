#include "reference/policy/removed_keys.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace sallyport::policy {
namespace {

using base::yaml::Entry;
using base::yaml::MapReader;

struct RemovedKey {
  std::string_view key;
  std::string_view instead;
};

constexpr std::string_view kManaged =
    "agents ask https://inference.local, which needs no policy; where that leads, the gateway's "
    "one route says (`sallyport-gateway inference set`), or the supervisor's `routes` file";
constexpr std::string_view kPatterns = "the calls that inference.local knows are built in";
constexpr std::string_view kInspect =
    "a connection is allowed by an endpoint of `network_policies` or refused, never taken for "
    "another; models are asked at https://inference.local";

constexpr std::array kRemoved{
    RemovedKey{"inference", kManaged},
    RemovedKey{"allowed_routes", kManaged},
    RemovedKey{"api_patterns", kPatterns},
    RemovedKey{"inspect_for_inference", kInspect},
};

// What stands below `inference` is told too: each of them had a meaning of its own.
void tell_below(MapReader& map, const Entry& entry) {
  if (!entry.value->is_map()) return;
  MapReader below(*entry.value, map.file(), "inference", map.complaints());
  refuse_removed_keys(below);
}

}  // namespace

void refuse_removed_keys(MapReader& map) {
  for (const RemovedKey& removed : kRemoved) {
    map.known({removed.key});
    for (const Entry& entry : map.self().entries) {
      if (entry.key != removed.key) continue;
      map.complaints().add({map.file(), entry.key_mark,
                            fmt::format("\"{}\" was removed from policies: {} (docs/migrating.md)",
                                        entry.key, removed.instead),
                            entry.value->used_at});
      tell_below(map, entry);
    }
  }
}

}  // namespace sallyport::policy
