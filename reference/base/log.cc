#include "reference/base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iterator>

namespace sallyport::base {

void StderrLog::write(LogLevel level, std::string_view component, std::string_view message) {
  if (static_cast<int>(level) > static_cast<int>(most_)) return;
  static constexpr std::string_view kNames[] = {"ERROR", "WARNING", "INFO", "DEBUG"};
  std::string line = fmt::format("{} {}: ", kNames[static_cast<int>(level)], component);
  for (const char c : message) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      line.push_back(c);
    }
  }
  line.push_back('\n');
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace sallyport::base
