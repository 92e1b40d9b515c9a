#include "simulator/runner/exchange_checkers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "simulator/runner/resources.h"

namespace sallyport::sim::runner {
namespace {

using testing::HasSubstr;

// A journal that is written by hand: a millisecond passes from one event to the next.
class ExchangeCheckers : public testing::Test {
 protected:
  ExchangeCheckers() {
    scenario::Supervisor supervisor;
    cell_.supervisors.push_back(supervisor);
    scenario::Step call;
    call.name = "call";
    call.verb = agents::RequestSpec();
    cell_.steps.push_back(call);
  }

  void add(const std::string& source, const std::string& type, const std::string& kind,
           journal::Fields fields, const std::string& step = "call") {
    now_ += std::chrono::milliseconds(1);
    journal::Event event;
    event.at = now_;
    event.source = source;
    event.source_type = type;
    event.kind = kind;
    event.step = step;
    event.fields = std::move(fields);
    journal_.append(std::move(event));
  }
  void evaluate(const std::string& service, const std::string& nonce,
                const std::string& decision = "allow") {
    add(service, "middleware", "evaluate", {{"nonce", nonce}, {"decision", decision}});
  }
  void arrive(const std::string& nonce) { add("api", "provider", "request", {{"nonce", nonce}}); }
  void outcome(const std::string& name = "ok") {
    add("call", "step", "outcome", {{"class", name}});
  }
  void audit(const std::string& name, const std::string& action, const std::string& message) {
    add("supervisor", "supervisor", "audit",
        {{"class", name}, {"action", action}, {"message", message}});
  }
  void sample(std::int64_t rss, std::int64_t fds) {
    add("supervisor", "supervisor", kResourcesKind, {{"rss", rss}, {"fds", fds}});
  }

  [[nodiscard]] Case of() const {
    return {scenario_, cell_, journal_, steps_, [](std::string_view) { return std::nullopt; }};
  }
  [[nodiscard]] Verdict chain(const std::string& provider = {}) const {
    scenario::Checker checker;
    checker.name = "chain_order";
    checker.middleware = {"first", "second"};
    checker.provider = provider;
    const auto failure = chain_order(checker, of());
    return failure ? failure->verdict : Verdict::pass;
  }
  [[nodiscard]] Verdict audited() const {
    const auto failure = audit_complete(of());
    return failure ? failure->verdict : Verdict::pass;
  }
  [[nodiscard]] std::optional<Failure> flat() const {
    scenario::Checker checker;
    checker.name = "resources_flat";
    checker.actor = "supervisor";
    checker.step = "call";
    return resources_flat(checker, of());
  }

