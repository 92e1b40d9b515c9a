#include "reference/readiness/process_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <csignal>

#include "reference/base/unique_fd.h"
#include "reference/net/testing/run.h"

namespace sallyport::readiness {
namespace {

using ::testing::HasSubstr;
using End = CommandResult::End;

// Longer than any test takes.
constexpr ms kLong{25'000};

struct Machine {
  net::testing::TestLoop loop;
  ProcessRunner runner{loop.executor(), loop.deadlines};

  CommandResult run(Words words, ms limit = kLong) {
    return loop.run(runner.run(std::move(words), limit));
  }
  CommandResult shell(const std::string& script, ms limit = kLong) {
    return run({"sh", "-c", script}, limit);
  }
};

pid_t number(const std::string& text) {
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

TEST(ProcessRunner, KeepsOutputErrorsAndExitCodeApart) {
  const CommandResult result = Machine().shell("echo out; echo err >&2; exit 9");
  EXPECT_EQ(result.end, End::exited);
  EXPECT_EQ(result.code, 9);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_FALSE(result.cut);
}

TEST(ProcessRunner, PassesWordsAsTheyAre) {
  EXPECT_EQ(Machine().run({"printf", "%s|", "a b", "$HOME", "", "'"}).out, "a b|$HOME||'|");
}

TEST(ProcessRunner, GivesNoInput) { EXPECT_EQ(Machine().shell("cat; echo end").out, "end\n"); }

TEST(ProcessRunner, SaysWhyNothingRan) {
  const CommandResult result = Machine().run({"/no/such/program", "x"});
  EXPECT_EQ(result.end, End::not_run);
  EXPECT_THAT(result.err, HasSubstr("/no/such/program: No such file"));
  EXPECT_EQ(Machine().run({}).end, End::not_run);
}

TEST(ProcessRunner, TellsTheSignalThatEndedACommand) {
  EXPECT_EQ(Machine().shell("kill -TERM $$").code, 128 + SIGTERM);
}

TEST(ProcessRunner, GivesSignalsTheirUsualMeaning) {
  std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(Machine().shell("kill -PIPE $$").code, 128 + SIGPIPE);
}

TEST(ProcessRunner, EndsACommandWithItsGroupAtItsTime) {
  Machine machine;
  const CommandResult result = machine.shell("sleep 1000 & echo $!; wait", ms(200));
  EXPECT_EQ(result.end, End::timed_out);
  const pid_t child = number(result.out);
  ASSERT_GT(child, 0);
  // A killed process takes a moment to end, and somebody else reaps it.
  const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (!process) return;  // gone, and reaped
  pollfd ended{process.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, static_cast<int>(kLong.count())), 1);
}

TEST(ProcessRunner, DoesNotWaitForWhoeverKeepsTheOutput) {
  const CommandResult result = Machine().shell("echo mine; setsid sleep 5 & exit 3", ms(300));
  EXPECT_EQ(result.end, End::exited);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "mine\n");
}

TEST(ProcessRunner, KeepsSoMuchOutputAndReadsOn) {
  const CommandResult result =
      Machine().shell("head -c 1000000 /dev/zero | tr '\\0' x; echo end >&2; exit 4");
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(result.out.size(), ProcessRunner::kKeptMax);
  EXPECT_TRUE(result.cut);
  EXPECT_EQ(result.err, "end\n");
}

net::Task<void> sleep_long(ProcessRunner* runner, CommandResult* into, bool* done) {
  Words words{"sleep", "1000"};
  *into = co_await runner->run(std::move(words), kLong);
  *done = true;
}

TEST(ProcessRunner, EndsEverythingWhenItIsTold) {
  Machine machine;
  CommandResult result;
  bool done = false;
  machine.loop.spawn(sleep_long(&machine.runner, &result, &done));
  machine.loop.poll();
  ASSERT_FALSE(done);
  machine.runner.end_all();
  machine.loop.run_until(done);
  EXPECT_EQ(result.end, End::exited);
  EXPECT_EQ(result.code, 128 + SIGKILL);
}

}  // namespace
}  // namespace sallyport::readiness
