#include "simulator/runner/escapes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace sallyport::sim::runner {
namespace {

constexpr std::size_t kShown = 4;

// An address of the world, and who named it.
struct Declared {
  net::IpAddress address;
  std::string by;   // `provider api`
  base::Mark mark;  // {0, 0}: in no line of the file
};

std::vector<Declared> declared_in(const scenario::Cell& cell) {
  std::vector<Declared> all;
  const auto add = [&all](const net::IpAddress& address, std::string by, base::Mark mark) {
    if (!address.is_unspecified() && !address.is_loopback())
      all.push_back({address, std::move(by), mark});
  };
  for (const providers::ProviderSpec& provider : cell.providers)
    add(provider.listen.address, "provider " + provider.name, provider.mark);
  for (const providers::DecoySpec& decoy : cell.decoys)
    add(decoy.listen.address, "decoy " + decoy.name, decoy.mark);
  for (const middleware::ServiceSpec& service : cell.middleware)
    add(service.listen.address, "middleware " + service.name, service.mark);
  if (cell.gateway) add(cell.gateway->listen.address, "the gateway", {0, 0});
  for (const scenario::Supervisor& one : cell.supervisors)
    add(one.listen.address, one.name, {0, 0});
  for (const topology::HostSpec& host : cell.hosts) {
    for (const auto& [address, prefix] : host.addresses)
      add(address, "host " + host.name, host.mark);
  }
  for (const auto& [host, link] : cell.inner_links) {
    add(link.inner, "host " + host, {0, 0});
    add(link.outer, "host " + link.parent, {0, 0});
  }
  return all;
}

// Leading bits that two addresses have in common; -1 for different families.
int common_bits(const net::IpAddress& a, const net::IpAddress& b) {
  if (a.is_v4() != b.is_v4()) return -1;
  const int most = a.is_v4() ? 32 : 128;
  int bits = 0;
  while (bits < most && net::Cidr(a, bits + 1).contains(b)) ++bits;
  return bits;
}

std::optional<Declared> nearest(const std::vector<Declared>& all, const net::IpAddress& to) {
  const auto best =
      std::max_element(all.begin(), all.end(), [&to](const Declared& a, const Declared& b) {
        return common_bits(a.address, to) < common_bits(b.address, to);
      });
  if (best == all.end() || best->address.is_v4() != to.is_v4()) return std::nullopt;
  return *best;
}

std::string steps_of(const SeenEscape& escape) {
  if (escape.under_way.size() == 1) return "the step under way: " + escape.under_way.front();
  if (!escape.under_way.empty())
    return fmt::format("the steps under way: {}", fmt::join(escape.under_way, ", "));
  return "no step was under way" +
         (escape.last.empty() ? std::string() : "; the last one: " + escape.last);
}

}  // namespace

std::vector<Failure> escape_failures(const scenario::Scenario& scenario, const scenario::Cell& cell,
                                     const std::vector<SeenEscape>& escapes) {
  std::vector<Failure> failures;
  const std::vector<Declared> declared = declared_in(cell);
  for (const SeenEscape& escape : escapes) {
    if (failures.size() == kShown) break;
    const topology::Escape& packet = escape.packet;
    const std::string to = packet.port == 0 ? packet.to.to_string()
                                            : net::Endpoint{packet.to, packet.port}.to_string();
    Failure failure;
    failure.verdict = Verdict::escape;
    failure.claim = "no packet goes to an address that isn't one of this world";
    failure.expected = "none";
    failure.observed = fmt::format("{} sent {} to {}", packet.host, packet.protocol, to);
    failure.file = scenario.path;
    failure.mark = scenario.title_place.mark;
    failure.lanes = {packet.host};
    if (const auto near = nearest(declared, packet.to)) {
      if (near->mark.line > 0) failure.mark = near->mark;
      failure.notes.push_back(
          fmt::format("the nearest address: {} of {}", near->address.to_string(), near->by));
    }
    failure.notes.push_back(steps_of(escape));
    failures.push_back(std::move(failure));
  }
  if (escapes.size() > failures.size()) {
    failures.back().notes.push_back(
        fmt::format("and {} more destinations", escapes.size() - failures.size()));
  }
  return failures;
}

}  // namespace sallyport::sim::runner
