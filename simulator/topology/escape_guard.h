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

  // Once, when the hosts stand. Known are the addresses of all hosts, their inner links' included;
  // loopback, multicast, broadcast and IPv6's link-local addresses always are. On failure no host
  // is watched, and `about` names the one that couldn't be.
  [[nodiscard]] base::Result<void> install(const Hosts& hosts, std::string& about);
  // Tells at once what has left so far.
  void drain();
  // Nothing is told afterwards.
  void close();

 private:
  class Watch;
  net::Executor executor_;
  OnEscape on_escape_;
  std::vector<std::shared_ptr<Watch>> watches_;
};

}  // namespace sallyport::sim::topology
