// Looking at what processes hold, and waiting for their sockets to end.
#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "reference/linux/namespaces.h"
#include "reference/net/event.h"
#include "simulator/runner/leaks.h"
#include "simulator/runner/processes.h"
#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {
namespace {

using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

// gRPC's threads and queues come and go with what it has to do.
constexpr std::size_t kThreadsOfGrpc = 24;
constexpr std::size_t kUnnamedOfGrpc = 32;
// What runs in a foreign subject is its own: a pool of threads that grows with what it has to do is
// no leak.
constexpr std::size_t kThreadsOfOthers = 256;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// What stands behind each open descriptor of the process whose /proc folder is `folder`.
std::vector<std::pair<int, std::string>> targets_in(const std::string& folder) {
  std::vector<std::pair<int, std::string>> targets;
  const std::unique_ptr<DIR, CloseFolder> entries(::opendir(folder.c_str()));
  if (!entries) return targets;
  std::array<char, 4096> target{};
  while (const dirent* const entry = ::readdir(entries.get())) {
    if (entry->d_name[0] == '.') continue;
    const ssize_t size =
        ::readlinkat(::dirfd(entries.get()), entry->d_name, target.data(), target.size());
    if (size > 0)
      targets.emplace_back(std::atoi(entry->d_name),
                           std::string(target.data(), static_cast<std::size_t>(size)));
  }
  return targets;
}

std::optional<net::Endpoint> endpoint_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> name{};
  std::uint16_t port = 0;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, name.data(), name.size());
    port = ntohs(v4.sin_port);
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, name.data(), name.size());
    port = ntohs(v6.sin6_port);
  }
  const auto parsed = net::IpAddress::parse(name.data());
  if (!parsed) return std::nullopt;
  return net::Endpoint{*parsed, port};
}

std::size_t threads_of(const std::string& status) {
  const std::size_t at = status.find("\nThreads:");
  return at == std::string::npos ? 0 : std::stoul(status.substr(at + 9, 12));
}

std::vector<std::string> children_of(pid_t pid, const std::vector<world::RunningProcess>& all) {
  std::vector<std::string> found;
  std::set<pid_t> family{pid};
  // Sorted by pid; a parent has nearly always the lower one.
  for (const world::RunningProcess& process : all) {
    if (!family.contains(process.parent)) continue;
    family.insert(process.pid);
    found.push_back(fmt::format("{} (pid {})", process.command, process.pid));
  }
  return found;
}

Holdings look_at(pid_t pid, const std::vector<world::RunningProcess>& all) {
  const std::string folder = fmt::format("/proc/{}/", pid);
  Holdings holdings;
  holdings.pid = pid;
  const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  for (auto& [fd, target] : targets_in(folder + "fd")) {
    if (target.starts_with("socket:")) {
      if (const auto socket = tcp_socket_of(process.get(), fd))
        holdings.sockets.emplace(target, *socket);
    }
    holdings.descriptors.push_back(std::move(target));
  }
  holdings.threads = threads_of(subject::read_file(folder + "status"));
  holdings.children = children_of(pid, all);
  return holdings;
}

// Those that somebody waits for.
std::vector<pid_t> awaited(const Stage& stage) {
  std::vector<pid_t> pids;
  if (stage.gateway) pids.push_back(stage.gateway->process().pid());
  for (const auto& [name, subject] : stage.subjects) pids.push_back(subject->process().pid());
  for (const auto& [name, service] : stage.services) pids.push_back(service->pid());
  return pids;
}

// The daemons whose holdings are watched: gateway and supervisors.
const subject::Daemon* daemon_of(const Stage& stage, const std::string& actor) {
  if (stage.gateway && actor == kGateway) return &stage.gateway->process();
  const auto found = stage.subjects.find(actor);
  return found == stage.subjects.end() ? nullptr : &found->second->process();
}

bool is_foreign(const Stage& stage, const std::string& actor) {
  const auto found = stage.subjects.find(actor);
  return found != stage.subjects.end() && !stage.options.subject.here.empty();
}

// Nothing can be said of an actor that a fault still holds back.
bool is_held_back(const Stage& stage, const std::string& actor) {
  return std::any_of(
      stage.faults_in_force.begin(), stage.faults_in_force.end(), [&actor](const auto& fault) {
        return fault.second.target == actor && fault.second.kind != scenario::FaultKind::none;
      });
}

Keeping keeping_of(const Stage& stage, const std::string& actor) {
  Keeping keeping;
  const auto keep = [&](const std::string& peer) {
    keeping.peers.insert(stage.listener_of(peer).at.port);
  };
  if (stage.gateway) keep(kGateway);
  for (const auto& [name, service] : stage.services) keep(name);
  for (const auto& [step, fault] : stage.faults_in_force) {
    const bool listens =
        stage.providers.contains(fault.target) || stage.subjects.contains(fault.target);
    if (listens) keep(fault.target);
  }
  if (actor == kGateway) keeping.own = stage.listener_of(actor).at.port;
  if (stage.gateway || !stage.services.empty()) {
    keeping.threads = kThreadsOfGrpc;
    keeping.unnamed = kUnnamedOfGrpc;
  }
  if (is_foreign(stage, actor)) {
    keeping.threads = kThreadsOfOthers;
    keeping.unnamed = kUnnamedOfGrpc;
  }
  return keeping;
}

