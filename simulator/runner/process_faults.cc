#include "simulator/runner/process_faults.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>

#include "reference/base/check.h"
#include "reference/net/listener.h"
#include "simulator/runner/processes.h"

namespace sallyport::sim::runner {

using scenario::Fault;
using scenario::FaultKind;

// What listens on a port that an actor would have. It takes connections, and ends them at once.
struct Squatter {
  std::shared_ptr<net::TcpListener> listener;
};

namespace {

// Of a folder that is a file system of its own; what an actor writes is far less.
constexpr const char* kFolderSize = "size=64m,mode=0755";

agents::Facts of_class(const char* name, std::string detail = {}) {
  agents::Facts facts;
  facts["class"] = std::string(name);
  if (!detail.empty()) facts["detail"] = std::move(detail);
  return facts;
}

std::string folder_of(const Stage& stage, const std::string& actor) {
  return stage.options.run_folder + "/" + actor;
}
std::string clock_of(const Stage& stage, const std::string& actor) {
  return stage.options.run_folder + "/" + actor + ".clock";
}

bool is_of_folder(FaultKind kind) {
  return kind == FaultKind::disk_full || kind == FaultKind::read_only;
}

// The actors that some step does such a fault to.
template <class Fits>
std::set<std::string> targets_of(const scenario::Cell& cell, Fits fits) {
  std::set<std::string> targets;
  for (const scenario::Step& step : cell.steps) {
    const auto* const fault = std::get_if<Fault>(&step.verb);
    if (fault != nullptr && fits(fault->kind)) targets.insert(fault->target);
  }
  return targets;
}

// Replaced whole, since the process reads it whenever it asks for the time.
bool set_clock(const Stage& stage, const std::string& actor, base::Duration by) {
  const std::string path = clock_of(stage, actor);
  const std::string fresh = path + ".new";
  if (!subject::write_file(fresh, shift_text(by) + "\n")) return false;
  return ::rename(fresh.c_str(), path.c_str()) == 0;
}

// One of ours, beside this program or above its folder; empty where it wasn't built.
std::string preload_of_ours(const char* name) {
  std::error_code ignored;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto& folder : {own, own.parent_path()}) {
    std::string path = (folder / name).string();
    if (::access(path.c_str(), R_OK) == 0) return path;
  }
  return {};
}

// libfaketime between two of ours: what stands before it keeps timers from it, what stands after it
// has a name that it looks for, without which it never starts in a sanitizer build.
std::string preloads() {
  return fmt::format("{} {} {}", preload_of_ours("libsallyport-timers.so"), find_faketime(),
                     preload_of_ours("libsallyport-ftime.so"));
}

std::optional<std::string> prepare_clock(const Stage& stage, const std::string& actor,
                                         subject::LaunchOptions& options) {
  if (find_faketime().empty()) return "libfaketime isn't there to shift the clock of " + actor;
  if (!set_clock(stage, actor, base::Duration{0}))
    return "the clock of " + actor + " can't be written";
  options.environment = {"LD_PRELOAD=" + preloads(),
                         "FAKETIME_TIMESTAMP_FILE=" + clock_of(stage, actor),
                         "FAKETIME_NO_CACHE=1",
                         "DONT_FAKE_MONOTONIC=1",
                         "FAKETIME_DONT_FAKE_MONOTONIC=1",
                         "NO_FAKE_STAT=1"};
  return std::nullopt;
}

subject::Daemon* daemon_of(const Stage& stage, const std::string& actor) {
  if (stage.gateway && actor == kGateway) return &stage.gateway->process();
  const auto found = stage.subjects.find(actor);
  return found == stage.subjects.end() ? nullptr : &found->second->process();
}

std::optional<std::uint64_t> descriptors_max(const std::map<std::string, std::uint64_t>& limits) {
  const auto found = limits.find("nofile");
  return found == limits.end() ? std::nullopt : std::optional<std::uint64_t>(found->second);
}

std::string remount(const std::string& folder, unsigned long flags, const std::string& options) {
  constexpr unsigned long kAlways = MS_REMOUNT | MS_NOSUID | MS_NODEV;
  if (::mount("none", folder.c_str(), nullptr, kAlways | flags, options.c_str()) == 0) return {};
  if (errno == EBUSY) return "a file in its folder is open for writing; stop it first";
  return fmt::format("its folder can't be remounted: {}", std::strerror(errno));
}

// As large as what is in it: whoever needs one block more gets ENOSPC.
std::string fill(const std::string& folder) {
  struct statvfs now {};
  if (::statvfs(folder.c_str(), &now) != 0) return "its folder can't be looked at";
  const std::uint64_t used = std::max<std::uint64_t>(now.f_blocks - now.f_bfree, 1) * now.f_frsize;
  return remount(folder, 0, fmt::format("size={}", used));
}

agents::Facts begin_in_folder(Stage& stage, const Fault& fault) {
  if (!is_process(stage, fault.target))
    return of_class("rejected", fault.target + " has no folder: it isn't a process");
  const std::string folder = folder_of(stage, fault.target);
  const std::string why =
      fault.kind == FaultKind::disk_full ? fill(folder) : remount(folder, MS_RDONLY, "");
  return why.empty() ? of_class("ok") : of_class("rejected", why);
}

// Whether the preload is in the process: a program that is linked statically takes none.
bool has_preload(pid_t pid) {
  const std::string maps = subject::read_file(fmt::format("/proc/{}/maps", pid));
  return maps.find("libfaketime") != std::string::npos;
}

agents::Facts begin_shift(Stage& stage, const Fault& fault) {
  const subject::Daemon* const daemon = daemon_of(stage, fault.target);
  if (daemon == nullptr)
    return of_class("rejected", fault.target + " is no supervisor and no gateway");
  if (daemon->running() && !has_preload(daemon->pid()))
    return of_class("rejected", fault.target + " takes no preload, so its clock is the machine's");
  if (!set_clock(stage, fault.target, fault.by))
    return of_class("rejected", "its clock can't be written");
  return of_class("ok");
}

net::Task<void> squat(Stage* stage, std::string step, std::shared_ptr<Squatter> squatter,
                      std::string host) {
  for (;;) {
    auto accepted = co_await squatter->listener->accept();
    if (!accepted) co_return;
    journal::Event event;
    event.source = step;
    event.source_type = "step";
    event.kind = "hit";
    event.step = stage->only_step();
    const auto peer = net::Endpoint::parse((*accepted)->peer_endpoint());
    if (peer) event.from = stage->hosts->host_of(peer->address, host);
    stage->journal.append(std::move(event));
  }
}

// Nothing while the actor itself is there.
std::string take_port(Stage& stage, const std::string& step, const std::string& actor) {
  if (process_runs(stage, actor) || stage.squatters.contains(step)) return {};
  const Stage::Listener listener = stage.listener_of(actor);
  auto socket = stage.hosts->listen_tcp(listener.host, listener.at);
  if (!socket) return "its port can't be taken: " + socket.error().message();
  auto squatter = std::make_shared<Squatter>();
  squatter->listener = std::make_shared<net::TcpListener>(stage.loop.executor(), stage.deadlines,
                                                          std::move(*socket));
  stage.squatters[step] = squatter;
  stage.group.spawn(squat(&stage, step, squatter, listener.host));
  return {};
}

agents::Facts begin_taking(Stage& stage, const std::string& step, const Fault& fault) {
  if (!is_process(stage, fault.target))
    return of_class("rejected", fault.target + " isn't a process");
  const std::string why = take_port(stage, step, fault.target);
  return why.empty() ? of_class("ok") : of_class("rejected", why);
}

// Another step's fault of the same kind on the same actor, that is still in force.
const Fault* other_in_force(const Stage& stage, const std::string& step, const Fault& fault) {
  for (const auto& [begun_by, other] : stage.faults_in_force) {
    if (begun_by != step && other.kind == fault.kind && other.target == fault.target) return &other;
  }
  return nullptr;
}

}  // namespace

