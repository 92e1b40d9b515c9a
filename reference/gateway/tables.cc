#include "reference/gateway/tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/check.h"

namespace sallyport::gateway {
namespace {

// Of UTF-8: what continues a character takes no room.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string shown(std::string_view text) { return text.empty() ? "-" : printable(text); }

std::string padded(std::string text, std::size_t width) {
  constexpr std::size_t kGap = 2;
  text.append(width + kGap - width_of(text), ' ');
  return text;
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  CHECK(cells.size() == rows_.front().size());
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(shown(row[i])));
    }
  }
  std::string all;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += padded(shown(row[i]), widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    all += line + "\n";
  }
  return all;
}

std::string field_lines(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::size_t width = 0;
  for (const auto& [name, value] : fields) width = std::max(width, width_of(name) + 1);
  std::string all;
  for (const auto& [name, value] : fields) {
    all += fmt::format("{}{}\n", padded(name + ":", width), shown(value));
  }
  return all;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string printable(std::string_view text) {
  std::string safe(text);
  std::replace_if(
      safe.begin(), safe.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }, '?');
  // U+0080 to U+009F steer terminals too.
  for (std::size_t at = safe.find('\xC2'); at != std::string::npos;
       at = safe.find('\xC2', at + 1)) {
    if (at + 1 < safe.size() && static_cast<unsigned char>(safe[at + 1]) < 0xA0)
      safe.replace(at, 2, "?");
  }
  return safe;
}

}  // namespace sallyport::gateway
