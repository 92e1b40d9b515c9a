#include "simulator/report/console.h"

#include <fmt/format.h>

#include <fstream>
#include <set>

#include "simulator/report/figures.h"

namespace sallyport::sim::report {
namespace {

using runner::CellResult;
using runner::Failure;
using runner::Verdict;

std::string line_of(const std::string& path, int wanted) {
  std::ifstream stream(path);
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    if (number == wanted) return line;
  }
  return {};
}

// The source line with a caret below the column.
std::string quote(const std::string& file, const base::Mark& mark) {
  const std::string line = mark.line > 0 ? line_of(file, mark.line) : std::string();
  if (line.empty()) return {};
  const auto column = static_cast<std::size_t>(mark.column > 0 ? mark.column - 1 : 0);
  const std::string number = std::to_string(mark.line);
  const std::string margin(number.size(), ' ');
  return fmt::format("  {} | {}\n  {} | {}^\n", number, line, margin, std::string(column, ' '));
}

std::string shell_quoted(const std::string& text) {
  const bool plain = text.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:") ==
                     std::string::npos;
  if (plain && !text.empty()) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string name_of(const CellResult& result) {
  std::string name =
      result.cell.empty() ? result.path : fmt::format("{} [{}]", result.path, result.cell);
  if (!result.subject.empty()) name += " on " + result.subject;
  return name;
}

std::string describe(const Failure& failure) {
  std::string text;
  if (failure.mark.line > 0) {
    text += fmt::format("{}:{}:{}: ", failure.file, failure.mark.line, failure.mark.column);
  }
  text += fmt::format("{}: {}\n", to_string(failure.verdict), failure.claim);
  text += quote(failure.file, failure.mark);
  if (!failure.expected.empty()) text += fmt::format("  expected: {}\n", failure.expected);
  if (!failure.observed.empty()) text += fmt::format("  observed: {}\n", failure.observed);
  if (failure.record_mark) {
    text += fmt::format("  the value comes from line {}:\n", failure.record_mark->line);
    text += quote(failure.file, *failure.record_mark);
  }
  for (const std::string& note : failure.notes) text += fmt::format("  note: {}\n", note);
  return text;
}

std::string indented(const std::string& text, const std::string& margin) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    out += margin + text.substr(begin, end - begin) + "\n";
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return out;
}

}  // namespace

std::string describe_failure(const CellResult& result, const std::string& command) {
  std::string text = fmt::format("--- {} ---\n", name_of(result));
  text += fmt::format("{}\n", result.scenario);
  if (!result.reason.empty())
    text += fmt::format("{}: {}\n", to_string(result.verdict), result.reason);
  for (const Failure& failure : result.failures) text += describe(failure);
  if (!result.last_events.empty()) {
    text += "  last events of the lanes involved:\n";
    for (const std::string& line : result.last_events) text += "    " + line + "\n";
  }
  if (!result.subject_stderr.empty()) {
    text += "  tail of the subject's stderr:\n" + indented(result.subject_stderr, "    ");
  }
  if (!result.artefacts.empty()) text += fmt::format("  kept in: {}\n", result.artefacts);
  text += fmt::format("  again: {} run {}", command, shell_quoted(result.path));
  if (!result.cell.empty()) text += " --cell " + shell_quoted(result.cell);
  if (!result.subject_file.empty()) text += " --subject " + shell_quoted(result.subject_file);
  return text + "\n";
}

void Console::begin(std::size_t cells) {
  total_ = cells;
  show_progress();
}

std::string Console::paint(Verdict verdict, const std::string& text) const {
  if (!options_.colour) return text;
  const char* colour = "\x1b[31m";
  if (verdict == Verdict::skip)
    colour = "\x1b[33m";
  else if (is_green(verdict))
    colour = "\x1b[32m";
  return fmt::format("{}{}\x1b[0m", colour, text);
}

void Console::show_progress() {
  if (!options_.progress || done_ == total_) return;
  fmt::print(out_, "\r\x1b[K{}/{} cells, {} failed", done_, total_, failed_);
  std::fflush(out_);
  shown_ = true;
}

void Console::hide_progress() {
  if (shown_) fmt::print(out_, "\r\x1b[K");
  shown_ = false;
}

void Console::cell_done(const CellResult& result) {
  ++done_;
  if (!is_green(result.verdict)) ++failed_;
  if (options_.quiet && is_green(result.verdict)) {
    show_progress();
    return;
  }
  hide_progress();
  const std::string word = fmt::format("{:<7}", to_string(result.verdict));
  fmt::print(out_, "{} {:>9}  {}", paint(result.verdict, word), human(result.phases.total),
             name_of(result));
  if (!result.reason.empty()) fmt::print(out_, "  ({})", result.reason);
  fmt::print(out_, "\n");
  if (options_.verbose) {
    fmt::print(out_, "          {}\n", describe(result.phases));
  }
  std::fflush(out_);
  show_progress();
}

void Console::end(const runner::RunResult& run) {
  hide_progress();
  std::size_t passed = 0;
  std::size_t skipped = 0;
  std::set<std::string> scenarios;
  for (const CellResult& cell : run.cells) {
    scenarios.insert(cell.path);
    if (cell.verdict == Verdict::skip) {
      ++skipped;
    } else if (is_green(cell.verdict)) {
      ++passed;
    } else {
      fmt::print(out_, "\n{}", describe_failure(cell, options_.command));
    }
  }
  for (const std::string& note : run.notes) fmt::print(out_, "{}\n", note);
  fmt::print(out_, "{}", describe_differences(run));
  if (options_.verbose) fmt::print(out_, "{}", describe_medians(run));
  const std::size_t failed = run.cells.size() - passed - skipped;
  fmt::print(out_, "\n{} passed, {} failed, {} skipped in {} ({} scenario{})\n", passed, failed,
             skipped, human(run.total), scenarios.size(), scenarios.size() == 1 ? "" : "s");
  std::fflush(out_);
}

}  // namespace sallyport::sim::report
