#include "simulator/world/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "reference/linux/namespaces.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::world {
namespace {

using testing::describe;
using testing::in_world;
using testing::plan_with;
using testing::run;
using testing::shell;
using testing::TemporaryFolder;

// Runs one command in a world of its own, and describes its end.
std::string in_world_run(const CommandSpec& spec) {
  const TemporaryFolder folder;
  return in_world(plan_with(folder), [&spec](WorldContext&) { return describe(run(spec)); });
}

TEST(Process, TellsOutputAndExitCode) {
  EXPECT_EQ(in_world_run(shell("printf out; printf err >&2; exit 3")), "exit 3 \"out\" \"err\"");
}

TEST(Process, MayOpenSoManyDescriptors) {
  CommandSpec spec = shell("ulimit -Sn; ulimit -Hn");
  spec.descriptors_max = 40;
  EXPECT_EQ(in_world_run(spec), "exit 0 \"40\n40\n\" \"\"");
}

TEST(Process, MoreDescriptorsThanTheHardLimitAreToldAsSuch) {
  const TemporaryFolder folder;
  const std::string end = in_world(plan_with(folder), [](WorldContext&) {
    rlimit limit{400, 400};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    CommandSpec spec = shell("true");
    spec.descriptors_max = 401;
    return run(spec).exit.detail;
  });
  EXPECT_NE(end.find("401 descriptors (the hard limit here is 400)"), std::string::npos) << end;
}

TEST(Process, TellsTheSignalThatKilledIt) {
  EXPECT_EQ(in_world_run(shell("kill -TERM $$")), "signal 15 \"\" \"\"");
}

TEST(Process, TellsThatACommandCouldNotBeExecuted) {
  CommandSpec spec;
  spec.argv = {"no-such-command"};
  spec.environment = {"PATH=/bin:/usr/bin"};
  EXPECT_EQ(in_world_run(spec),
            "exec_failed 2 (no-such-command: executing: No such file or directory (ENOENT)) "
            "\"\" \"\"");
}

TEST(Process, TellsThatItsFolderIsMissing) {
  CommandSpec spec = shell("true");
  spec.cwd = "/nowhere";
  EXPECT_EQ(in_world_run(spec).substr(0, 14), "setup_failed 2");
}

TEST(Process, ReadsItsInputToTheEnd) {
  CommandSpec spec = shell("wc -c");
  spec.stdin_text = std::string(200'000, 'x');
  EXPECT_EQ(in_world_run(spec), "exit 0 \"200000\n\" \"\"");
}

TEST(Process, HasTheGivenEnvironmentAndNoOther) {
  CommandSpec spec;
  spec.argv = {"/usr/bin/env"};
  spec.environment = {"A=1", "B=x y"};
  EXPECT_EQ(in_world_run(spec), "exit 0 \"A=1\nB=x y\n\" \"\"");
}

TEST(Process, KeepsABoundedPartOfItsOutput) {
  CommandSpec spec = shell("head -c 3000000 /dev/zero; echo end >&2");
  spec.output_bytes_max = 1000;
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [&spec](WorldContext&) {
                       const auto ran = run(spec);
                       return std::to_string(ran.out.size()) + (ran.dropped ? " dropped " : " ") +
                              ran.err + std::to_string(ran.exit.value);
                     }),
            "1000 dropped end\n0");
}

TEST(Process, EndsWithItsCommandThoughABackgroundChildHoldsItsOutput) {
  EXPECT_EQ(in_world_run(shell("sleep 600 & echo started")), "exit 0 \"started\n\" \"\"");
}

TEST(Process, GetsListedDescriptorsAndNoOther) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext& context) {
                       CommandSpec spec = shell(
                           "for f in 3 4 5 6 7 8 9 20 21; do "
                           "[ -e /proc/$$/fd/$f ] && echo $f; done; "
                           "echo told >&7");
                       int ends[2] = {};
                       if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::string("pipe");
                       // One takes the number that the other has here.
                       const base::UniqueFd twenty(::fcntl(ends[1], F_DUPFD_CLOEXEC, 20));
                       spec.descriptors = {{twenty.get(), 7}, {context.channel.get(), 20}};
                       const auto ran = run(spec);
                       char told[16] = {};
                       const ssize_t size = ::read(ends[0], told, sizeof told);
                       return describe(ran) + std::string(told, size < 0 ? 0 : size);
                     }),
            "exit 0 \"7\n20\n\" \"\"told\n");
}

