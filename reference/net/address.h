// IP addresses and endpoints as values, without Asio, so that pure code can judge them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::net {

// IPv4 or IPv6; a v4-mapped IPv6 address stays IPv6 (see unmapped()).
class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  [[nodiscard]] static IpAddress v4(std::uint32_t host_order);
  [[nodiscard]] static IpAddress v6(const std::array<std::uint8_t, 16>& octets);
  // Strict dotted quad, or RFC 4291 text without brackets or zone. Nothing otherwise.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool is_v4() const { return v4_; }
  [[nodiscard]] std::uint32_t v4_value() const;  // host order; only if is_v4()
  // Of IPv4: the first four, the others zero.
  [[nodiscard]] const std::array<std::uint8_t, 16>& octets() const { return octets_; }
  // ::ffff:a.b.c.d as a.b.c.d; any other address unchanged.
  [[nodiscard]] IpAddress unmapped() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] std::string to_string() const;  // canonical (RFC 5952), no brackets
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  bool v4_ = true;
  std::array<std::uint8_t, 16> octets_{};
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  // `10.0.0.1:80`, `[::1]:80`.
  [[nodiscard]] static std::optional<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// An address and a prefix length; host bits may be set in the text, and are cleared.
class Cidr {
 public:
  // `10.0.0.0/8`, or an address alone (/32, /128).
  [[nodiscard]] static std::optional<Cidr> parse(std::string_view text);
  Cidr(IpAddress network, int prefix);
  [[nodiscard]] bool contains(const IpAddress& address) const;  // families never mix
  [[nodiscard]] bool overlaps(const Cidr& other) const;
  [[nodiscard]] const IpAddress& network() const { return network_; }
  [[nodiscard]] int prefix() const { return prefix_; }
  [[nodiscard]] std::string to_string() const;

 private:
  IpAddress network_;
  int prefix_ = 0;
};

}  // namespace sallyport::net
