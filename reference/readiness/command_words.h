// Commands as words and as text: cutting what a person typed, and quoting what a shell will read.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/readiness/request.h"

namespace sallyport::readiness {

// As a POSIX shell cuts: blanks part, '...' and "..." hold together, a backslash takes the next
// character as it is (within "..." only before `"`, `\`, `$` and `` ` ``). Nothing is expanded.
// Nothing for a quote that isn't closed or a backslash at the end.
[[nodiscard]] std::optional<Words> split_words(std::string_view text);

// One word for a shell, whatever is in it: always in single quotes.
[[nodiscard]] std::string quoted(std::string_view text);
// The same; a word that needs no quotes stays bare.
[[nodiscard]] std::string word(std::string_view text);
// A command that a person can copy.
[[nodiscard]] std::string command_line(const Words& words);

// On one line, without control characters, at most `octets_max` octets and no half characters:
// what a sandbox printed, made fit for a terminal.
[[nodiscard]] std::string printable(std::string_view text, std::size_t octets_max);

}  // namespace sallyport::readiness