TEST(Process, SeesTheNameFilesOfItsHost) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [&folder](WorldContext&) {
                       CommandSpec spec = shell(
                           "cat /etc/resolv.conf /etc/hosts /etc/nsswitch.conf; getent hosts name");
                       std::ofstream(folder.path() + "/r") << "nameserver 192.0.2.1\n";
                       std::ofstream(folder.path() + "/h") << "192.0.2.7 name\n";
                       std::ofstream(folder.path() + "/n") << "hosts: files\n";
                       spec.host.resolv_conf = folder.path() + "/r";
                       spec.host.hosts = folder.path() + "/h";
                       spec.host.nsswitch = folder.path() + "/n";
                       return run(spec).out;
                     }),
            "nameserver 192.0.2.1\n192.0.2.7 name\nhosts: files\n192.0.2.7       name\n");
}

TEST(Process, LeavesTheNameFilesOfOthersAlone) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [&folder](WorldContext&) {
                       std::ofstream(folder.path() + "/h") << "mine\n";
                       CommandSpec spec = shell("cat /etc/hosts");
                       const auto before = run(spec).out;
                       spec.host.hosts = folder.path() + "/h";
                       const auto mine = run(spec).out;
                       spec.host.hosts.clear();
                       return mine + (run(spec).out == before ? "same" : "changed");
                     }),
            "mine\nsame");
}

TEST(Process, IsInTheNetworkNamespaceOfItsHost) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       auto ns = linux::make_net_namespace();
                       if (!ns) return ns.error().message();
                       CommandSpec spec = shell("readlink /proc/self/ns/net");
                       const auto box = run(spec).out;
                       spec.host.net_namespace = ns->get();
                       return std::string(run(spec).out != box ? "another" : "the same");
                     }),
            "another");
}

net::Task<void> tell_end(Process& process, std::string& seen) {
  const auto exit = co_await process.wait();
  seen = (exit.kind == Exit::Kind::signalled ? "signal " : "exit ") + std::to_string(exit.value);
}

// Sends the signal once the command has said something: then its trap is set.
std::string signalled(CommandSpec spec, int number) {
  net::Loop loop;
  std::unique_ptr<Process> process;
  spec.on_output = [&process, number](int, std::string_view bytes) {
    if (bytes == "up\n") process->signal(number);
  };
  auto started = spawn(loop.executor(), std::move(spec));
  if (!started) return started.error().message();
  process = std::move(*started);
  std::string seen;
  net::asio::co_spawn(loop.executor(), tell_end(*process, seen), net::asio::detached);
  loop.context().run();
  return seen + " " + process->out();
}

TEST(Process, PassesSignalsOnToItsGroup) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       const auto trap = shell(
                           "trap 'echo bye; exit 5' TERM; sleep 600 & "
                           "echo up; wait; wait");
                       return signalled(trap, SIGTERM);
                     }),
            "exit 5 up\nbye\n");
}

// The state of a command that runs without a pause, as /proc has it once the signal was sent.
char state_after(int number) {
  net::Loop loop;
  char state = '?';
  std::unique_ptr<Process> process;
  CommandSpec spec = shell("echo up; while :; do :; done");
  spec.on_output = [&](int, std::string_view) {
    process->signal(number);
    std::ifstream stat("/proc/" + std::to_string(process->pid()) + "/stat");
    std::string word;
    stat >> word >> word >> state;
    process->kill();
  };
  auto started = spawn(loop.executor(), std::move(spec));
  if (!started) return state;
  process = std::move(*started);
  std::string seen;
  net::asio::co_spawn(loop.executor(), tell_end(*process, seen), net::asio::detached);
  loop.context().run();
  return state;
}

TEST(Process, StandsWhenItHasBeenToldToStop) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       return std::string{state_after(SIGSTOP), state_after(SIGCONT)};
                     }),
            "TR");
}

TEST(Process, DiesWithItsOwner) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       net::Loop loop;
                       auto process = spawn(loop.executor(), shell("sleep 600"));
                       if (!process) return process.error().message();
                       process->reset();
                       loop.context().run();
                       return "left: " + std::to_string(running_processes().size());
                     }),
            "left: 0");
}

TEST(RunningProcesses, NamesASurvivorAndReapsOrphansThatEnded) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       (void)run(shell("setsid sleep 600 & (true &) ; true"));
                       std::string seen;
                       // The survivor may still be a shell on its way to becoming it.
                       while (seen != "sleep 600;") {
                         seen.clear();
                         for (const auto& one : running_processes()) seen += one.command + ";";
                       }
                       return seen;
                     }),
            "sleep 600;");
}

}  // namespace
}  // namespace sallyport::sim::world
