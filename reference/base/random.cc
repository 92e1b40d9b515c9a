#include "reference/base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <vector>

#include "reference/base/check.h"

namespace sallyport::base {

std::string Random::hex(std::size_t octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::vector<std::byte> bytes(octets);
  fill(bytes);
  std::string text;
  text.reserve(2 * octets);
  for (const std::byte byte : bytes) {
    text.push_back(kDigits[std::to_integer<unsigned>(byte) >> 4]);
    text.push_back(kDigits[std::to_integer<unsigned>(byte) & 15U]);
  }
  return text;
}

void SystemRandom::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    CHECK(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::uint64_t SeededRandom::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

void SeededRandom::fill(std::span<std::byte> out) {
  for (std::byte& byte : out) byte = static_cast<std::byte>(next() & 0xffU);
}

}  // namespace sallyport::base
