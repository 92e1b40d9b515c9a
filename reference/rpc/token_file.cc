#include "reference/rpc/token_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "reference/base/unique_fd.h"

namespace sallyport::rpc {
namespace {

constexpr std::size_t kFileBytesMax = kTokensMax * (kTokenBytesMax + 2);

bool token_character(char c) {
  constexpr std::string_view kOthers = "-._~+/=";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

// Octets that are wiped when they go.
struct Octets {
  std::array<char, kFileBytesMax + 1> bytes{};
  std::size_t size = 0;
  Octets() = default;
  Octets(const Octets&) = delete;
  Octets& operator=(const Octets&) = delete;
  ~Octets() { ::OPENSSL_cleanse(bytes.data(), bytes.size()); }
  [[nodiscard]] std::string_view text() const { return {bytes.data(), size}; }
};

std::string fault_of(const struct ::stat& about) {
  if (!S_ISREG(about.st_mode)) return "is no file";
  if (about.st_uid != ::geteuid() && about.st_uid != 0) return "belongs to another user";
  if ((about.st_mode & 077U) == 0) return {};
  return fmt::format("may be read or written by others (mode {:04o}): chmod 600 it",
                     about.st_mode & 07777U);
}

// What is wrong, without the path, or nothing.
std::string read_octets(const std::string& path, Octets& octets, struct ::stat& about) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd || ::fstat(fd.get(), &about) != 0) {
    return fmt::format("can't be read: {}", std::strerror(errno));
  }
  if (std::string wrong = fault_of(about); !wrong.empty()) return wrong;
  while (octets.size < octets.bytes.size()) {
    const ssize_t got =
        ::read(fd.get(), octets.bytes.data() + octets.size, octets.bytes.size() - octets.size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fmt::format("can't be read: {}", std::strerror(errno));
    if (got == 0) return {};
    octets.size += static_cast<std::size_t>(got);
  }
  return fmt::format("has more than {} octets", kFileBytesMax);
}

std::string take_lines(std::string_view text, std::vector<base::Secret>& tokens) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (const std::string wrong = token_fault(line); !wrong.empty()) {
      return fmt::format("holds a token that {}", wrong);
    }
    if (tokens.size() == kTokensMax) return fmt::format("holds more than {} tokens", kTokensMax);
    tokens.emplace_back(std::string(line));
  }
  return tokens.empty() ? "holds no token" : std::string();
}

std::string read_file(const std::string& path, std::vector<base::Secret>& tokens,
                      struct ::stat& about) {
  Octets octets;
  if (std::string wrong = read_octets(path, octets, about); !wrong.empty()) return wrong;
  return take_lines(octets.text(), tokens);
}

bool same_file(const struct ::stat& a, const struct ::stat& b) {
  const auto time = [](const timespec& at) { return std::pair{at.tv_sec, at.tv_nsec}; };
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mode == b.st_mode && time(a.st_mtim) == time(b.st_mtim) &&
         time(a.st_ctim) == time(b.st_ctim);
}

}  // namespace

std::string token_fault(std::string_view token) {
  if (token.size() < kTokenBytesMin) {
    return fmt::format("has less than {} characters", kTokenBytesMin);
  }
  if (token.size() > kTokenBytesMax) {
    return fmt::format("has more than {} characters", kTokenBytesMax);
  }
  if (std::all_of(token.begin(), token.end(), token_character)) return {};
  return "has other characters than letters, digits and -._~+/=";
}

std::optional<std::vector<base::Secret>> read_tokens(const std::string& path, std::string& why) {
  std::vector<base::Secret> tokens;
  struct ::stat about {};
  const std::string wrong = read_file(path, tokens, about);
  if (wrong.empty()) return tokens;
  why = fmt::format("{} {}", path, wrong);
  return std::nullopt;
}

std::shared_ptr<TokenFile> TokenFile::open(std::string path, std::string& why) {
  std::shared_ptr<TokenFile> file(new TokenFile(std::move(path)));
  return file->read(why) ? file : nullptr;
}

bool TokenFile::read(std::string& why) {
  std::vector<base::Secret> tokens;
  struct ::stat about {};
  const std::string wrong = read_file(path_, tokens, about);
  if (!wrong.empty()) {
    why = fmt::format("{} {}", path_, wrong);
    return false;
  }
  seen_ = about;
  token_ = std::move(tokens.front());
  return true;
}

const base::Secret& TokenFile::current() {
  struct ::stat about {};
  if (::stat(path_.c_str(), &about) != 0 || same_file(about, seen_)) return token_;
  std::string why;
  static_cast<void>(read(why));  // half written, perhaps: the next call looks again
  return token_;
}

bool TokenFile::changed() {
  const base::Secret before = token_;
  std::string why;
  return read(why) && !(token_ == before);
}

}  // namespace sallyport::rpc