  base::SystemClock clock_;
  base::TimePoint now_ = clock_.now();
  journal::Journal journal_{clock_};
  scenario::Scenario scenario_;
  scenario::Cell cell_;
  StepRecords steps_;
};

TEST_F(ExchangeCheckers, SayOfAnEmptyJournalThatNothingWasChecked) {
  EXPECT_EQ(chain(), Verdict::vacuous);
  EXPECT_EQ(audited(), Verdict::vacuous);
  EXPECT_EQ(flat()->verdict, Verdict::vacuous);
}

TEST_F(ExchangeCheckers, PassAChainThatIsWholeAndInOrder) {
  evaluate("first", "n1");
  evaluate("first", "n2");
  evaluate("second", "n1");
  evaluate("second", "n2");
  arrive("n1");
  EXPECT_EQ(chain("api"), Verdict::pass);
}

TEST_F(ExchangeCheckers, PassAChainThatADenialEnded) {
  evaluate("first", "n1", "deny");
  EXPECT_EQ(chain("api"), Verdict::pass);
}

TEST_F(ExchangeCheckers, FailARequestThatWentOnAfterADenial) {
  evaluate("first", "n1", "deny");
  arrive("n1");
  EXPECT_EQ(chain("api"), Verdict::fail);
}

TEST_F(ExchangeCheckers, FailAChainInAnotherOrder) {
  evaluate("second", "n1");
  evaluate("first", "n1");
  EXPECT_EQ(chain(), Verdict::fail);
}

TEST_F(ExchangeCheckers, FailAChainThatStopsShort) {
  evaluate("first", "n1");
  EXPECT_EQ(chain(), Verdict::fail);
}

TEST_F(ExchangeCheckers, FailAStageThatIsRunTwice) {
  evaluate("first", "n1");
  evaluate("second", "n1");
  evaluate("second", "n1");
  EXPECT_EQ(chain(), Verdict::fail);
}

TEST_F(ExchangeCheckers, FailARequestThatNoServiceSawIfItsProviderIsNamed) {
  evaluate("first", "n1");
  evaluate("second", "n1");
  arrive("n2");
  EXPECT_EQ(chain(), Verdict::pass);
  EXPECT_EQ(chain("api"), Verdict::fail);
}

TEST_F(ExchangeCheckers, PassAnExchangeWithOneEventAboutItsEnd) {
  audit("Network Activity", "Allowed", "CONNECT_L7 allowed api.test:443");
  audit("HTTP Activity", "Allowed", "MIDDLEWARE guard guard decision=Allow");
  audit("HTTP Activity", "Allowed", "L7_REQUEST allow GET api.test:443/");
  outcome();
  EXPECT_EQ(audited(), Verdict::pass);
}

TEST_F(ExchangeCheckers, PassARefusedConnectAndADenialByMiddleware) {
  audit("Network Activity", "Denied", "CONNECT denied other.test:443");
  outcome("denied");
  audit("HTTP Activity", "Denied", "MIDDLEWARE guard guard decision=Deny");
  outcome("denied");
  EXPECT_EQ(audited(), Verdict::pass);
}

TEST_F(ExchangeCheckers, PassAnExchangeWhoseDestinationCouldNotBeReached) {
  add("supervisor", "supervisor", "audit",
      {{"class", std::string("Network Activity")}, {"activity", std::string("Fail")}});
  outcome("unavailable");
  EXPECT_EQ(audited(), Verdict::pass);
}

TEST_F(ExchangeCheckers, FailAnExchangeThatIsNotAudited) {
  outcome();
  EXPECT_EQ(audited(), Verdict::fail);
}

TEST_F(ExchangeCheckers, FailAnExchangeThatIsAuditedTwice) {
  audit("HTTP Activity", "Allowed", "FORWARD allowed GET api.test:80/");
  audit("HTTP Activity", "Allowed", "FORWARD allowed GET api.test:80/");
  outcome();
  EXPECT_EQ(audited(), Verdict::fail);
}

TEST_F(ExchangeCheckers, AskNoAuditOfAnExchangeThatNoSupervisorTook) {
  outcome("proxy_unreachable");
  EXPECT_EQ(audited(), Verdict::vacuous);
  cell_.steps[0].via = "direct";
  outcome();
  EXPECT_EQ(audited(), Verdict::vacuous);
}

TEST_F(ExchangeCheckers, PassAProcessThatStaysAsItIs) {
  for (int i = 0; i < 40; ++i) sample(8'000'000 + 1000 * (i % 7), 20);
  EXPECT_FALSE(flat().has_value());
}

TEST_F(ExchangeCheckers, ForgiveAPeakInBetween) {
  for (int i = 0; i < 40; ++i) sample(8'000'000, i == 39 ? 25 : 20);
  EXPECT_FALSE(flat().has_value());
}

TEST_F(ExchangeCheckers, FailDescriptorsThatGrow) {
  for (int i = 0; i < 40; ++i) sample(8'000'000, 20 + i);
  const auto failure = flat();
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->verdict, Verdict::fail);
  EXPECT_THAT(failure->observed, HasSubstr("descriptors"));
}

TEST(Resources, OfThisProcessAreRead) {
  const auto held = resources_of(::getpid());
  ASSERT_TRUE(held.has_value());
  EXPECT_GT(held->rss, 100'000U);
  EXPECT_GE(held->fds, 3U);
}

TEST(Resources, OfNoProcessAreNone) {
  EXPECT_FALSE(resources_of(-1).has_value());
  EXPECT_FALSE(resources_of(0x3fffffff).has_value());
}

}  // namespace
}  // namespace sallyport::sim::runner
