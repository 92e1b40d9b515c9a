#include "reference/gateway/fingerprint.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

namespace sallyport::gateway {
namespace {

std::array<unsigned char, SHA256_DIGEST_LENGTH> digest(const std::string& parts) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> octets{};
  ::SHA256(reinterpret_cast<const unsigned char*>(parts.data()), parts.size(), octets.data());
  return octets;
}

}  // namespace

Fingerprint::~Fingerprint() { ::OPENSSL_cleanse(parts_.data(), parts_.size()); }

Fingerprint& Fingerprint::add(std::string_view part) {
  parts_ += fmt::format("{}:", part.size());
  parts_ += part;
  return *this;
}

Fingerprint& Fingerprint::add(std::uint64_t part) { return add(fmt::format("{}", part)); }

std::string Fingerprint::hex() const {
  std::string text;
  for (const unsigned char octet : digest(parts_)) text += fmt::format("{:02x}", octet);
  return text;
}

std::uint64_t Fingerprint::number() const {
  const auto octets = digest(parts_);
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | octets[i];
  return value == 0 ? 1 : value;
}

}  // namespace sallyport::gateway
