// DNS messages as far as a world's name server and client need them: one question, A, AAAA and
// CNAME records. Pure. Reads any bytes without fault: bounded, and compression can't loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/net/address.h"

namespace sallyport::sim::topology::dns {

inline constexpr std::uint16_t kA = 1;
inline constexpr std::uint16_t kCname = 5;
inline constexpr std::uint16_t kAaaa = 28;
inline constexpr std::size_t kUdpBytesMax = 512;  // without EDNS
inline constexpr std::size_t kMessageBytesMax = 65535;

enum class Rcode : std::uint8_t {
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
};
[[nodiscard]] std::string to_string(Rcode rcode);              // `NOERROR`; RCODE9 ...
[[nodiscard]] std::string type_to_string(std::uint16_t type);  // `A`; TYPE99 ...

struct Query {
  std::uint16_t id = 0;
  bool recursion_desired = true;
  std::string name;  // lower case, without the last dot; the root is empty
  std::uint16_t type = kA;
  std::uint16_t udp_bytes_max = kUdpBytesMax;  // what EDNS announces
  bool edns = false;
  std::vector<std::byte> question;  // as sent, for the answer (0x20 casing kept)
};

struct Answer {
  std::uint16_t id = 0;
  bool truncated = false;
  Rcode rcode = Rcode::noerror;
  std::string name;  // of the question
  std::uint16_t type = kA;
  std::vector<net::IpAddress> addresses;  // A or AAAA, as the type asks
};

// Nothing when the bytes aren't a query with one question, of the class IN.
[[nodiscard]] std::optional<Query> parse_query(std::span<const std::byte> bytes);
[[nodiscard]] std::optional<Answer> parse_answer(std::span<const std::byte> bytes);

// Nothing when the name can't be asked for (empty label, label over 63, name over 253 octets).
[[nodiscard]] std::optional<std::vector<std::byte>> write_query(std::uint16_t id,
                                                                std::string_view name,
                                                                std::uint16_t type);
// The answer to what parse_query() doesn't take, if there is any to give: FORMERR to what can't be
// read or has not one question, NOTIMP to another operation, REFUSED to another class. Nothing for
// answers, and for less than a header.
[[nodiscard]] std::optional<std::pair<Rcode, std::vector<std::byte>>> write_refusal(
    std::span<const std::byte> bytes);

// TTL 0. Addresses of the other family are left out. More than `bytes_max`: no records and TC.
[[nodiscard]] std::vector<std::byte> write_answer(const Query& query, Rcode rcode,
                                                  std::span<const net::IpAddress> addresses,
                                                  std::size_t bytes_max);

// Of what write_answer() wrote.
[[nodiscard]] bool is_truncated(std::span<const std::byte> answer);
void set_truncated(std::span<std::byte> answer);
void change_id(std::span<std::byte> answer);  // to another

}  // namespace sallyport::sim::topology::dns
