#include "simulator/topology/firewall.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <algorithm>
#include <set>
#include <utility>

#include "reference/base/check.h"
#include "reference/linux/destination_watch.h"
#include "reference/linux/host_rules.h"
#include "simulator/topology/error.h"

namespace sallyport::sim::topology {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<net::Executor>;
using linux::HostRule;

HostRule::Verdict verdict_of(FirewallRule::Verdict verdict) {
  switch (verdict) {
    case FirewallRule::Verdict::accept:
      return HostRule::Verdict::accept;
    case FirewallRule::Verdict::drop:
      return HostRule::Verdict::drop;
    case FirewallRule::Verdict::reject:
      return HostRule::Verdict::reject;
    case FirewallRule::Verdict::reset:
      return HostRule::Verdict::reset;
    case FirewallRule::Verdict::prohibit:
      return HostRule::Verdict::prohibit;
  }
  return HostRule::Verdict::drop;
}

HostRule::Hook hook_of(FirewallRule::Direction direction) {
  switch (direction) {
    case FirewallRule::Direction::input:
      return HostRule::Hook::input;
    case FirewallRule::Direction::output:
      return HostRule::Hook::output;
    case FirewallRule::Direction::forward:
      return HostRule::Hook::forward;
  }
  return HostRule::Hook::input;
}

using Networks = std::optional<std::vector<net::Cidr>>;

// A host that isn't there yet has no address, and that is well.
base::Result<Networks> networks_of(const Hosts& hosts, const FirewallRule::Peer& peer) {
  if (peer.network) return Networks({*peer.network});
  if (peer.host.empty()) return Networks();
  if (!hosts.has(peer.host)) return failure(TopologyError::unknown_host);
  std::vector<net::Cidr> all;
  for (const net::IpAddress& address : hosts.addresses(peer.host))
    all.emplace_back(address, address.is_v4() ? 32 : 128);
  if (all.empty() && hosts.stands(peer.host)) return failure(TopologyError::no_address);
  return Networks(std::move(all));
}

base::Result<HostRule> host_rule(const Hosts& hosts, const FirewallRule& rule) {
  HostRule made;
  made.name = rule.name;
  made.hook = hook_of(rule.direction);
  made.verdict = verdict_of(rule.verdict);
  made.port = rule.port;
  auto from = networks_of(hosts, rule.from);
  if (!from) return from.error();
  made.from = std::move(*from);
  auto to = networks_of(hosts, rule.to);
  if (!to) return to.error();
  made.to = std::move(*to);
  return made;
}

}  // namespace

