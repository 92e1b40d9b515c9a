#include "reference/sandbox/plan.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace sallyport::sandbox {
namespace {

template <class T>
void read_number(std::string_view text, T& into) {
  std::from_chars(text.data(), text.data() + text.size(), into);
}

}  // namespace

std::string write_report(const Report& report) {
  std::string text = fmt::format("netns {}\nproc {}\nlandlock {}\nrules {}\n", report.netns,
                                 report.own_proc ? 1 : 0, report.landlock, report.rules);
  for (const std::string& path : report.missing) text += fmt::format("missing {}\n", path);
  for (const std::string& what : report.degraded) text += fmt::format("degraded {}\n", what);
  return text;
}

Report read_report(std::string_view text) {
  Report report;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view key = line.substr(0, space);
    const std::string_view value = line.substr(std::min(space + 1, line.size()));
    if (key == "netns") read_number(value, report.netns);
    if (key == "proc") report.own_proc = value == "1";
    if (key == "landlock") read_number(value, report.landlock);
    if (key == "rules") read_number(value, report.rules);
    if (key == "missing") report.missing.emplace_back(value);
    if (key == "degraded") report.degraded.emplace_back(value);
  }
  return report;
}

}  // namespace sallyport::sandbox
