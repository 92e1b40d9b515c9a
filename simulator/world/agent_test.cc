#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "simulator/world/process.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::world {
namespace {

using testing::describe;
using testing::in_world;
using testing::plan_with;
using testing::run;
using testing::shell;
using testing::TemporaryFolder;

constexpr uid_t kAgent = 1000;

// An agent with RUN/agent as its own folder; what else is in RUN is hidden.
CommandSpec agent(const std::string& script, const std::string& run_folder,
                  const WorldContext& context) {
  CommandSpec spec = shell(script);
  Confinement confinement;
  confinement.uid = context.ids ? kAgent : 0;
  confinement.gid = confinement.uid;
  confinement.folder = run_folder + "/agent";
  confinement.hidden = {run_folder};
  spec.confined = confinement;
  spec.cwd = confinement.folder;
  return spec;
}

std::string as_agent(const std::string& script,
                     const std::function<void(const std::string&, CommandSpec&)>& prepare = {}) {
  const TemporaryFolder folder;
  return in_world(plan_with(folder), [&](WorldContext& context) {
    CommandSpec spec = agent(script, folder.path(), context);
    const auto& confinement = *spec.confined;
    if (auto owned = own_folder(confinement.folder, confinement.uid, confinement.gid); !owned) {
      return owned.error().message();
    }
    if (prepare) prepare(folder.path(), spec);
    return describe(run(spec));
  });
}

TEST(Agent, ExitCodeComesThroughItsInit) {
  EXPECT_EQ(as_agent("echo hello; exit 42"), "exit 42 \"hello\n\" \"\"");
}

TEST(Agent, SignalComesThroughItsInit) {
  EXPECT_EQ(as_agent("kill -SEGV $$"), "signal 11 \"\" \"\"");
}

TEST(Agent, ExecFailureComesThroughItsInit) {
  const auto seen =
      as_agent("", [](const std::string&, CommandSpec& spec) { spec.argv = {"no-such-command"}; });
  EXPECT_EQ(seen.substr(0, 13), "exec_failed 2") << seen;
}

TEST(Agent, WritesInItsFolder) {
  EXPECT_EQ(as_agent("echo x > file && cat file"), "exit 0 \"x\n\" \"\"");
}

TEST(Agent, CannotWriteAnywhereElse) {
  const std::string script =
      "for f in / /tmp /run /var/tmp /dev /dev/shm /etc /usr /proc/sys/kernel ..; do "
      "  (: > $f/x) 2>/dev/null && echo wrote $f; done; "
      "for f in /proc/sysrq-trigger /proc/sys/net/ipv4/ip_forward; do "
      "  [ -e $f ] && (: > $f) 2>/dev/null && echo opened $f; done; echo done";
  EXPECT_EQ(as_agent(script), "exit 0 \"done\n\" \"\"");
}

TEST(Agent, CannotMakeItsSurroundingsWritableFromAUserNamespace) {
  const std::string script =
      "unshare -Urm sh -c 'mount -o remount,bind,rw / ; mount -o remount,rw /tmp; : > /tmp/x' "
      ">/dev/null 2>&1 && echo wrote; echo done";
  EXPECT_EQ(as_agent(script), "exit 0 \"done\n\" \"\"");
}

TEST(Agent, HasNoCapabilityAndCanGainNone) {
  EXPECT_EQ(as_agent("grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs)' "
                     "/proc/self/status | tr -d '\\t\\n'"),
            "exit 0 \"CapInh:0000000000000000CapPrm:0000000000000000CapEff:0000000000000000"
            "CapBnd:0000000000000000CapAmb:0000000000000000NoNewPrivs:1\" \"\"");
}

TEST(Agent, SeesOnlyItsInitAndItself) {
  EXPECT_EQ(as_agent("cd /proc; echo [0-9]*"), "exit 0 \"1 2\n\" \"\"");
}

// Another actor, as the same user, that the agent goes for in every way that it has.
TEST(Agent, CannotSignalOrReadAnyOtherActor) {
  const TemporaryFolder folder;
  const auto seen = in_world(plan_with(folder), [&](WorldContext& context) {
    const uid_t uid = context.ids ? kAgent : 0;
    CommandSpec victim_spec = agent("echo secret > own; exec sleep 600", folder.path(), context);
    victim_spec.confined->folder = folder.path() + "/victim";
    victim_spec.cwd = victim_spec.confined->folder;
    victim_spec.environment.push_back("KEY=canary-in-environment");
    std::ofstream(folder.path() + "/world-file") << "canary-in-file\n";
    if (!own_folder(folder.path() + "/victim", uid, uid)) return std::string("victim's folder");
    if (!own_folder(folder.path() + "/agent", uid, uid)) return std::string("agent's folder");
    net::Loop loop;
    auto victim = spawn(loop.executor(), victim_spec);
    if (!victim) return victim.error().message();
    const std::string script =
        "kill -9 -1 2>/dev/null; "
        "for p in /proc/[0-9]*; do n=${p#/proc/}; [ $n = $$ ] || kill -9 $n 2>/dev/null; done; "
        "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep canary; "
        "cat ../world-file ../victim/own 2>/dev/null; ls ..; "
        "head -c 1 /proc/1/mem 2>/dev/null && echo read; "
        "ls /proc/1/fd 2>/dev/null && echo listed; echo done";
    const auto attacker = run(agent(script, folder.path(), context));
    const bool alive = !(*victim)->poll().has_value();
    return attacker.out + (alive ? "alive" : "killed");
  });
  EXPECT_EQ(seen, "agent\ndone\nalive");
}

TEST(Agent, ReadsWhatIsMadeVisible) {
  const auto seen = as_agent("cat ../ca/ca.pem; (: > ../ca/ca.pem) 2>/dev/null || echo ro",
                             [](const std::string& run_folder, CommandSpec& spec) {
                               std::filesystem::create_directory(run_folder + "/ca");
                               std::ofstream(run_folder + "/ca/ca.pem") << "certificate\n";
                               spec.confined->visible = {run_folder + "/ca"};
                             });
  EXPECT_EQ(seen, "exit 0 \"certificate\nro\n\" \"\"");
}

TEST(Agent, BackgroundProcessesEndWithIt) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [&](WorldContext& context) {
                       const auto spec =
                           agent("setsid sleep 600 & echo started", folder.path(), context);
                       const auto& confinement = *spec.confined;
                       if (!own_folder(confinement.folder, confinement.uid, confinement.gid)) {
                         return std::string("folder");
                       }
                       const auto ran = run(spec);
                       return ran.out + "left: " + std::to_string(running_processes().size());
                     }),
            "started\nleft: 0");
}

TEST(Agent, RunsAsTheUnprivilegedUser) {
  const std::string expected = ::geteuid() == 0 ? "1000 1000" : "0 0";
  EXPECT_EQ(as_agent("echo $(id -u) $(id -g)"), "exit 0 \"" + expected + "\n\" \"\"");
}

void sandbox(const std::string&, CommandSpec& spec) { spec.confined->sandboxed = true; }

TEST(Agent, SandboxedWritesToItsFolderAndToDevices) {
  EXPECT_EQ(as_agent("echo x >file && echo y >/dev/null && cat file", sandbox),
            "exit 0 \"x\n\" \"\"");
}

TEST(Agent, SandboxedHasNoNetlinkSocket) {
  const std::string open =
      "python3 -c 'import socket; socket.socket(socket.AF_NETLINK, "
      "socket.SOCK_RAW)' 2>/dev/null || echo refused";
  EXPECT_EQ(as_agent(open, sandbox), "exit 0 \"refused\n\" \"\"");
  EXPECT_EQ(as_agent(open), "exit 0 \"\" \"\"");
}

}  // namespace
}  // namespace sallyport::sim::world