std::vector<std::string> look_once(const Stage& stage) {
  std::vector<std::string> found;
  const std::vector<world::RunningProcess> all = world::running_processes(awaited(stage));
  for (const auto& [actor, before] : stage.holdings) {
    const subject::Daemon* const daemon = daemon_of(stage, actor);
    if (daemon == nullptr || !daemon->running() || daemon->pid() != before.pid) continue;
    if (is_held_back(stage, actor)) continue;
    const Holdings now = look_at(before.pid, all);
    for (const std::string& what : leaked(before, now, keeping_of(stage, actor)))
      found.push_back(actor + " has " + what);
  }
  return found;
}

// A socket of `host` that the kernel tells of TCP sockets that are no more.
base::UniqueFd open_ends(const Stage& stage, const std::string& host) {
  const auto inside = linux::NetNamespaceGuard::enter(stage.hosts->fd(host));
  if (!inside) return {};
  base::UniqueFd socket(
      ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  sockaddr_nl any{};
  any.nl_family = AF_NETLINK;
  if (!socket || ::bind(socket.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) != 0)
    return {};
  for (const int group : {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY}) {
    const int joined =
        ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group);
    if (joined != 0) return {};
  }
  return socket;
}

struct Ends {
  explicit Ends(net::Executor executor) : changed(executor) {}
  net::Event changed;
  std::vector<std::unique_ptr<Descriptor>> sockets;
};

net::Task<void> follow_ends(std::shared_ptr<Ends> ends, std::size_t which) {
  Descriptor& socket = *ends->sockets[which];
  std::array<char, 8192> buffer{};
  for (;;) {
    const auto [error] = co_await socket.async_wait(Descriptor::wait_read, net::kAwait);
    if (error) co_return;
    while (::recv(socket.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) {
    }
    ends->changed.notify();
  }
}

std::shared_ptr<Ends> watch_ends(Stage& stage) {
  auto ends = std::make_shared<Ends>(stage.loop.executor());
  std::set<std::string> hosts;
  for (const auto& [actor, before] : stage.holdings) hosts.insert(stage.listener_of(actor).host);
  for (const std::string& host : hosts) {
    base::UniqueFd socket = open_ends(stage, host);
    if (!socket) continue;
    ends->sockets.push_back(std::make_unique<Descriptor>(stage.loop.executor(), socket.release()));
    stage.group.spawn(follow_ends(ends, ends->sockets.size() - 1));
  }
  return ends;
}

}  // namespace

std::optional<TcpSocket> tcp_socket_of(int process, int fd) {
  const base::UniqueFd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, process, fd, 0)));
  if (!copy) return std::nullopt;
  int protocol = 0;
  socklen_t size = sizeof protocol;
  if (::getsockopt(copy.get(), SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0 ||
      protocol != IPPROTO_TCP)
    return std::nullopt;
  TcpSocket socket;
  tcp_info info{};
  size = sizeof info;
  if (::getsockopt(copy.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
    socket.state = info.tcpi_state;
  sockaddr_storage address{};
  size = sizeof address;
  if (::getsockname(copy.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0)
    socket.local = endpoint_of(address).value_or(net::Endpoint{});
  size = sizeof address;
  // One that listens or has lost its peer has no name there.
  if (::getpeername(copy.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0)
    socket.remote = endpoint_of(address).value_or(net::Endpoint{});
  return socket;
}

void note_holdings(Stage& stage, const std::string& actor) {
  const subject::Daemon* const daemon = daemon_of(stage, actor);
  if (daemon == nullptr || !daemon->running()) return;
  // Ours have no children when they are ready; a foreign one may hold its agent's namespace by one.
  std::vector<world::RunningProcess> all;
  if (is_foreign(stage, actor)) all = world::running_processes(awaited(stage));
  stage.holdings[actor] = look_at(daemon->pid(), all);
}

net::Task<std::vector<std::string>> held_leaks(Stage& stage, base::TimePoint deadline) {
  std::vector<std::string> found = look_once(stage);
  if (found.empty()) co_return found;
  // What has just lost its peers takes a turn of its own loop to notice.
  const std::shared_ptr<Ends> ends = watch_ends(stage);
  net::Deadline bound(stage.deadlines, [ends] { ends->changed.notify(); });
  bound.set(deadline);
  found = look_once(stage);
  while (!found.empty() && !bound.passed()) {
    if (!co_await ends->changed.wait()) break;
    found = look_once(stage);
  }
  for (const auto& socket : ends->sockets) {
    boost::system::error_code ignored;
    socket->close(ignored);
  }
  co_return found;
}

}  // namespace sallyport::sim::runner
