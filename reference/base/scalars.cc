#include "reference/base/scalars.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace sallyport::base {
namespace {

// A leading integer in the strict form, and what follows it.
std::optional<std::pair<std::uint64_t, std::string_view>> leading_integer(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  if (digits == 0 || (digits > 1 && text[0] == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits || value > (1ULL << 63U) - 1)
    return std::nullopt;
  return std::pair{value, text.substr(digits)};
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 4> kTimes{
    {{"min", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}}};
constexpr std::array<Unit, 4> kSizes{
    {{"GiB", 1ULL << 30U}, {"MiB", 1ULL << 20U}, {"KiB", 1ULL << 10U}, {"B", 1}}};

std::optional<std::uint64_t> with_unit(std::string_view text, const std::array<Unit, 4>& units,
                                       std::uint64_t most) {
  const auto number = leading_integer(text);
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (number->second != unit.name) continue;
    if (number->first > most / unit.factor) return std::nullopt;
    return number->first * unit.factor;
  }
  return std::nullopt;
}

std::string shortest(std::uint64_t value, const std::array<Unit, 4>& units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0 && (value != 0 || unit.name == units[2].name)) {
      return fmt::format("{}{}", value / unit.factor, unit.name);
    }
  }
  return fmt::format("{}{}", value / units[3].factor, units[3].name);
}

}  // namespace

std::optional<std::uint64_t> parse_integer(std::string_view text) {
  const auto number = leading_integer(text);
  if (!number || !number->second.empty()) return std::nullopt;
  return number->first;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<Duration> parse_duration(std::string_view text) {
  constexpr std::uint64_t kDayNs = 86'400'000'000'000;
  const auto ns = with_unit(text, kTimes, kDayNs);
  if (!ns) return std::nullopt;
  return Duration(static_cast<Duration::rep>(*ns));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return with_unit(text, kSizes, (1ULL << 62U));
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  const auto number = leading_integer(text);
  if (!number || number->second != "/s" || number->first == 0) return std::nullopt;
  return number->first;
}

std::string format_duration(Duration duration) {
  return shortest(static_cast<std::uint64_t>(duration.count()), kTimes);
}

std::string format_size(std::uint64_t octets) {
  return octets == 0 ? "0B" : shortest(octets, kSizes);
}

}  // namespace sallyport::base
