#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "reference/app/sandbox_stage.h"

namespace sallyport::app {
namespace {

TEST(Run, PassesTheExitCodeThrough) {
  EXPECT_EQ(on_stage([](Stage& stage) { return stage.shell("echo out; exit 7").ended(); }),
            "code 7: out\n");
}

TEST(Run, TellsASignalAsAShellDoes) {
  EXPECT_EQ(on_stage([](Stage& stage) { return stage.shell("kill -USR1 $$").ended(); }),
            "code 138: ");
}

TEST(Run, DidNotRunWhatIsntThere) {
  EXPECT_EQ(on_stage([](Stage& stage) { return stage.run({"no-such-program"}).ended(); }),
            "code 125: sallyport-supervisor: no-such-program: No such file or directory\n");
}

TEST(Run, IsMisusedWithAPolicyThatIsNone) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              stage.write("policy.yaml", "version: 7\n");
              return stage.run({"true"}).ended().substr(0, 7);
            }),
            "code 2:");
}

// Without a landlock section, and with a path that isn't there.
TEST(Run, StartsADynamicProgramThatFindsItsResolver) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              stage.policy("filesystem_policy: {read_only: [/not/there]}\n");
              Running running = stage.shell(
                  "cat /etc/resolv.conf > /tmp/copied-$$ && "
                  "rm /tmp/copied-$$ && echo read");
              const std::string ended = running.ended();
              const bool built = stage.audit().find("skipped:1") != std::string::npos ||
                                 stage.audit().find("landlock-unavailable") != std::string::npos;
              return ended + (built ? "told" : stage.audit());
            }),
            "code 0: read\ntold");
}

TEST(Run, KeepsWritesOutOfWhatThePolicyDoesntGive) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              stage.policy("filesystem_policy: {include_workdir: false}\n");
              return stage.shell("echo x 2>/dev/null > /usr/written || echo refused").ended();
            }).find("code 0: refused"),
            0U);
}

TEST(Run, DoesntStartWithoutWhatIsRequired) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              stage.policy(
                  "filesystem_policy: {read_only: [/not/there]}\n"
                  "landlock: {compatibility: hard_requirement}\n");
              return stage.run({"true"}).ended().substr(0, 9);
            }),
            "code 125:");
}

TEST(Run, RefusesADirectConnectionAtOnceAndTellsOfIt) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              Running running = stage.shell("exec 3<>/dev/tcp/10.9.0.1/8080");
              const std::string ended = running.ended();
              const bool refused = ended.find("Connection refused") != std::string::npos;
              const bool told = stage.audit().find("bypass-detect") != std::string::npos;
              return fmt::format("{} {}", refused ? "refused" : ended, told);
            }),
            "refused true");
}

// Serves one connection, whoever comes.
pid_t start_upstream() {
  const base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(8080);
  ::inet_pton(AF_INET, kUpstream, &address.sin_addr);
  (void)::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  (void)::listen(listener.get(), 8);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const base::UniqueFd peer(::accept(listener.get(), nullptr, nullptr));
  char head[4096];
  (void)!::read(peer.get(), head, sizeof head);
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes";
  (void)!::write(peer.get(), kAnswer.data(), kAnswer.size());
  (void)!::read(peer.get(), head, sizeof head);
  ::_exit(0);
}

// By the shell alone: a child that shared its socket would make two programs of the one that asks.
std::string asked(const std::string& target, const std::string& host) {
  return fmt::format(
      "exec 3<>/dev/tcp/10.200.0.1/3128; printf 'GET {} HTTP/1.1\\r\\nHost: {}\\r\\n"
      "Connection: close\\r\\n\\r\\n' >&3; IFS=$'\\r' read -r line <&3; echo \"$line\"",
      target, host);
}

TEST(Run, ReachesThroughTheProxyWhatThePolicyAllows) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              const pid_t upstream = start_upstream();
              Running running = stage.shell(asked("http://10.9.0.1:8080/", "10.9.0.1:8080"));
              const std::string ended = running.ended();
              ::kill(upstream, SIGKILL);
              return ended;
            }),
            "code 0: HTTP/1.1 200 OK\n");
}

TEST(Run, IsDeniedByTheProxyWhatItDoesnt) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              return stage.shell(asked("http://10.9.0.1:8081/", "10.9.0.1:8081")).ended();
            }),
            "code 0: HTTP/1.1 403 Forbidden\n");
}

TEST(Run, GivesItsCommandTheProxysEnvironmentAndKeepsItsOwn) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              ::setenv("SALLYPORT_SECRET", "s3cret", 1);
              ::setenv("LANG", "C.UTF-8", 1);
              return stage
                  .shell(
                      "echo $HTTPS_PROXY $grpc_proxy ${SALLYPORT_SECRET:-none} $LANG $SHELL; "
                      "test -r $SSL_CERT_FILE && test -r $NODE_EXTRA_CA_CERTS && echo ca")
                  .ended();
            }),
            "code 0: http://10.200.0.1:3128 http://10.200.0.1:3128 none C.UTF-8 /bin/bash\nca\n");
}

TEST(Run, LeavesItsCommandNoPrivileges) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              return stage
                  .shell(
                      "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | "
                      "tr '\\t\\n' ' ,'; ulimit -c")
                  .ended();
            }),
            "code 0: CapEff: 0000000000000000,CapBnd: 0000000000000000,NoNewPrivs: 1,Seccomp: 2,"
            "0\n");
}

TEST(Run, PassesTerminationOnAndEnds) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              Running running = stage.shell("echo up; exec sleep 1000");
              std::string text = running.out.read_line();
              ::kill(running.pid, SIGTERM);
              return text + running.ended();
            }),
            "up\ncode 143: ");
}

TEST(Run, LetsItsCommandDealWithAnInterrupt) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              Running running =
                  stage.shell("trap 'echo caught; exit 5' INT; echo up; sleep 1000 & wait");
              std::string text = running.out.read_line();
              ::kill(running.pid, SIGINT);
              return text + running.ended();
            }),
            "up\ncode 5: caught\n");
}

// Its output is a pipe, which ends with the last process that has it.
TEST(Run, TakesItsCommandAlongWhenItIsKilled) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              Running running = stage.shell("setsid sleep 1000 & echo up; exec sleep 1000");
              std::string text = running.out.read_line();
              ::kill(running.pid, SIGKILL);
              return text + running.ended();
            }),
            "up\ncode 137: ");
}

TEST(Run, EndsWhatItsCommandLeftBehind) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              return stage.shell("setsid sleep 1000 & echo up; exit 3").ended();
            }),
            "code 3: up\n");
}

TEST(Run, KeepsThePolicyWhoseSuccessorWouldConfineItOtherwise) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              Running running = stage.shell("echo up; exec sleep 1000");
              std::string text = running.out.read_line();
              stage.policy("landlock: {compatibility: hard_requirement}\n");
              ::kill(running.pid, SIGHUP);
              const std::string_view wanted = "landlock can't change while the sandbox runs";
              // Each exec is a turn of the supervisor's loop.
              for (int i = 0; i < 100 && stage.audit().find(wanted) == std::string::npos; ++i)
                (void)stage.exec({}, {"true"}).ended();
              text += stage.audit().find(wanted) != std::string::npos ? "told" : stage.audit();
              ::kill(running.pid, SIGTERM);
              (void)running.ended();
              return text;
            }),
            "up\ntold");
}

}  // namespace
}  // namespace sallyport::app
