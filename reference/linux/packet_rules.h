// What the packet filter is told for one rule, as text of libnftables' language. Pure. Internal to
// this module.
#pragma once

#include <cstdint>
#include <string>

#include "reference/linux/firewall.h"

namespace sallyport::linux {

// `group` is the NFLOG group that what is touched goes to.
[[nodiscard]] PacketTable packet_table(const std::string& name, std::uint16_t group,
                                       const PacketRule& rule);
[[nodiscard]] std::string rule_comment(std::size_t number);

// Makes a table let everything pass, whatever it has.
[[nodiscard]] std::string pass_all(const PacketTable& table);

// Whether a table's listing has every rule of `table`, and no more.
[[nodiscard]] bool lists_all(const std::string& listing, const PacketTable& table);

}  // namespace sallyport::linux
