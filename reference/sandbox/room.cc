#include "reference/sandbox/room.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "reference/identity/socket_query.h"
#include "reference/linux/bypass_filter.h"
#include "reference/linux/error.h"
#include "reference/linux/landlock.h"
#include "reference/linux/links.h"
#include "reference/linux/mounts.h"
#include "reference/linux/namespaces.h"
#include "reference/net/listener.h"

namespace sallyport::sandbox {
namespace {

// As in the field system, but for the number: each lies in namespaces of its own.
constexpr const char* kProxyLink = "veth-h-agent";
constexpr const char* kAgentLink = "veth-s-agent";

base::Result<void> connect_namespaces(const Plan& plan, int proxy_side) {
  auto here = linux::Links::open();
  if (!here) return here.error();
  auto there = linux::Links::open(proxy_side);
  if (!there) return there.error();
  if (auto done = here->set_up("lo", true); !done) return done;
  if (auto done = here->add_veth(kAgentLink, kProxyLink, proxy_side); !done) return done;
  if (auto done = there->set_up(kProxyLink, true); !done) return done;
  if (auto done = here->add_address(kAgentLink, plan.address, plan.prefix); !done) return done;
  if (auto done = there->add_address(kProxyLink, plan.proxy.address, plan.prefix); !done)
    return done;
  if (auto done = here->add_default_route(plan.proxy.address); !done) return done;
  return here->await_operational(kAgentLink);
}

base::Result<base::UniqueFd> listen_inside(int proxy_side, const net::Endpoint& at) {
  const auto inside = linux::NetNamespaceGuard::enter(proxy_side);
  if (!inside) return inside.error();
  return net::TcpListener::bind(at);
}

base::Result<void> set_up_network(const Plan& plan, Room& room) {
  // Lives on in the listener and in the pair.
  auto proxy_side = linux::make_net_namespace();
  if (!proxy_side) return proxy_side.error();
  if (auto done = connect_namespaces(plan, proxy_side->get()); !done) return done;
  auto listening = listen_inside(proxy_side->get(), plan.proxy);
  if (!listening) return listening.error();
  room.listening = std::move(*listening);
  auto attempts = linux::BypassFilter::install(-1, plan.proxy);
  if (!attempts) return attempts.error();
  room.attempts = std::move(*attempts);
  auto query = identity::open_socket_query();
  if (!query) return query.error();
  room.socket_diag = std::move(*query);
  auto netns = linux::open_namespace(linux::NamespaceKind::net);
  if (!netns) return netns.error();
  room.netns = std::move(*netns);
  struct stat status {};
  if (::fstat(room.netns.get(), &status) == 0) room.report.netns = status.st_ino;
  return {};
}

std::string set_up_mounts(const Plan& plan, Report& report) {
  if (auto done = linux::make_mounts_private(); !done) return done.error().message();
  // In a container whose own /proc is covered in places the kernel refuses a new one.
  if (auto done = linux::mount_proc("/proc"); done) {
    report.own_proc = true;
  } else {
    report.degraded.push_back(fmt::format("the sandbox sees the machine's processes in /proc: {}",
                                          done.error().message()));
  }
  if (plan.hidden.empty()) return {};
  if (auto done = linux::mount_tmpfs(plan.hidden, "0555"); !done)
    return fmt::format("covering {}: {}", plan.hidden, done.error().message());
  return {};
}

std::string add_place(const FilePlan& plan, const FilePlace& place, linux::FileRules& rules,
                      Report& report) {
  const auto added = rules.add(place.path, place.access);
  if (added) return {};
  const std::string what = fmt::format("{}: {}", place.path, added.error().message());
  if (plan.required && place.stated) return what;
  if (linux::errno_of(added.error()) == ENOENT) {
    if (place.stated) report.missing.push_back(place.path);
  } else {
    report.degraded.push_back("a path of the file rules was left out: " + what);
  }
  return {};
}

std::string set_up_files(const Plan& plan, Room& room) {
  room.report.landlock = linux::landlock_version();
  if (!plan.files.confined || plan.files.places.empty()) return {};
  auto rules = linux::FileRules::create();
  if (!rules) return plan.files.required ? rules.error().message() : std::string();
  for (const FilePlace& place : plan.files.places) {
    std::string wrong = add_place(plan.files, place, *rules, room.report);
    if (!wrong.empty()) return wrong;
  }
  room.report.rules = rules->size();
  room.rules.emplace(std::move(*rules));
  return {};
}

}  // namespace

std::string set_up_room(const Plan& plan, Room& room) {
  if (auto done = set_up_network(plan, room); !done)
    return fmt::format("the sandbox's network: {}", done.error().message());
  if (std::string wrong = set_up_mounts(plan, room.report); !wrong.empty())
    return fmt::format("the sandbox's mounts: {}", wrong);
  if (std::string wrong = set_up_files(plan, room); !wrong.empty())
    return fmt::format("the sandbox's file rules: {}", wrong);
  return {};
}

}  // namespace sallyport::sandbox
