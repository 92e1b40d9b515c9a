// A transaction of nf_tables as netlink octets, for tables so simple that libnftables' compiler
// would cost ten times what the kernel takes. Pure. Internal to this module.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/net/address.h"

namespace sallyport::linux {

// One table of family inet. Calls are commands, done in their order when the octets are sent; the
// last of them is answered.
class FilterBatch {
 public:
  explicit FilterBatch(std::string table);

  // The table itself; EEXIST when there is one.
  void make_table();
  // A chain that sees what leaves the namespace, and accepts.
  void make_output_chain(const std::string& chain, std::int32_t priority);
  // All of one family, at least one.
  void make_address_set(const std::string& set, const std::vector<net::IpAddress>& addresses);
  // Logs to `group` what goes to none of `networks` (all of one family, `v4` or not), and to no
  // address in `set`, if there is one.
  void add_log_rule(const std::string& chain, bool v4, const std::string& set,
                    const std::vector<net::Cidr>& networks, std::uint16_t group);

  [[nodiscard]] std::vector<std::uint8_t> octets() &&;

 private:
  using Inside = std::function<void()>;
  void message(std::uint16_t type, std::uint16_t flags, const Inside& attributes);
  void attribute(std::uint16_t type, std::span<const std::uint8_t> value);
  void text(std::uint16_t type, std::string_view value);
  void number(std::uint16_t type, std::uint32_t value);
  void short_number(std::uint16_t type, std::uint16_t value);
  void nest(std::uint16_t type, const Inside& attributes);
  void expression(const char* name, const Inside& attributes);
  void load_destination(bool v4);
  void skip_network(const net::Cidr& network);
  void skip_set(const std::string& set);
  void require_family(bool v4);
  void boundary(std::uint16_t type);
  void append(const void* data, std::size_t size);

  std::string table_;
  std::vector<std::uint8_t> octets_;
  std::uint32_t sequence_ = 0;
  std::size_t last_message_ = 0;
};

}  // namespace sallyport::linux