bool is_process_fault(FaultKind kind) {
  return kind == FaultKind::shifted || kind == FaultKind::port_taken || is_of_folder(kind);
}

std::string shift_text(base::Duration by) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t count = by.count();
  const std::int64_t whole = count / kSecond;
  const std::int64_t rest = count % kSecond;
  return fmt::format("{}{}.{:09}", count < 0 ? "-" : "+", whole < 0 ? -whole : whole,
                     rest < 0 ? -rest : rest);
}

std::string find_faketime() {
  constexpr std::array kPatterns{"/usr/lib/*/faketime/libfaketimeMT.so.1",
                                 "/usr/lib*/faketime/libfaketimeMT.so.1",
                                 "/usr/local/lib/faketime/libfaketimeMT.so.1"};
  for (const char* const pattern : kPatterns) {
    glob_t found{};
    const bool any = ::glob(pattern, 0, nullptr, &found) == 0 && found.gl_pathc > 0;
    std::string path = any ? found.gl_pathv[0] : "";
    ::globfree(&found);
    if (any) return path;
  }
  return {};
}

std::optional<std::string> prepare_process_faults(Stage& stage) {
  for (const std::string& actor : targets_of(stage.cell, is_of_folder)) {
    const std::string folder = folder_of(stage, actor);
    ::mkdir(folder.c_str(), 0755);
    if (::mount("none", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, kFolderSize) != 0)
      return fmt::format("{} can't be a file system of its own: {}", folder, std::strerror(errno));
  }
  const std::set<std::string> shifted =
      targets_of(stage.cell, [](FaultKind kind) { return kind == FaultKind::shifted; });
  std::map<std::string, subject::LaunchOptions> options;
  for (const scenario::Supervisor& one : stage.cell.supervisors)
    options[one.name].descriptors_max = descriptors_max(one.rlimits);
  if (stage.cell.gateway)
    options[kGateway].descriptors_max = descriptors_max(stage.cell.gateway->rlimits);
  for (auto& [actor, launch] : options) {
    if (shifted.contains(actor)) {
      if (auto trouble = prepare_clock(stage, actor, launch)) return trouble;
    }
    if (subject::Daemon* const daemon = daemon_of(stage, actor))
      daemon->set_launch(std::move(launch));
  }
  return std::nullopt;
}

