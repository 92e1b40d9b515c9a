#include "simulator/subject/daemon.h"

#include <gtest/gtest.h>

#include <csignal>
#include <functional>

#include "reference/net/event.h"
#include "reference/net/testing/run.h"
#include "simulator/journal/journal.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::subject {
namespace {

using world::testing::in_world;
using world::testing::plan_with;
using world::testing::TemporaryFolder;

constexpr int kPatienceMs = 20'000;

struct Bench {
  net::testing::TestLoop loop;
  base::SystemClock wall;
  journal::Journal journal{wall};
  std::string messages;
  Daemon daemon{
      "d", "gateway", loop.executor(), loop.deadlines, journal, [this](const std::string& message) {
        messages += message + ";";
      }};

  [[nodiscard]] base::TimePoint later() const { return loop.in(kPatienceMs); }
  // bash: descriptors of two digits are beyond sh.
  [[nodiscard]] std::string launch(const std::string& script) {
    world::CommandSpec command;
    command.argv = {"/bin/bash", "-c", script};
    command.environment = plain_environment();
    const auto failure = daemon.launch(std::move(command));
    return failure ? failure->what : "";
  }
  [[nodiscard]] std::string ready() {
    const Daemon::Ready ready = loop.run(daemon.wait_ready(later()));
    return ready.failure ? ready.failure->what : ready.line;
  }
  // Launched, then ready.
  [[nodiscard]] std::string start(const std::string& script) {
    const std::string failure = launch(script);
    return failure.empty() ? ready() : failure;
  }
  // Kinds and values of what was journalled.
  [[nodiscard]] std::string told() const {
    std::string text;
    for (const journal::Event& event : journal.events()) {
      text += event.source + "." + event.kind;
      for (const auto& [name, value] : event.fields)
        text += " " + name + "=" + journal::describe(&value);
      text += ";";
    }
    return text;
  }
};

std::string with_bench(const std::function<std::string(Bench&)>& observe) {
  const TemporaryFolder folder;
  return in_world(plan_with(folder), [&observe](world::WorldContext&) {
    Bench bench;
    return observe(bench);
  });
}

TEST(Daemon, SaysThatItIsReadyAndWhatItTells) {
  EXPECT_EQ(with_bench([](Bench& bench) {
              const std::string all = bench.start("echo one >&11; echo here >&10; read -r _ <&11");
              bench.daemon.drain();
              return all + "|" + bench.messages;
            }),
            "here|one;");
}

TEST(Daemon, ThatEndsBeforeItIsReadySaysHow) {
  EXPECT_EQ(with_bench([](Bench& bench) { return bench.start("exit 3"); }),
            "it ended before it was ready (exit 3)");
}

TEST(Daemon, ThatIsStoppedIsNoCrash) {
  EXPECT_EQ(with_bench([](Bench& bench) {
              std::string all = bench.start("echo here >&10; read -r _ <&11");
              const bool ended = bench.loop.run(bench.daemon.stop(SIGKILL, bench.later()));
              return all + (ended ? " ended " : " late ") +
                     (bench.daemon.crash() ? "crash " : "well ") + bench.told();
            }),
            "here ended well d.exit signal=9;");
}

net::Task<bool> await_exit(Bench& bench) {
  net::Event wake(bench.loop.executor());
  const std::uint64_t id =
      bench.journal.subscribe([&wake](const journal::Event&) { wake.notify(); });
  while (!bench.daemon.exit()) {
    if (!co_await wake.wait()) co_return false;
  }
  bench.journal.unsubscribe(id);
  co_return true;
}

TEST(Daemon, ThatEndsByItselfIsACrash) {
  EXPECT_EQ(with_bench([](Bench& bench) {
              std::string all = bench.start("echo here >&10; exit 4");
              static_cast<void>(bench.loop.run(await_exit(bench)));
              return all + (bench.daemon.crash() ? " crash " : " well ") + bench.told();
            }),
            "here crash d.exit exit=4;");
}

// How a stop by TERM of what runs `script` is seen.
std::string stopped(const std::string& script) {
  return with_bench([&script](Bench& bench) {
    std::string all = bench.start(script);
    const bool ended = bench.loop.run(bench.daemon.stop(SIGTERM, bench.later()));
    return all + (ended ? " ended " : " late ") + (bench.daemon.crash() ? "crash " : "well ") +
           bench.told();
  });
}

TEST(Daemon, ThatEndsOtherwiseThanItWasAskedToIsACrash) {
  const std::string wait = "echo here >&10; while :; do read -r _ <&11; done";
  EXPECT_EQ(stopped("trap 'exit 0' TERM; " + wait), "here ended well d.exit exit=0;");
  EXPECT_EQ(stopped("trap 'exit 5' TERM; " + wait), "here ended crash d.exit exit=5;");
  EXPECT_EQ(stopped("trap 'kill -SEGV $$' TERM; " + wait), "here ended crash d.exit signal=11;");
}

TEST(Daemon, ThatIsNotReadyInTimeIsKilled) {
  EXPECT_EQ(with_bench([](Bench& bench) {
              std::string all = bench.launch("read -r _ <&11");
              const Daemon::Ready ready =
                  bench.loop.run(bench.daemon.wait_ready(bench.loop.in(100)));
              all += ready.failure ? ready.failure->what : ready.line;
              return all + (bench.daemon.running() ? " runs " : " ended ") +
                     (bench.daemon.crash() ? "crash " : "well ") + bench.told();
            }),
            "it wasn't ready in time ended well d.exit signal=9;");
}

TEST(Daemon, ThatIsFrozenIsWokenToBeEnded) {
  EXPECT_EQ(with_bench([](Bench& bench) {
              std::string all = bench.start("echo here >&10; read -r _ <&11");
              bench.daemon.freeze();
              const bool ended = bench.loop.run(bench.daemon.end(bench.later()));
              return all + (ended ? " ended " : " late ") + bench.told();
            }),
            "here ended d.exit signal=15;");
}

TEST(Daemon, IsStartedAgainAndKeepsWhatItWrote) {
  EXPECT_EQ(with_bench([](Bench& bench) {
              std::string all;
              for (const char* const word : {"a", "b"}) {
                all +=
                    bench.launch(std::string("echo ") + word + "; echo here >&10; read -r _ <&11");
                all += bench.ready();
                static_cast<void>(bench.loop.run(bench.daemon.stop(SIGTERM, bench.later())));
              }
              return all + " " + bench.daemon.output();
            }),
            "herehere a\nb\n");
}

}  // namespace
}  // namespace sallyport::sim::subject
