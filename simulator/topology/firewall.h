// The firewall rules of a world's hosts: in force before the subject starts, changed by steps, read
// back each time; and who ran into them. Owned by the world, on its loop; the rules go with the
// namespaces. A host's traffic with itself isn't touched.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/result.h"
#include "reference/net/address.h"
#include "reference/net/executor.h"
#include "simulator/topology/hosts.h"

namespace sallyport::sim::topology {

// Once for each connection attempt, and once for each flow of anything else (a protocol and its two
// ends; a TCP connection that was open before the rule came is one).
struct RuleHit {
  std::string rule;
  std::string host;      // whose filter it was
  net::Endpoint from;    // port 0 where the protocol has none
  net::Endpoint to;      // as the packet had it
  std::string protocol;  // `tcp`, `udp`, `icmp`, `icmpv6`, `protocol 132`
  bool opening = false;  // a TCP SYN
  bool stopped = false;  // any verdict but accept
  base::TimePoint at{};
};

class Firewall {
 public:
  using OnHit = std::function<void(const RuleHit&)>;

  // `on_hit` is called from the loop, or from drain(), apply() and close().
  Firewall(net::Executor executor, const base::Clock& clock, const Hosts& hosts, OnHit on_hit);
  ~Firewall();  // tells nobody anything more
  Firewall(const Firewall&) = delete;
  Firewall& operator=(const Firewall&) = delete;

  // A rule takes the place of the one of its name, or comes after all others of its host; those in
  // `removed` go. One transaction a host: there is no moment in which another rule is missing. In
  // force and read back when it returns. What goes wrong at one host leaves that host as it was;
  // `about` names the rule or host. Errors: no_address (a `from` or `to` that is a host without any
  // address, so that the rule would never match), unknown_host, those of linux::HostRules. Rules of
  // and about hosts that aren't there yet wait for refresh().
  [[nodiscard]] base::Result<void> apply(const std::vector<FirewallRule>& rules,
                                         const std::vector<std::string>& removed,
                                         std::string& about);
  // When a host was adopted.
  [[nodiscard]] base::Result<void> refresh(std::string& about);

  [[nodiscard]] const std::vector<FirewallRule>& rules() const { return rules_; }
  // A host's rules as the kernel lists them; empty when it never had one.
  [[nodiscard]] base::Result<std::string> listing(const std::string& host) const;

  // Tells at once all hits so far.
  void drain();
  // Whether any hit was lost: more came than the kernel keeps to be told.
  [[nodiscard]] bool lost() const { return *lost_; }
  void close();

 private:
  class Watch;
  [[nodiscard]] base::Result<void> bring_up_to_date(const std::string& host,
                                                    const std::vector<FirewallRule>& rules,
                                                    std::string& about);
  net::Executor executor_;
  const base::Clock& clock_;
  const Hosts& hosts_;
  OnHit on_hit_;
  std::shared_ptr<bool> lost_ = std::make_shared<bool>(false);
  std::vector<FirewallRule> rules_;
  std::map<std::string, std::shared_ptr<Watch>> watches_;  // by host
};

}  // namespace sallyport::sim::topology
