// Sixteen octets at once, in the compiler's own vectors. Part of redact: nobody else includes this.
// Pure.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sallyport::middleware {

// Numbers that were read from a text are compared with letters as they stand in memory.
static_assert(std::endian::native == std::endian::little);

inline constexpr std::size_t kBlock = 16;
using Block [[gnu::vector_size(kBlock)]] = unsigned char;
using Mask [[gnu::vector_size(kBlock)]] = signed char;  // -1 where it holds

inline Block load_block(const char* at) {
  Block block;
  std::memcpy(&block, at, kBlock);
  return block;
}

inline std::array<std::uint64_t, 2> halves_of(const Mask& mask) {
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), &mask, kBlock);
  return halves;
}

// Which octet of a half is the first that holds; of one that isn't zero.
inline std::size_t first_octet(std::uint64_t half) {
  return static_cast<std::size_t>(std::countr_zero(half)) / 8;
}

}  // namespace sallyport::middleware
