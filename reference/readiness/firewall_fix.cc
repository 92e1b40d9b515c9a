#include "reference/readiness/firewall_fix.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "reference/http/text.h"
#include "reference/net/address.h"
#include "reference/readiness/command_words.h"

namespace sallyport::readiness {
namespace {

constexpr std::size_t kDetailMax = 240;
constexpr std::int64_t kPortMax = 65'535;
constexpr int kPrefixMin = 16;
constexpr int kPrefixMax = 32;

struct Subnet {
  std::uint32_t network = 0;
  std::uint32_t mask = 0;
};

std::optional<Subnet> narrow_subnet(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = net::IpAddress::parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  int prefix = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  const bool number = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
  if (!address || !address->is_v4() || !number || prefix < kPrefixMin || prefix > kPrefixMax)
    return std::nullopt;
  const Subnet subnet{address->v4_value(), ~std::uint32_t{0} << (kPrefixMax - prefix)};
  if ((subnet.network & ~subnet.mask) != 0) return std::nullopt;
  return subnet;
}

bool ended_well(const CommandResult& result) {
  return result.end == CommandResult::End::exited && result.code == 0;
}

bool says_active(const CommandResult& status) {
  constexpr std::string_view kStatus = "status:";
  const std::string said = http::lower(status.out);
  const std::size_t at = said.find(kStatus);
  if (!ended_well(status) || at == std::string::npos) return false;
  std::string_view rest = std::string_view(said).substr(at + kStatus.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
  return rest.starts_with("active");
}

// A sudo that would ask for a password fails instead.
Words as_root(Words words) {
  words.insert(words.begin(), {"sudo", "-n"});
  return words;
}

FixResult result_of(std::string_view reason, std::string detail = {}) {
  return {reason, std::move(detail)};
}

}  // namespace

std::string invalid_operand(const Setup& setup) {
  if (setup.port < 1 || setup.port > kPortMax) return fmt::format("{} is no port", setup.port);
  const auto subnet = narrow_subnet(setup.subnet);
  if (!subnet) {
    return fmt::format("{} is no IPv4 network with a prefix of {} to {}",
                       printable(setup.subnet, kDetailMax), kPrefixMin, kPrefixMax);
  }
  const auto gateway = net::IpAddress::parse(setup.gateway);
  if (!gateway || !gateway->is_v4())
    return fmt::format("{} is no IPv4 address", printable(setup.gateway, kDetailMax));
  if ((gateway->v4_value() & subnet->mask) != subnet->network)
    return fmt::format("{} is outside of {}", setup.gateway, setup.subnet);
  return {};
}

bool is_silent(std::string_view fix_reason) {
  return fix_reason == kFixNotOptedIn || fix_reason == "ufw_missing" ||
         fix_reason == "ufw_inactive";
}

Words allow_words(const Setup& setup) {
  return {"ufw",   "allow",       "from", setup.subnet,
          "to",    setup.gateway, "port", fmt::format("{}", setup.port),
          "proto", "tcp"};
}

net::Task<FixResult> fix_firewall(const Setup& setup, Runner& runner, ms limit) {
  if (!setup.auto_fix) co_return result_of(kFixNotOptedIn);
  if (setup.subnet.empty() || setup.gateway.empty())
    co_return result_of("no_subnet_or_gateway", "the bridge's subnet and address aren't known");
  std::string invalid = invalid_operand(setup);
  if (!invalid.empty()) co_return result_of("invalid_rule_operand", std::move(invalid));

  Words words = as_root(Words(1, "true"));
  const CommandResult root = co_await runner.run(std::move(words), limit);
  if (!ended_well(root))
    co_return result_of("sudo_unavailable", "sudo asks for a password, or isn't there");

  words = as_root(Words(1, "which"));
  words.emplace_back("ufw");
  const CommandResult found = co_await runner.run(std::move(words), limit);
  if (!ended_well(found)) co_return result_of("ufw_missing");

  words = as_root(Words(1, "ufw"));
  words.emplace_back("status");
  const CommandResult status = co_await runner.run(std::move(words), limit);
  if (!says_active(status)) co_return result_of("ufw_inactive");

  words = as_root(allow_words(setup));
  const CommandResult allowed = co_await runner.run(std::move(words), limit);
  if (ended_well(allowed)) co_return result_of(kFixApplied);
  std::string said = printable(allowed.err.empty() ? allowed.out : allowed.err, kDetailMax);
  if (said.empty()) said = "ufw gave no reason";
  co_return result_of("ufw_rule_rejected", std::move(said));
}

}  // namespace sallyport::readiness
