#include "reference/net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "reference/base/check.h"

namespace sallyport::net {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const std::array<std::uint8_t, 16>& octets) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), octets.begin());
}

// Decimal digits without sign or leading zero, at most `most`.
std::optional<int> parse_number(std::string_view text, int most) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (value > most) return std::nullopt;
  return value;
}

// The first `prefix` bits, the others zero.
IpAddress masked(const IpAddress& address, int prefix) {
  std::array<std::uint8_t, 16> octets = address.octets();
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(prefix - i * 8, 0, 8);
    octets[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  if (!address.is_v4()) return IpAddress::v6(octets);
  return IpAddress::v4((std::uint32_t{octets[0]} << 24U) | (std::uint32_t{octets[1]} << 16U) |
                       (std::uint32_t{octets[2]} << 8U) | octets[3]);
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress address;
  for (unsigned i = 0; i < 4; ++i) {
    address.octets_[i] = static_cast<std::uint8_t>(host_order >> (24U - 8U * i));
  }
  return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& octets) {
  IpAddress address;
  address.v4_ = false;
  address.octets_ = octets;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton is strict (no octal, no short forms), but wants a terminated string.
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::copy(text.begin(), text.end(), buffer.begin());
  if (text.find(':') == std::string_view::npos) {
    in_addr parsed{};
    if (inet_pton(AF_INET, buffer.data(), &parsed) != 1) return std::nullopt;
    return v4(ntohl(parsed.s_addr));
  }
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET6, buffer.data(), octets.data()) != 1) return std::nullopt;
  return v6(octets);
}

std::uint32_t IpAddress::v4_value() const {
  CHECK(v4_);
  return (std::uint32_t{octets_[0]} << 24U) | (std::uint32_t{octets_[1]} << 16U) |
         (std::uint32_t{octets_[2]} << 8U) | octets_[3];
}

IpAddress IpAddress::unmapped() const {
  if (v4_ || !is_mapped(octets_)) return *this;
  IpAddress inner;
  std::copy(octets_.begin() + 12, octets_.end(), inner.octets_.begin());
  return inner;
}

bool IpAddress::is_loopback() const {
  const IpAddress plain = unmapped();
  if (plain.v4_) return plain.octets_[0] == 127;
  std::array<std::uint8_t, 16> one{};
  one[15] = 1;
  return plain.octets_ == one;
}

bool IpAddress::is_unspecified() const {
  return unmapped().octets_ == std::array<std::uint8_t, 16>{};
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (v4_) {
    CHECK(inet_ntop(AF_INET, octets_.data(), buffer.data(), buffer.size()) != nullptr);
    return buffer.data();
  }
  // glibc prints `::1.2.3.4` for the long-deprecated compatible addresses; RFC 5952 wants the
  // dotted form for known prefixes only, and ::ffff:0:0/96 is the one that we know.
  const bool compatible = std::all_of(octets_.begin(), octets_.begin() + 12,
                                      [](std::uint8_t octet) { return octet == 0; });
  if (compatible && (octets_[12] != 0 || octets_[13] != 0)) {
    std::array<char, 3 + 4 + 1 + 4> hex{':', ':'};
    char* end = hex.data() + 2;
    end = std::to_chars(end, hex.data() + hex.size(), octets_[12] * 256 + octets_[13], 16).ptr;
    *end++ = ':';
    end = std::to_chars(end, hex.data() + hex.size(), octets_[14] * 256 + octets_[15], 16).ptr;
    return {hex.data(), end};
  }
  CHECK(inet_ntop(AF_INET6, octets_.data(), buffer.data(), buffer.size()) != nullptr);
  return buffer.data();
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  const auto port = parse_number(text.substr(colon + 1), 65535);
  if (!address || !port || address->is_v4() == bracketed) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

std::string Endpoint::to_string() const {
  const std::string host = address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
  return host + ":" + std::to_string(port);
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const int most = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) return Cidr(*address, most);
  const auto prefix = parse_number(text.substr(slash + 1), most);
  if (!prefix) return std::nullopt;
  return Cidr(*address, *prefix);
}

Cidr::Cidr(IpAddress network, int prefix) : network_(masked(network, prefix)), prefix_(prefix) {
  CHECK(prefix >= 0 && prefix <= (network.is_v4() ? 32 : 128));
}

bool Cidr::contains(const IpAddress& address) const {
  return address.is_v4() == network_.is_v4() && masked(address, prefix_) == network_;
}

bool Cidr::overlaps(const Cidr& other) const {
  return contains(other.network_) || other.contains(network_);
}

std::string Cidr::to_string() const { return network_.to_string() + "/" + std::to_string(prefix_); }

}  // namespace sallyport::net
