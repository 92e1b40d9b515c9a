#include "reference/net/resolver.h"

#include <algorithm>

#include "reference/net/cares_lookup.h"

namespace sallyport::net {
namespace {

constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelBytesMax &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

}  // namespace

bool is_resolvable_name(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (name.empty() || name.size() > kNameBytesMax) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

base::Result<std::unique_ptr<CaresResolver>> CaresResolver::create(Executor executor,
                                                                   Deadlines& deadlines,
                                                                   const ResolverConfig& config) {
  HostsFile hosts;
  if (!config.hosts_path.empty()) {
    auto loaded = HostsFile::load(config.hosts_path);
    if (loaded.has_error()) return loaded.error();
    hosts = std::move(*loaded);
  }
  return std::make_unique<CaresResolver>(executor, deadlines, config.servers, std::move(hosts),
                                         config.bound);
}

CaresResolver::CaresResolver(Executor executor, Deadlines& deadlines, std::vector<Endpoint> servers,
                             HostsFile hosts, base::Duration bound)
    : executor_(executor),
      deadlines_(deadlines),
      servers_(std::move(servers)),
      hosts_(std::move(hosts)),
      bound_(bound) {}

Task<base::Result<std::vector<IpAddress>>> CaresResolver::resolve(std::string name) {
  if (const auto literal = IpAddress::parse(name)) {
    co_return std::vector<IpAddress>(1, *literal);
  }
  if (!is_resolvable_name(name)) co_return ResolveErrc::malformed;
  std::vector<IpAddress> known = hosts_.find(name);
  if (!known.empty()) co_return known;
  if (servers_.empty()) co_return ResolveErrc::not_found;
  // The resolver isn't touched after this line: it may be gone when the answer comes.
  CaresLookup lookup(executor_, deadlines_, bound_);
  const std::vector<Endpoint> servers = servers_;
  co_return co_await lookup.ask(servers, std::move(name));
}

}  // namespace sallyport::net
