#include "simulator/world/testing/in_world.h"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "reference/base/check.h"

namespace sallyport::sim::world::testing {
namespace {

int send(int channel, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(channel, text.data(), text.size());
    if (size < 0) return 4;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return 0;
}

net::Task<void> run_to_end(Process& process, std::optional<Exit>& exit) {
  exit = co_await process.wait();
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string path = std::filesystem::temp_directory_path() / "sallyport-test-XXXXXX";
  CHECK(::mkdtemp(path.data()) != nullptr);
  std::filesystem::permissions(path, std::filesystem::perms(0755));
  path_ = std::filesystem::canonical(path);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string in_world(const WorldPlan& plan, const Observe& observe) {
  auto body = [&observe](WorldContext& context) {
    return send(context.channel.get(), observe(context));
  };
  auto failed = [](WorldContext& context, std::string_view what) {
    return send(context.channel.get(), "set-up: " + std::string(what));
  };
  auto world = clone_world(plan, body, failed);
  if (!world) return "clone: " + world.error().message();
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t size = ::read(world->channel.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  int status = 0;
  CHECK(::waitpid(world->pid, &status, 0) == world->pid);
  if (WIFSIGNALED(status)) return text + "signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return text + "exit " + std::to_string(WEXITSTATUS(status));
  return text;
}

WorldPlan plan_with(const TemporaryFolder& folder) {
  WorldPlan plan;
  plan.files.run_folder = folder.path();
  plan.files.read_only.push_back(std::filesystem::read_symlink("/proc/self/exe").parent_path());
  return plan;
}

Ran run(const CommandSpec& spec) {
  net::Loop loop;
  auto process = spawn(loop.executor(), spec);
  CHECK(process.has_value());
  std::optional<Exit> exit;
  net::asio::co_spawn(loop.executor(), run_to_end(**process, exit), net::asio::detached);
  loop.context().run();
  CHECK(exit.has_value());
  Ran ran;
  ran.exit = *exit;
  ran.out = (*process)->out();
  ran.err = (*process)->err();
  ran.dropped = (*process)->output_dropped();
  return ran;
}

std::string describe(const Ran& ran) {
  std::string text;
  switch (ran.exit.kind) {
    case Exit::Kind::exited:
      text = "exit";
      break;
    case Exit::Kind::signalled:
      text = "signal";
      break;
    case Exit::Kind::exec_failed:
      text = "exec_failed";
      break;
    case Exit::Kind::setup_failed:
      text = "setup_failed";
      break;
  }
  text += " " + std::to_string(ran.exit.value);
  if (!ran.exit.detail.empty()) text += " (" + ran.exit.detail + ")";
  return text + " \"" + ran.out + "\" \"" + ran.err + "\"";
}

CommandSpec shell(const std::string& script) {
  CommandSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  spec.environment = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"};
  return spec;
}

}  // namespace sallyport::sim::world::testing