net::Task<agents::Facts> begin_process_fault(Stage& stage, std::string step, Fault fault,
                                             base::TimePoint) {
  switch (fault.kind) {
    case FaultKind::shifted:
      co_return begin_shift(stage, fault);
    case FaultKind::port_taken:
      co_return begin_taking(stage, step, fault);
    case FaultKind::disk_full:
    case FaultKind::read_only:
      co_return begin_in_folder(stage, fault);
    default:
      co_return of_class("rejected", "this isn't a fault of a process");
  }
}

net::Task<agents::Facts> lift_process_fault(Stage& stage, std::string step, Fault fault,
                                            base::TimePoint) {
  const Fault* const other = other_in_force(stage, step, fault);
  std::string why;
  if (fault.kind == FaultKind::shifted) {
    const bool set =
        set_clock(stage, fault.target, other != nullptr ? other->by : base::Duration{0});
    if (!set) why = "its clock can't be written";
  } else if (fault.kind == FaultKind::port_taken) {
    const auto found = stage.squatters.find(step);
    if (found != stage.squatters.end()) found->second->listener->close();
    if (found != stage.squatters.end()) stage.squatters.erase(found);
  } else if (other == nullptr) {
    const std::string folder = folder_of(stage, fault.target);
    why = fault.kind == FaultKind::disk_full ? remount(folder, 0, kFolderSize)
                                             : remount(folder, 0, "");
  }
  co_return why.empty() ? of_class("ok") : of_class("rejected", why);
}

void take_ports(Stage& stage, const std::string& actor) {
  for (const auto& [step, fault] : stage.faults_in_force) {
    if (fault.kind != FaultKind::port_taken || fault.target != actor) continue;
    const std::string why = take_port(stage, step, actor);
    if (!why.empty() && !stage.trouble) stage.trouble = step + ": " + why;
  }
}

}  // namespace sallyport::sim::runner
