#include "reference/sandbox/handed_environment.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <string_view>

namespace sallyport::sandbox {
namespace {

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(file, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

base::UniqueFd hand_out_environment(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line;
    text += '\0';
  }
  if (text.size() > kEnvironmentBytesMax) return {};
  base::UniqueFd file(::memfd_create("environment", MFD_CLOEXEC));
  if (!file || !write_all(file.get(), text)) return {};
  return file;
}

std::optional<std::vector<std::string>> take_environment(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > kEnvironmentBytesMax)
    return std::nullopt;
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t size = ::pread(file, text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return std::nullopt;
    at += static_cast<std::size_t>(size);
  }
  if (!text.empty() && text.back() != '\0') return std::nullopt;
  std::vector<std::string> lines;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\0');
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace sallyport::sandbox
