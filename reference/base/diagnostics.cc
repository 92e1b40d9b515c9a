#include "reference/base/diagnostics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

namespace sallyport::base {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, substitute});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string Diagnostic::to_string() const {
  std::string text = mark.line == 0
                         ? fmt::format("{}: {}", file, message)
                         : fmt::format("{}:{}:{}: {}", file, mark.line, mark.column, message);
  if (used_at) text += fmt::format(" (used at line {}, column {})", used_at->line, used_at->column);
  return text;
}

std::string Diagnostics::to_string() const {
  std::vector<const Diagnostic*> sorted;
  for (const Diagnostic& diagnostic : all_) sorted.push_back(&diagnostic);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic* a, const Diagnostic* b) {
    return std::tie(a->file, a->mark.line, a->mark.column) <
           std::tie(b->file, b->mark.line, b->mark.column);
  });
  std::string text;
  std::string last;
  for (const Diagnostic* diagnostic : sorted) {
    std::string line = diagnostic->to_string();
    if (line == last) continue;
    text += line + "\n";
    last = std::move(line);
  }
  return text;
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> words) {
  if (word.size() > 64) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_cost = std::max<std::size_t>(1, (word.size() + 1) / 3) + 1;
  for (const std::string_view candidate : words) {
    const std::size_t cost = edit_distance(word, candidate);
    if (cost < best_cost) {
      best = candidate;
      best_cost = cost;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> words) {
  if (const auto meant = nearest(word, words)) return fmt::format("; did you mean \"{}\"?", *meant);
  if (words.empty() || words.size() > 12) return {};
  return fmt::format("; it must be one of {}", fmt::join(words, ", "));
}

}  // namespace sallyport::base
