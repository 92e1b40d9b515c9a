// For tests of the gate: a runner that answers from a list and remembers what it was asked, a clock
// that is where it is told to be, and one pass of the gate with both. Nothing of the machine.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/net/testing/run.h"
#include "reference/readiness/command_words.h"
#include "reference/readiness/gate.h"

namespace sallyport::readiness::testing {

inline constexpr std::uint64_t kAgent = 4026532001;
inline constexpr std::uint64_t kElsewhere = 4026531840;

inline CommandResult exited(std::string out, int code = 0, std::string err = {}) {
  CommandResult result;
  result.end = CommandResult::End::exited;
  result.code = code;
  result.out = std::move(out);
  result.err = std::move(err);
  return result;
}
inline CommandResult timed_out(std::string out = {}) {
  CommandResult result = exited(std::move(out), 137);
  result.end = CommandResult::End::timed_out;
  return result;
}
inline CommandResult not_run() {
  CommandResult result;
  result.err = "x: No such file or directory";
  return result;
}

// What the script says on standard error, where it ran.
inline std::string facts(std::uint64_t netns, int curl = 0) {
  return "sallyport-probe netns=net:[" + std::to_string(netns) +
         "]\nsallyport-probe curl=" + std::to_string(curl) + " connect=200 verify=0\n";
}

// Answers in order; the last one again and again.
class FakeRunner final : public Runner {
 public:
  explicit FakeRunner(std::vector<CommandResult> answers)
      : answers_(answers.begin(), answers.end()) {}

  [[nodiscard]] net::Task<CommandResult> run(Words words, ms limit) override {
    asked.push_back(command_line(words));
    words_of_last = std::move(words);
    limits.push_back(limit);
    CHECK(!answers_.empty());
    CommandResult answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    co_return answer;
  }

  std::vector<std::string> asked;
  Words words_of_last;
  std::vector<ms> limits;

 private:
  std::deque<CommandResult> answers_;
};

// Waits end at once, and are remembered.
class FakeClock final : public net::Clock {
 public:
  [[nodiscard]] base::TimePoint now() const override { return now_; }
  [[nodiscard]] std::int64_t wall_ms() const override { return 0; }
  [[nodiscard]] net::Task<void> sleep_until(base::TimePoint at) override {
    waits.push_back(std::chrono::duration_cast<ms>(at - now_));
    now_ = at;
    co_return;
  }
  std::vector<ms> waits;

 private:
  base::TimePoint now_{};
};

// A local provider in a patched sandbox, with an exec command.
inline Request request(Rule rule = Rule::observed) {
  Request request;
  request.kind = "ollama-local";
  request.rule = rule;
  request.sandbox = "ci";
  request.endpoint = "https://inference.local/v1/models";
  request.limits = default_limits(rule);
  request.agent_netns = kAgent;
  request.exec_command = {"enter", "--"};
  return request;
}

struct Pass {
  Report report;
  std::vector<std::string> asked;
  std::vector<ms> waits;
  std::vector<ms> limits;
};

inline Pass pass(const Request& asked, std::vector<CommandResult> answers) {
  net::testing::TestLoop loop;
  FakeRunner runner(std::move(answers));
  FakeClock clock;
  Pass pass;
  pass.report = loop.run(run_gate(asked, runner, clock));
  pass.asked = runner.asked;
  pass.waits = clock.waits;
  pass.limits = runner.limits;
  return pass;
}

}  // namespace sallyport::readiness::testing
