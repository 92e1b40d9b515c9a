#include "simulator/topology/faults.h"

#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/linux/firewall.h"

namespace sallyport::sim::topology {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<net::Executor>;
using Verdict = linux::PacketRule::Verdict;

Verdict verdict_of(PacketFault::Kind kind) {
  switch (kind) {
    case PacketFault::Kind::watch:
      return Verdict::pass;
    case PacketFault::Kind::attempts:
      return Verdict::attempts;
    case PacketFault::Kind::refused:
      return Verdict::refuse;
    case PacketFault::Kind::filtered:
      return Verdict::filter;
    case PacketFault::Kind::blackhole:
      return Verdict::blackhole;
    case PacketFault::Kind::reset:
      return Verdict::reset;
  }
  return Verdict::blackhole;
}

}  // namespace

// One fault. Its coroutine holds it until close().
class Faults::Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(net::Executor executor, const base::Clock& clock, linux::Firewall firewall, OnHit on_hit,
        std::shared_ptr<bool> lost)
      : clock_(clock),
        firewall_(std::make_unique<linux::Firewall>(std::move(firewall))),
        log_(executor, firewall_->log_fd()),
        on_hit_(std::move(on_hit)),
        lost_(std::move(lost)) {}
  ~Watch() { log_.release(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void begin(net::Executor executor) {
    asio::co_spawn(executor, follow(shared_from_this()), asio::detached);
  }
  void tell();
  void close();

 private:
  static net::Task<void> follow(std::shared_ptr<Watch> self);

  const base::Clock& clock_;
  std::unique_ptr<linux::Firewall> firewall_;  // none once closed
  Descriptor log_;                             // the firewall's: released, never closed
  OnHit on_hit_;
  std::shared_ptr<bool> lost_;  // set, never cleared
};

void Faults::Watch::tell() {
  // The callback may lift this very fault.
  while (firewall_) {
    const auto seen = firewall_->next();
    if (firewall_->overflowed()) *lost_ = true;
    if (!seen) return;
    PacketHit hit;
    hit.peer = seen->peer;
    hit.opening = seen->opening;
    hit.at = clock_.now();
    if (on_hit_) on_hit_(hit);
  }
}

void Faults::Watch::close() {
  if (!firewall_) return;
  log_.release();
  firewall_.reset();
}

net::Task<void> Faults::Watch::follow(std::shared_ptr<Watch> self) {
  while (self->firewall_) {
    const auto [error] = co_await self->log_.async_wait(Descriptor::wait_read, net::kAwait);
    if (error) co_return;
    self->tell();
  }
}

Faults::Faults(net::Executor executor, const base::Clock& clock)
    : executor_(executor), clock_(clock) {}

Faults::~Faults() {
  for (const auto& [name, watch] : watches_) watch->close();
}

base::Result<std::shared_ptr<linux::PacketFilter>> Faults::filter_of(int net_namespace) {
  struct stat status {};
  if (net_namespace >= 0) ::fstat(net_namespace, &status);
  auto& filter = filters_[status.st_ino];
  if (!filter) {
    auto opened = linux::PacketFilter::open(net_namespace);
    if (!opened) return opened.error();
    filter = std::move(*opened);
  }
  return filter;
}

base::Result<void> Faults::begin(const std::string& name, const PacketFault& fault, OnHit on_hit) {
  CHECK(!watches_.contains(name));
  linux::PacketRule rule;
  rule.listener = fault.listener;
  rule.verdict = verdict_of(fault.kind);
  rule.offset = fault.offset;
  const auto filter = filter_of(fault.net_namespace);
  if (!filter) return filter.error();
  auto installed = linux::Firewall::install(*filter, rule);
  if (!installed) return installed.error();
  auto watch =
      std::make_shared<Watch>(executor_, clock_, std::move(*installed), std::move(on_hit), lost_);
  watch->begin(executor_);
  watches_.emplace(name, std::move(watch));
  return {};
}

bool Faults::lift(const std::string& name) {
  const auto found = watches_.find(name);
  if (found == watches_.end()) return false;
  const std::shared_ptr<Watch> watch = std::move(found->second);
  watches_.erase(found);
  watch->tell();
  watch->close();
  return true;
}

void Faults::lift_all() {
  while (!watches_.empty()) lift(std::string(watches_.begin()->first));
}

bool Faults::active(const std::string& name) const { return watches_.contains(name); }

void Faults::drain() {
  std::vector<std::shared_ptr<Watch>> all;
  for (const auto& [name, watch] : watches_) all.push_back(watch);
  for (const auto& watch : all) watch->tell();
}

}  // namespace sallyport::sim::topology
