#include <gtest/gtest.h>

#include "reference/app/sandbox_stage.h"

namespace sallyport::app {
namespace {

// A sandbox that runs `sleep`, and what `act` comes to beside it.
std::string beside(const std::function<std::string(Stage&, Running&)>& act) {
  return on_stage([&act](Stage& stage) {
    Running box = stage.shell("readlink /proc/self/ns/net; echo $HTTPS_PROXY; exec sleep 1000");
    std::string text = act(stage, box);
    ::kill(box.pid, SIGTERM);
    return text + fmt::format(" | {}", box.wait());
  });
}

std::string begun(Running& box) {
  const std::string inode = box.out.read_line();
  return inode + box.out.read_line();
}

TEST(Exec, RunsInTheAgentsNamespaceWithItsEnvironment) {
  EXPECT_EQ(beside([](Stage& stage, Running& box) {
              const std::string agent = begun(box);
              Running one =
                  stage.exec({}, {"bash", "-c", "readlink /proc/self/ns/net; echo $HTTPS_PROXY"});
              const std::string ended = one.ended();
              return ended == "code 0: " + agent ? std::string("same") : agent + ended;
            }),
            "same | 143");
}

TEST(Exec, KeepsStreamsApartAndPassesTheExitCodeThrough) {
  EXPECT_EQ(beside([](Stage& stage, Running& box) {
              begun(box);
              Running one = stage.exec({}, {"bash", "-c", "echo out; echo err >&2; exit 9"});
              const std::string out = one.out.read_to_end();
              const std::string err = one.err.read_to_end();
              return fmt::format("{}{}{}", out, err, one.wait());
            }),
            "out\nerr\n9 | 143");
}

TEST(Exec, HasNoInputUnlessAsked) {
  EXPECT_EQ(beside([](Stage& stage, Running& box) {
              begun(box);
              stage.write("input", "words");
              return stage.exec({}, {"cat"}, stage.path("input")).ended() + ", " +
                     stage.exec({"-i"}, {"cat"}, stage.path("input")).ended();
            }),
            "code 0: , code 0: words | 143");
}

TEST(Exec, EndsTheWholeTreeWhenItsTimeIsOver) {
  EXPECT_EQ(beside([](Stage& stage, Running& box) {
              begun(box);
              Running one = stage.exec({"--timeout", "0.2"},
                                       {"bash", "-c", "setsid sleep 1000 & exec sleep 1000"});
              // Ends with the last process that has it.
              const std::string out = one.out.read_to_end();
              return fmt::format("{}{}", out, one.wait());
            }),
            "124 | 143");
}

TEST(Exec, DidNotRunWhatIsntThere) {
  EXPECT_EQ(beside([](Stage& stage, Running& box) {
              begun(box);
              return stage.exec({}, {"no-such-program"}).ended();
            }),
            "code 125: sallyport-supervisor: exec: no-such-program: No such file or directory\n"
            " | 143");
}

TEST(Exec, TellsTheNamespaceInItsResult) {
  EXPECT_EQ(beside([](Stage& stage, Running& box) {
              const std::string agent = begun(box);
              const std::string inode = agent.substr(5, agent.find(']') - 5);
              const std::string ended = stage.exec({"--json"}, {"true"}).ended();
              return ended.find("\"outcome\":\"ended\",\"code\":0,\"netns\":" + inode) !=
                             std::string::npos
                         ? std::string("told")
                         : agent + ended;
            }),
            "told | 143");
}

TEST(Exec, RunsSeveralAtATime) {
  EXPECT_EQ(beside([](Stage& stage, Running& box) {
              begun(box);
              Running slow = stage.exec({}, {"bash", "-c", "echo up; exec sleep 1000"});
              std::string text = slow.out.read_line();
              text += stage.exec({}, {"true"}).ended();
              ::kill(slow.pid, SIGTERM);
              return text + ", " + slow.ended();
            }),
            "up\ncode 0: , code 143:  | 143");
}

TEST(Exec, IsAsConfinedAsTheAgent) {
  EXPECT_EQ(beside([](Stage& stage, Running& box) {
              begun(box);
              return stage
                  .exec({}, {"bash", "-c",
                             "exec 2>/dev/null; echo x > /usr/written || echo refused; "
                             "(exec 3<>/dev/tcp/10.9.0.1/8080) || echo refused"})
                  .ended();
            }),
            "code 0: refused\nrefused\n | 143");
}

TEST(Exec, DidNotRunWithoutItsSandbox) {
  EXPECT_EQ(on_stage([](Stage& stage) { return stage.exec({}, {"true"}).ended().substr(0, 60); }),
            "code 125: sallyport-supervisor: exec: there is no sandbox na");
}

TEST(Exec, CantSeeTheDoorsFromInside) {
  EXPECT_EQ(on_stage([](Stage& stage) {
              return stage.shell("ls -A " + stage.path("state") + " 2>/dev/null | wc -l").ended();
            }),
            "code 0: 0\n");
}

}  // namespace
}  // namespace sallyport::app
