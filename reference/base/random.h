// The port for random bytes; handed in, so that a run can be repeated from a seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace sallyport::base {

class Random {
 public:
  virtual ~Random() = default;
  // Fills all of `out`. Never fails: the system's source aborts the process rather than repeat.
  virtual void fill(std::span<std::byte> out) = 0;
  // 2 * `octets` lower-case hex digits.
  [[nodiscard]] std::string hex(std::size_t octets);
};

// getrandom(2).
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

// A repeatable sequence (splitmix64); for scenarios and tests, never for keys.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> out) override;
  [[nodiscard]] std::uint64_t next();

 private:
  std::uint64_t state_;
};

}  // namespace sallyport::base
