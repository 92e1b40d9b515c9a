#include "simulator/middleware/service_commands.h"

#include <fmt/format.h>

#include <filesystem>

namespace sallyport::sim::middleware {
namespace {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

world::CommandSpec ours(const Surroundings& around) {
  world::CommandSpec command;
  command.argv = {around.binary};
  command.environment = {std::string("PATH=") + kPath, "LANG=C.UTF-8", world::kNoLeakSearch};
  command.cwd = around.folder;
  command.host = around.host;
  return command;
}

std::string_view kind_name(ServiceFault kind) {
  switch (kind) {
    case ServiceFault::slow:
      return "slow";
    case ServiceFault::unavailable:
      return "unavailable";
    case ServiceFault::internal:
      return "internal";
    case ServiceFault::malformed:
      return "malformed";
  }
  return {};
}

}  // namespace

std::string fault_line(const std::string& name, ServiceFault kind, base::Duration delay) {
  std::string line = fmt::format("begin {} {}", name, kind_name(kind));
  if (kind == ServiceFault::slow) {
    const auto rounded = std::chrono::duration_cast<std::chrono::microseconds>(delay);
    line += fmt::format(" {}us", rounded.count());
  }
  return line;
}

std::string early_end(const world::Exit& end, const std::string& said) {
  return fmt::format("it ended before it was ready ({} {}{}{}): {}",
                     end.kind == world::Exit::Kind::signalled ? "signal" : "exit", end.value,
                     end.detail.empty() ? "" : ": ", end.detail, said);
}

world::CommandSpec fake_command(const Surroundings& around, const net::Endpoint& at,
                                const std::string& script,
                                const std::vector<std::string>& control) {
  world::CommandSpec command = ours(around);
  command.argv.insert(command.argv.end(),
                      {"--listen", at.to_string(), "--script", script, "--ready-fd",
                       std::to_string(kReadyFd), "--event-fd", std::to_string(kEventFd)});
  for (const std::string& line : control)
    command.argv.insert(command.argv.end(), {"--control", line});
  return command;
}

world::CommandSpec foreign_command(const ServiceSpec& spec, const Surroundings& around) {
  world::CommandSpec command;
  command.argv = spec.command;
  const std::string beside = std::filesystem::path(around.binary).parent_path().string();
  command.environment = {"PATH=" + beside + ":" + kPath, "LANG=C.UTF-8", world::kNoLeakSearch,
                         "HOME=" + around.folder, "TMPDIR=" + around.folder};
  for (const auto& [name, value] : spec.environment)
    command.environment.push_back(name + "=" + value);
  command.cwd = around.scenario_folder.empty() ? around.folder : around.scenario_folder;
  command.host = around.host;
  return command;
}

world::CommandSpec probe_command(const Surroundings& around, const net::Endpoint& at) {
  world::CommandSpec command = ours(around);
  net::Endpoint dialled = at;
  if (at.address.is_unspecified()) dialled.address = net::IpAddress::v4(0x7f000001);
  command.argv.insert(command.argv.end(),
                      {"--probe", dialled.to_string(), "--ready-fd", std::to_string(kReadyFd)});
  return command;
}

}  // namespace sallyport::sim::middleware
