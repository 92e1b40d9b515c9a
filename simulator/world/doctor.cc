#include "simulator/world/doctor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <optional>
#include <string_view>

#include "reference/linux/error.h"
#include "reference/linux/firewall.h"
#include "reference/linux/links.h"
#include "reference/linux/namespaces.h"
#include "simulator/world/clone_world.h"
#include "simulator/world/remedy.h"

namespace sallyport::sim::world {
namespace {

// What the throwaway world found, one line each: empty for well, else what the kernel said.
struct Inside {
  bool set_up = false;
  std::string files;
  std::string veth;
  std::string proc;
  std::string firewall;
};

std::string try_veth() {
  auto ns = linux::make_net_namespace();
  if (!ns) return ns.error().message();
  auto links = linux::Links::open();
  if (!links) return links.error().message();
  if (auto made = links->add_veth("probe0", "probe1", ns->get()); !made) {
    return made.error().message();
  }
  return {};
}

std::string try_protect_proc() {
  std::string about;
  if (auto done = protect_proc(about); !done) return about + ": " + done.error().message();
  return {};
}

void send(int channel, std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  text.push_back('\n');
  // A scheduler that is gone reads nothing; then there is nobody to tell.
  [[maybe_unused]] const ssize_t size = ::write(channel, text.data(), text.size());
}

std::vector<std::string> read_lines(int channel) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t size = ::read(channel, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const auto end = text.find('\n', start);
    if (end == std::string::npos) break;
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

Inside try_world(WorldHandle& world) {
  const auto lines = read_lines(world.channel.get());
  ::waitpid(world.pid, nullptr, 0);
  Inside inside;
  if (lines.size() == 1) inside.files = lines[0];
  if (lines.size() == 3) {
    inside.set_up = true;
    inside.veth = lines[0];
    inside.proc = lines[1];
    inside.firewall = lines[2];
  }
  if (lines.empty()) inside.files = "the world ended before it said anything";
  return inside;
}

Finding finding(std::string name, std::string what, const std::string& complaint,
                const Machine& machine) {
  Finding found;
  found.name = std::move(name);
  found.what = std::move(what);
  found.ok = complaint.empty();
  found.detail = complaint;
  if (!found.ok) found.remedy = remedy_for(found.name, complaint, machine);
  return found;
}

}  // namespace

std::vector<Finding> probe() {
  const Machine machine = look_at_machine();
  WorldPlan plan;
  auto body = [](WorldContext& context) {
    send(context.channel.get(), try_veth());
    send(context.channel.get(), try_protect_proc());
    send(context.channel.get(), linux::try_firewall());
    return 0;
  };
  auto failed = [](WorldContext& context, std::string_view what) {
    send(context.channel.get(), std::string(what));
    return 4;
  };
  auto world = clone_world(plan, body, failed);
  std::vector<Finding> all;
  const std::string clone_error = world ? std::string() : world.error().message();
  all.push_back(finding("user_namespaces", "worlds can be made (user namespaces, clone3)",
                        clone_error, machine));
  if (!world) return all;
  const Inside inside = try_world(*world);
  all.push_back(
      finding("mounts", "a world's files can be set up (mounts, /proc)", inside.files, machine));
  if (inside.set_up) {
    all.push_back(
        finding("veth", "hosts can be linked (network namespaces, veth)", inside.veth, machine));
    all.push_back(finding("proc", "/proc/sys can be protected", inside.proc, machine));
    Finding filter = finding("firewall", "packets can be filtered and logged (nf_tables, NFLOG)",
                             inside.firewall, machine);
    filter.required = false;
    all.push_back(std::move(filter));
  }
  Finding ids = finding("ids", "processes can run as other users (ids mapped)",
                        world->ids ? "" : "only one user can be mapped", machine);
  ids.required = false;
  all.push_back(std::move(ids));
  return all;
}

bool can_run(const std::vector<Finding>& findings) {
  return std::all_of(findings.begin(), findings.end(),
                     [](const Finding& one) { return one.ok || !one.required; });
}

}  // namespace sallyport::sim::world
