#include "simulator/topology/hosts_settings.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "reference/base/unique_fd.h"
#include "reference/linux/error.h"

namespace sallyport::sim::topology {
namespace {

base::Result<void> set(const std::string& name, std::string_view value) {
  const std::string path = "/proc/sys/net/" + name;
  const base::UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  // A kernel without IPv6 has nothing to switch off.
  if (!file && errno == ENOENT) return {};
  if (!file) return linux::failure(linux::Operation::set_sysctl, errno);
  std::array<char, 32> has{};
  const ssize_t size = ::pread(file.get(), has.data(), has.size(), 0);
  if (size == static_cast<ssize_t>(value.size()) + 1 &&
      std::string_view(has.data(), value.size()) == value) {
    return {};
  }
  if (::pwrite(file.get(), value.data(), value.size(), 0) != static_cast<ssize_t>(value.size()))
    return linux::failure(linux::Operation::set_sysctl, errno);
  return {};
}

base::Result<void> set_ipv6(const HostSpec& host) {
  if (auto done = set("ipv6/conf/all/disable_ipv6", host.ipv6 == Ipv6::disabled ? "1" : "0");
      !done || host.ipv6 == Ipv6::disabled) {
    return done;
  }
  // Of links to come: addresses are in use at once, and nobody asks for routers.
  for (const char* const name : {"accept_dad", "accept_ra", "router_solicitations"}) {
    if (auto done = set(std::string("ipv6/conf/default/") + name, "0"); !done) return done;
  }
  if (auto done = set("ipv6/conf/all/forwarding", host.forward ? "1" : "0"); !done) return done;
  return set("ipv6/icmp/ratelimit", "0");
}

}  // namespace

base::Result<void> apply_settings(const HostSpec& host, bool routed) {
  if (auto done = set_ipv6(host); !done) return done;
  if (auto done = set("ipv4/ip_forward", host.forward ? "1" : "0"); !done) return done;
  if (auto done = set("ipv4/ip_unprivileged_port_start", "0"); !done) return done;
  // A second refusal within a second would be kept back, and look like a loss.
  if (auto done = set("ipv4/icmp_ratelimit", "0"); !done) return done;
  if (!routed) return {};
  if (auto done = set("ipv4/conf/all/rp_filter", "0"); !done) return done;
  return set("ipv4/conf/default/rp_filter", "0");
}

base::Result<void> disable_ipv6_on(const char* link) {
  return set(std::string("ipv6/conf/") + link + "/disable_ipv6", "1");
}

}  // namespace sallyport::sim::topology
