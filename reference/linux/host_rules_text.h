// What the packet filter is told for a host's rules, as text of libnftables' language, and what its
// listing says of them. Pure. Internal to this module.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/linux/host_rules.h"

namespace sallyport::linux {

inline constexpr const char* kRulesTable = "sallyport_rules";

// One transaction that puts `rules` into the place of `before`; the table is made if need be.
[[nodiscard]] std::string replace_rules(const std::vector<HostRule>& before,
                                        const std::vector<HostRule>& rules, std::uint16_t group);

// Whether the listing of the table has the matches and verdicts of `rules`, all of them in their
// order and none besides.
[[nodiscard]] bool lists_rules(const std::string& listing, const std::vector<HostRule>& rules);

}  // namespace sallyport::linux
