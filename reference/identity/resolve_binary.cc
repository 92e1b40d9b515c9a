#include "reference/identity/resolve_binary.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <deque>
#include <vector>

namespace sallyport::identity {
namespace {

using Parts = std::deque<std::string>;

// Before what is left to be walked.
void prepend(Parts& left, std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  left.insert(left.begin(), parts.begin(), parts.end());
}

std::string joined(const std::vector<std::string>& parts) {
  std::string path;
  for (const std::string& part : parts) path += "/" + part;
  return path;
}

}  // namespace

std::optional<std::string> resolve_binary(const std::string& root, std::string_view path) {
  Parts left;
  prepend(left, path);
  std::vector<std::string> done;
  int links = 0;
  while (!left.empty()) {
    const std::string part = left.front();
    left.pop_front();
    if (part == ".") continue;
    if (part == "..") {
      if (!done.empty()) done.pop_back();
      continue;
    }
    done.push_back(part);
    const std::string at = root + joined(done);
    std::array<char, PATH_MAX> target;
    const ssize_t size = ::readlink(at.c_str(), target.data(), target.size());
    if (size < 0) {
      struct stat status {};
      if (::lstat(at.c_str(), &status) != 0) return std::nullopt;
      continue;
    }
    if (++links > kLinksMax || static_cast<std::size_t>(size) == target.size()) return std::nullopt;
    const std::string_view leads_to(target.data(), static_cast<std::size_t>(size));
    if (leads_to.starts_with('/')) {
      done.clear();
    } else {
      done.pop_back();
    }
    prepend(left, leads_to);
  }
  if (done.empty()) return std::nullopt;
  return joined(done);
}

}  // namespace sallyport::identity
