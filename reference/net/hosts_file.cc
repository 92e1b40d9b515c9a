#include "reference/net/hosts_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>

namespace sallyport::net {
namespace {

constexpr std::size_t kFileBytesMax = 4U << 20U;

std::string lower(std::string_view name) {
  if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
  std::string result(name);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// The next word of the line; empty when there is none.
std::string_view take_word(std::string_view& line) {
  constexpr std::string_view kBlank = " \t\r\f\v";
  const std::size_t begin = std::min(line.find_first_not_of(kBlank), line.size());
  const std::size_t end = std::min(line.find_first_of(kBlank, begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

}  // namespace

HostsFile HostsFile::parse(std::string_view text) {
  HostsFile file;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const auto address = IpAddress::parse(take_word(line));
    if (!address) continue;
    for (auto name = take_word(line); !name.empty(); name = take_word(line)) {
      auto& all = file.names_[lower(name)];
      if (std::find(all.begin(), all.end(), *address) == all.end()) all.push_back(*address);
    }
  }
  return file;
}

base::Result<HostsFile> HostsFile::load(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::array<char, 4096> piece{};
  while (in && text.size() <= kFileBytesMax) {
    in.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in && !in.eof()) {
    return base::Error(errno != 0 ? errno : EIO, boost::system::system_category());
  }
  if (text.size() > kFileBytesMax) {
    return base::Error(EFBIG, boost::system::system_category());
  }
  return parse(text);
}

std::vector<IpAddress> HostsFile::find(std::string_view name) const {
  const auto found = names_.find(lower(name));
  return found == names_.end() ? std::vector<IpAddress>{} : found->second;
}

}  // namespace sallyport::net
