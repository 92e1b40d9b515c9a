// Tells which packets leave a host for an address that isn't one of the world's. Looks at what each
// host sends, and changes nothing of it. Owned by the world, on its loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/net/address.h"
#include "reference/net/executor.h"
#include "simulator/topology/hosts.h"

namespace sallyport::sim::topology {

// A packet that left its host for somewhere unknown.
struct Escape {
  std::string host;      // who sent it
  std::string protocol;  // `tcp`, `udp`, `icmp`, `icmpv6`, `protocol 132`
  net::IpAddress to;
  std::uint16_t port = 0;  // 0 where the protocol has none
};

class EscapeGuard {
 public:
  using OnEscape = std::function<void(const Escape&)>;

  // `on_escape` is called from the loop or from drain(): each destination of a host once.
  EscapeGuard(net::Executor executor, OnEscape on_escape);
  ~EscapeGuard();  // closes, and tells nobody anything more
  EscapeGuard(const EscapeGuard&) = delete;
  EscapeGuard& operator=(const EscapeGuard&) = delete;

  // Once, when the hosts stand. Known are the addresses of all hosts, their links' and networks'
  // included, and what `rules` name; loopback, multicast, broadcast and IPv6's link-local addresses
  // always are. A network that is every address makes nothing known. On failure no host is watched,
  // and `about` names the one that couldn't be. `hosts` outlives this.
  [[nodiscard]] base::Result<void> install(const Hosts& hosts,
                                           const std::vector<FirewallRule>& rules,
                                           std::string& about);
  [[nodiscard]] base::Result<void> install(const Hosts& hosts, std::string& about);
  // Rules that weren't there at first.
  void know(const std::vector<FirewallRule>& rules);
  // Watches a host that was adopted by now, too. What goes to where the subject may have put it
  // (10.200.0.0/16) is told only once none is left to be adopted.
  [[nodiscard]] base::Result<void> adopt(const std::string& host);
  // Tells at once what has left so far.
  void drain();
  // Nothing is told afterwards.
  void close();

 private:
  class Watch;
  struct Known;
  [[nodiscard]] base::Result<void> watch(const std::string& host);
  net::Executor executor_;
  OnEscape on_escape_;
  const Hosts* hosts_ = nullptr;
  std::shared_ptr<Known> known_;
  std::vector<std::shared_ptr<Watch>> watches_;
};

}  // namespace sallyport::sim::topology
