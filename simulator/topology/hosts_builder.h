// Builds the hosts of a world: namespaces first, then the links inside and between them, then
// routes. Internal to this module.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reference/linux/links.h"
#include "simulator/topology/hosts.h"

namespace sallyport::sim::topology {

class HostBuilder {
 public:
  // `about` names what is being built.
  HostBuilder(std::string folder, std::string& about) : folder_(std::move(folder)), about_(about) {}
  [[nodiscard]] base::Result<Hosts> build(const std::vector<HostSpec>& specs,
                                          const std::vector<NetworkSpec>& networks) &&;

 private:
  // All that is known before anything is made: who shares whose namespace, numbers, addresses.
  [[nodiscard]] base::Result<void> plan(const std::vector<HostSpec>& specs,
                                        const std::vector<NetworkSpec>& networks);
  void plan_inner(const std::string& name, const Hosts::Host& host);
  [[nodiscard]] base::Result<void> make_namespace(Hosts::Host& host);
  // On lo: those that no link has.
  [[nodiscard]] base::Result<void> add_own_addresses(const std::string& name);
  [[nodiscard]] base::Result<void> link_to_parent(const std::string& name);
  [[nodiscard]] base::Result<void> add_void(const std::string& name);
  [[nodiscard]] base::Result<void> add_network(const NetworkSpec& network, std::size_t number);
  [[nodiscard]] base::Result<void> add_member(const NetworkSpec& network, const std::string& host,
                                              linux::Links& bridge, std::size_t number);
  [[nodiscard]] base::Result<void> add_routes(const Hosts::Host& host);
  [[nodiscard]] base::Result<void> add_address(const std::string& owner, std::string_view link,
                                               const net::IpAddress& address, int prefix,
                                               bool network_route);
  [[nodiscard]] base::Result<linux::Links*> links_of(const std::string& owner);
  [[nodiscard]] bool has_ipv6(const std::string& host, Ipv6 wanted) const;

  std::string folder_;
  std::string& about_;
  Hosts made_;
  bool networks_there_ = false;
  std::vector<std::string> order_;                  // of the specs
  std::map<net::IpAddress, std::string> on_links_;  // owner, by address that a link has
  std::map<std::string, linux::Links> links_;       // by owner
  std::vector<std::pair<std::string, net::IpAddress>> awaited_;  // IPv6, not yet in force
};

// 10.200.N.LAST and fd00:200:N::LAST.
[[nodiscard]] net::IpAddress inner_v4(int number, std::uint32_t last);
[[nodiscard]] net::IpAddress inner_v6(int number, std::uint8_t last);

}  // namespace sallyport::sim::topology
