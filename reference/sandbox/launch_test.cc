#include "reference/sandbox/launch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <functional>

#include "reference/linux/testing/in_namespaces.h"
#include "reference/sandbox/channel.h"
#include "reference/sandbox/exec_request.h"

namespace sallyport::sandbox {
namespace {

using linux::testing::in_namespaces;
using Words = std::vector<std::string>;

constexpr int kPatienceMs = 20'000;

Plan plan_here() {
  Plan plan;
  plan.name = "test";
  plan.account = {::geteuid(), ::getegid(), {}, "me", "/"};
  plan.folder = "/";
  plan.environment = {"PATH=/usr/bin:/bin", "COLOUR=blue"};
  return plan;
}

std::string said(int channel) {
  if (!speaks_within(channel, kPatienceMs)) return "nothing";
  const auto message = receive_message(channel);
  return message && *message ? (*message)->text : "end";
}

// What the keeper says of an agent.
std::string agent(const Plan& plan, const Words& words) {
  return in_namespaces([&] {
    std::string wrong;
    auto sandbox = Sandbox::launch(plan, words, wrong);
    if (!sandbox) return wrong;
    (void)send_message(sandbox->channel(), "start");
    const std::string first = said(sandbox->channel());
    return first == "started" ? first + ", " + said(sandbox->channel()) : first;
  });
}

TEST(Keeper, TellsTheAgentsEnd) {
  EXPECT_EQ(agent(plan_here(), {"sh", "-c", "exit 7"}), "started, ended 7");
  EXPECT_EQ(agent(plan_here(), {"sh", "-c", "kill -TERM $$"}), "started, ended 143");
}

TEST(Keeper, TellsThatThereIsNoSuchProgram) {
  EXPECT_EQ(agent(plan_here(), {"no-such-program"}),
            "failed no-such-program: No such file or directory");
}

TEST(Keeper, TellsThatThereIsNoSuchFolder) {
  Plan plan = plan_here();
  plan.folder = "/no/such/folder";
  EXPECT_EQ(agent(plan, {"true"}),
            "failed the working folder /no/such/folder: No such file or directory");
}

TEST(Keeper, GivesThePlansEnvironmentAndNoOther) {
  EXPECT_EQ(agent(plan_here(), {"sh", "-c", "test \"$COLOUR\" = blue && test -z \"$LANG\""}),
            "started, ended 0");
}

TEST(Keeper, IsTheFirstOfItsPidNamespaceAndCannotBeEndedFromInside) {
  EXPECT_EQ(agent(plan_here(), {"sh", "-c", "kill -KILL 1; kill -0 1 2>/dev/null; exit 4"}),
            "started, ended 4");
}

TEST(Keeper, RefusesAStartWithoutARequiredPath) {
  Plan plan = plan_here();
  plan.files.confined = plan.files.required = true;
  plan.files.places = {{"/not/there"}};
  EXPECT_NE(agent(plan, {"true"}).find("/not/there"), std::string::npos);
}

TEST(Keeper, LeavesAMissingPathOut) {
  EXPECT_EQ(in_namespaces([] {
              Plan plan = plan_here();
              plan.files.confined = true;
              plan.files.places = {{"/usr"}, {"/not/there"}};
              std::string wrong;
              const auto sandbox = Sandbox::launch(plan, {"true"}, wrong);
              if (!sandbox) return wrong;
              const Report& report = sandbox->report();
              return report.landlock == 0 || report.missing == Words{"/not/there"}
                         ? std::string("left out")
                         : write_report(report);
            }),
            "left out");
}

TEST(Sandbox, HandsOutWhatOnlyTheInsideCanOpen) {
  EXPECT_EQ(in_namespaces([] {
              std::string wrong;
              const auto sandbox = Sandbox::launch(plan_here(), {"true"}, wrong);
              if (!sandbox) return wrong;
              const bool all = sandbox->listening && sandbox->attempts && sandbox->socket_diag &&
                               sandbox->netns && sandbox->report().netns != 0;
              return std::string(all ? "all" : "not all");
            }),
            "all");
}

// What a minder says to one request.
std::string minded(const std::string& request, bool with_streams = true) {
  return in_namespaces([&] {
    std::string wrong;
    auto sandbox = Sandbox::launch(plan_here(), {"sleep", "1000"}, wrong);
    if (!sandbox) return wrong;
    (void)send_message(sandbox->channel(), "start");
    (void)said(sandbox->channel());
    auto ends = make_channel();
    const std::array connection{ends->second.get()};
    (void)send_message(sandbox->channel(), "exec", connection);
    ends->second.reset();
    const std::array streams{0, 1, 2};
    if (with_streams) {
      (void)send_message(ends->first.get(), request, streams);
    } else {
      (void)send_message(ends->first.get(), request);
    }
    const std::string first = said(ends->first.get());
    return first.starts_with("started") ? said(ends->first.get()) : first;
  });
}

TEST(Minder, TellsTheCommandsEnd) {
  EXPECT_EQ(minded(*write_exec_request({0, {"sh", "-c", "exit 9"}})), "ended 9");
}

TEST(Minder, EndsWhatTakesTooLong) {
  EXPECT_EQ(minded(*write_exec_request({50, {"sleep", "1000"}})), "timed_out");
}

TEST(Minder, RefusesWhatIsNoRequest) {
  const std::string refused = "not_run what was asked can't be understood";
  EXPECT_EQ(minded("exec1 nonsense"), refused);
  EXPECT_EQ(minded(*write_exec_request({0, {"true"}}), false), refused);
}

}  // namespace
}  // namespace sallyport::sandbox
