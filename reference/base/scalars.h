// Scalars as they are written in every YAML file of the project: a scalar has no type of its own,
// its place decides which of these reads it. YAML's own guesses are never consulted.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/clock.h"

namespace sallyport::base {

// All return nothing when the text isn't exactly of the form.

// `0`, `42`; no sign, no leading zero, no separators. At most 2^63 - 1.
[[nodiscard]] std::optional<std::uint64_t> parse_integer(std::string_view text);
// `true`, `false`.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);
// `250us`, `10ms`, `2s`, `5min`. An integer and a unit; at most 24 h.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
// `65537B`, `64KiB`, `4MiB`, `1GiB`. Octets.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
// `200/s`. Events a second, at least 1.
[[nodiscard]] std::optional<std::uint64_t> parse_rate(std::string_view text);

// The shortest of the above spellings.
[[nodiscard]] std::string format_duration(Duration duration);
[[nodiscard]] std::string format_size(std::uint64_t octets);

// The forms, for messages: `a duration (250us, 10ms, 2s, 5min)` ...
inline constexpr std::string_view kIntegerForm = "an integer (0, 42)";
inline constexpr std::string_view kBooleanForm = "true or false";
inline constexpr std::string_view kDurationForm = "a duration (250us, 10ms, 2s, 5min)";
inline constexpr std::string_view kSizeForm = "a size (65537B, 64KiB, 4MiB, 1GiB)";
inline constexpr std::string_view kRateForm = "a rate (200/s)";

}  // namespace sallyport::base