// The rules of one host. Its coroutine holds it until close().
class Firewall::Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(const Firewall& of, std::string host, linux::HostRules rules)
      : clock_(of.clock_),
        host_(std::move(host)),
        rules_(std::move(rules)),
        log_(of.executor_, rules_.log_fd()),
        on_hit_(of.on_hit_),
        lost_(of.lost_) {}
  ~Watch() { log_.release(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void begin(net::Executor executor) {
    asio::co_spawn(executor, follow(shared_from_this()), asio::detached);
  }
  base::Result<void> apply(const std::vector<HostRule>& rules) {
    tell();
    auto applied = rules_.apply(rules);
    if (!applied) return applied;
    stops_.clear();
    for (const HostRule& rule : rules) {
      if (rule.verdict != HostRule::Verdict::accept) stops_.insert(rule.name);
    }
    return applied;
  }
  void tell();
  void close() {
    if (std::exchange(open_, false)) log_.release();
  }
  [[nodiscard]] const linux::HostRules& rules() const { return rules_; }

 private:
  static net::Task<void> follow(std::shared_ptr<Watch> self);

  const base::Clock& clock_;
  const std::string host_;
  linux::HostRules rules_;
  std::set<std::string> stops_;  // rules that don't accept
  Descriptor log_;               // the rules': released, never closed
  OnHit on_hit_;
  std::shared_ptr<bool> lost_;  // set, never cleared
  bool open_ = true;
};

void Firewall::Watch::tell() {
  while (open_) {
    auto seen = rules_.next();
    if (rules_.overflowed()) *lost_ = true;
    if (!seen) return;
    RuleHit hit;
    hit.stopped = stops_.contains(seen->rule);
    hit.rule = std::move(seen->rule);
    hit.host = host_;
    hit.from = seen->from;
    hit.to = seen->to;
    hit.protocol = linux::protocol_name(seen->protocol);
    hit.opening = seen->opening;
    hit.at = clock_.now();
    on_hit_(hit);
  }
}

net::Task<void> Firewall::Watch::follow(std::shared_ptr<Watch> self) {
  while (self->open_) {
    const auto [error] = co_await self->log_.async_wait(Descriptor::wait_read, net::kAwait);
    if (error) co_return;
    self->tell();
  }
}

Firewall::Firewall(net::Executor executor, const base::Clock& clock, const Hosts& hosts,
                   OnHit on_hit)
    : executor_(executor), clock_(clock), hosts_(hosts), on_hit_(std::move(on_hit)) {
  CHECK(on_hit_);
}

Firewall::~Firewall() { close(); }

base::Result<void> Firewall::bring_up_to_date(const std::string& host,
                                              const std::vector<FirewallRule>& rules,
                                              std::string& about) {
  std::vector<HostRule> wanted;
  for (const FirewallRule& rule : rules) {
    if (hosts_.owner(rule.host) != host) continue;
    about = rule.name;
    auto made = host_rule(hosts_, rule);
    if (!made) return made.error();
    wanted.push_back(std::move(*made));
  }
  about = host;
  auto& watch = watches_[host];
  if (!watch) {
    auto opened = linux::HostRules::open(hosts_.fd(host));
    if (!opened) {
      watches_.erase(host);
      return opened.error();
    }
    watch = std::make_shared<Watch>(*this, host, std::move(*opened));
    watch->begin(executor_);
  }
  return watch->apply(wanted);
}

base::Result<void> Firewall::apply(const std::vector<FirewallRule>& rules,
                                   const std::vector<std::string>& removed, std::string& about) {
  std::vector<FirewallRule> now = rules_;
  std::set<std::string> touched;  // hosts
  const auto touch = [&](const FirewallRule& rule) {
    if (hosts_.stands(rule.host)) touched.insert(hosts_.owner(rule.host));
  };
  for (const std::string& name : removed) {
    std::erase_if(now, [&](const FirewallRule& rule) {
      if (rule.name == name) touch(rule);
      return rule.name == name;
    });
  }
  for (const FirewallRule& rule : rules) {
    about = rule.name;
    if (!hosts_.has(rule.host)) return failure(TopologyError::unknown_host);
    touch(rule);
    const auto old = std::find_if(
        now.begin(), now.end(), [&rule](const FirewallRule& one) { return one.name == rule.name; });
    if (old == now.end()) {
      now.push_back(rule);
    } else {
      touch(*old);
      *old = rule;
    }
  }
  for (const std::string& host : touched) {
    if (auto done = bring_up_to_date(host, now, about); !done) return done;
  }
  rules_ = std::move(now);
  about.clear();
  return {};
}

base::Result<void> Firewall::refresh(std::string& about) {
  std::set<std::string> all;
  for (const FirewallRule& rule : rules_) {
    if (hosts_.stands(rule.host)) all.insert(hosts_.owner(rule.host));
  }
  for (const std::string& host : all) {
    if (auto done = bring_up_to_date(host, rules_, about); !done) return done;
  }
  about.clear();
  return {};
}

base::Result<std::string> Firewall::listing(const std::string& host) const {
  const auto found = watches_.find(hosts_.owner(host));
  if (found == watches_.end()) return std::string();
  return found->second->rules().listing();
}

void Firewall::drain() {
  const auto all = watches_;
  for (const auto& [host, watch] : all) watch->tell();
}

void Firewall::close() {
  for (const auto& [host, watch] : watches_) watch->close();
  watches_.clear();
}

}  // namespace sallyport::sim::topology
