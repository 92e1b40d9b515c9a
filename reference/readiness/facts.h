// What the probe's script says of itself beside its verdict, and how it is read. The lines go to
// standard error, where the rule `observed` looks for nothing. Pure; the text is the sandbox's.
#pragma once

#include <string_view>

#include "reference/readiness/outcome.h"

namespace sallyport::readiness {

// What a line of the script's begins with.
inline constexpr std::string_view kFactsMark = "sallyport-probe ";

// `err` as the exec command gave it. A fact that is said twice and differently counts as not said.
[[nodiscard]] ProbeFacts read_facts(std::string_view err);

// `net:[4026531840]`.
[[nodiscard]] std::optional<std::uint64_t> namespace_inode(std::string_view text);
// The number alone.
[[nodiscard]] std::optional<std::uint64_t> inode_number(std::string_view text);

// The inode in the result that `sallyport-supervisor exec --json` tells as its last line.
[[nodiscard]] std::optional<std::uint64_t> told_namespace(std::string_view err);

}  // namespace sallyport::readiness
