// A name for a list of texts and numbers that changes when any of them does: SHA-256 over parts
// with their lengths, so that no two lists run into one. Secrets may be among them: the name tells
// nothing of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::gateway {

class Fingerprint {
 public:
  Fingerprint() = default;
  ~Fingerprint();  // wipes what was added
  Fingerprint(const Fingerprint&) = delete;
  Fingerprint& operator=(const Fingerprint&) = delete;

  Fingerprint& add(std::string_view part);
  Fingerprint& add(std::uint64_t part);

  [[nodiscard]] std::string hex() const;  // all 64 digits
  // The first eight octets, little-endian, never 0: 0 stands for "none" on the wire.
  [[nodiscard]] std::uint64_t number() const;

 private:
  std::string parts_;
};

}  // namespace sallyport::gateway
