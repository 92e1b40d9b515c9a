// Opens the machine's firewall between the bridge and one port, where its owner said that it may:
// one narrow rule of ufw, through sudo that asks for no password. Operands are looked at before
// anything runs. Follows NVIDIA/NemoClaw, src/lib/onboard/ufw-auto-apply.ts.
#pragma once

#include <string>
#include <string_view>

#include "reference/readiness/runner.h"

namespace sallyport::readiness {

struct FixResult {
  // applied, not_opted_in, no_subnet_or_gateway, invalid_rule_operand, sudo_unavailable,
  // ufw_missing, ufw_inactive, ufw_rule_rejected.
  std::string_view reason;
  std::string detail;  // printable
};

inline constexpr std::string_view kFixApplied = "applied";
inline constexpr std::string_view kFixNotOptedIn = "not_opted_in";

// What is wrong with subnet, gateway or port: the subnet is IPv4 with a prefix of 16 to 32 and no
// bits behind it, the gateway lies within. Empty: nothing.
[[nodiscard]] std::string invalid_operand(const Setup& setup);

// Those that nobody needs to hear of: there is nothing to open, or it wasn't wanted.
[[nodiscard]] bool is_silent(std::string_view fix_reason);

// `sudo -n ufw allow ...` without the sudo.
[[nodiscard]] Words allow_words(const Setup& setup);

// Runs nothing unless `setup.auto_fix`. Setup and runner must outlive it.
[[nodiscard]] net::Task<FixResult> fix_firewall(const Setup& setup, Runner& runner, ms limit);

}  // namespace sallyport::readiness
