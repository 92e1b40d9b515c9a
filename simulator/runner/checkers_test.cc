#include "simulator/runner/checkers.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

using testing::HasSubstr;
using Kind = scenario::KeyChange::Kind;

// A journal that is written by hand: a millisecond passes from one event to the next.
class Checkers : public testing::Test {
 protected:
  Checkers() {
    providers::ProviderSpec api;
    api.name = "api";
    api.keys = {"k1", "k2", "k3"};
    cell_.providers.push_back(api);
    scenario::Step load;
    load.name = "load";
    load.verb = agents::RequestSpec();
    cell_.steps.push_back(load);
    scenario::Step curl;
    curl.name = "curl";
    curl.verb = agents::RunSpec();
    cell_.steps.push_back(curl);
  }

  void add(journal::Event event) {
    now_ += std::chrono::milliseconds(1);
    event.at = now_;
    journal_.append(std::move(event));
  }

  // What the provider notes of the exchange `nonce` of `step`.
  void provider(const std::string& kind, const std::string& connection, const std::string& nonce,
                const std::string& field, const std::string& value,
                const std::string& step = "load") {
    journal::Event event;
    event.source = "api";
    event.source_type = "provider";
    event.kind = kind;
    event.step = step;
    event.connection = connection;
    event.fields = {{"nonce", nonce}, {field, value}};
    add(std::move(event));
  }

  void request(const std::string& connection, const std::string& key) {
    provider("request", connection, "n" + std::to_string(++nonces_), "key", key);
  }

  void sent(const std::string& nonce, const std::string& data) {
    provider("sse", "api#1", nonce, "data", data);
  }

  void received(const std::string& nonce, const std::string& data, bool error = false) {
    journal::Event event;
    event.source = event.step = "load";
    event.source_type = "step";
    event.kind = "sse";
    event.fields = {
        {"nonce", nonce}, {"data", data}, {"error", std::string(error ? "true" : "false")}};
    add(std::move(event));
  }

  // A step that changes keys; its `start` and, unless it was rejected, its `done`.
  void change(Kind kind, const std::string& key, const std::string& outcome = "ok") {
    scenario::Step step;
    step.name = "change" + std::to_string(cell_.steps.size());
    step.verb = scenario::KeyChange{kind, "api", key};
    cell_.steps.push_back(step);
    for (const std::string moment : {"start", "done"}) {
      journal::Event event;
      event.source = event.step = step.name;
      event.source_type = "step";
      event.kind = moment;
      if (moment == "done") event.fields["class"] = outcome;
      add(std::move(event));
    }
  }

  void audit(int port, int generation) {
    journal::Event event;
    event.source = "supervisor";
    event.source_type = "supervisor";
    event.kind = "audit";
    event.fields["json"] =
        journal::Json{fmt::format(R"({{"src_endpoint":{{"ip":"10.200.0.2","port":{}}},)"
                                  R"("unmapped":{{"generation":{}}}}})",
                                  port, generation)};
    add(std::move(event));
  }

  [[nodiscard]] std::optional<Failure> found(const std::string& name) const {
    scenario::Checker checker;
    checker.name = name;
    if (name != "generation_monotonic") checker.provider = "api";
    if (name == "stream_prefix") checker.step = "load";
    return check(checker, {scenario_, cell_, journal_, steps_,
                           [](std::string_view) { return std::nullopt; }});
  }
  [[nodiscard]] Verdict verdict(const std::string& name) const {
    const auto failure = found(name);
    return failure ? failure->verdict : Verdict::pass;
  }

  base::SystemClock clock_;
  base::TimePoint now_ = clock_.now();
  journal::Journal journal_{clock_};
  scenario::Scenario scenario_;
  scenario::Cell cell_;
  StepRecords steps_;
  int nonces_ = 0;
};

TEST_F(Checkers, SayOfAnEmptyJournalThatNothingWasChecked) {
  for (const char* name :
       {"credential_epochs", "generation_monotonic", "forwarded_once", "stream_prefix"}) {
    EXPECT_EQ(verdict(name), Verdict::vacuous) << name;
  }
}

TEST_F(Checkers, LetANewerKeyFollowAnOlder) {
  request("api#1", "k1");
  change(Kind::rotate, "k2");
  request("api#2", "k1");
  request("api#1", "k2");
  request("api#1", "k2");
  EXPECT_EQ(verdict("credential_epochs"), Verdict::pass);
}

TEST_F(Checkers, FailAnOlderKeyAfterANewerOnOneConnection) {
  change(Kind::rotate, "k2");
  request("api#1", "k2");
  request("api#2", "k1");
  request("api#1", "k1");
  const auto failure = found("credential_epochs");
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->verdict, Verdict::fail);
  EXPECT_THAT(failure->expected, HasSubstr("api#1"));
  EXPECT_THAT(failure->observed, HasSubstr("key=k1"));
  EXPECT_THAT(failure->notes.at(0), HasSubstr("key=k2"));
  EXPECT_THAT(failure->lanes, testing::Contains("api"));
}

TEST_F(Checkers, OrderKeysAsTheProviderListsThemWithoutARotation) {
  request("api#1", "k1");
  request("api#1", "k3");
  EXPECT_EQ(verdict("credential_epochs"), Verdict::pass);
  request("api#1", "k2");
  EXPECT_EQ(verdict("credential_epochs"), Verdict::fail);
}

TEST_F(Checkers, OrderKeysAsTheyWereHandedOut) {
  change(Kind::update, "k3");
  request("api#1", "k3");
  change(Kind::rotate, "k2");
  request("api#1", "k2");
  EXPECT_EQ(verdict("credential_epochs"), Verdict::pass);
  request("api#1", "k3");
  EXPECT_EQ(verdict("credential_epochs"), Verdict::fail);
}

TEST_F(Checkers, LetAKeyComeBackOnceItIsHandedOutAgain) {
  change(Kind::rotate, "k2");
  request("api#1", "k1");
  request("api#1", "k2");
  change(Kind::rotate, "k1");
  request("api#1", "k1");
  EXPECT_EQ(verdict("credential_epochs"), Verdict::pass);
}

TEST_F(Checkers, FailAKeyThatIsUsedAfterItsRevocation) {
  change(Kind::rotate, "k2");
  request("api#1", "k1");
  change(Kind::revoke, "k1");
  request("api#2", "k2");
  EXPECT_EQ(verdict("credential_epochs"), Verdict::pass);
  request("api#3", "k1");
  const auto failure = found("credential_epochs");
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->verdict, Verdict::fail);
  EXPECT_THAT(failure->expected, HasSubstr("k1"));
  EXPECT_THAT(failure->observed, HasSubstr("api#3"));
}

TEST_F(Checkers, DoNotCountARevocationThatWasRejectedOrTakenBack) {
  change(Kind::revoke, "k1", "rejected");
  request("api#1", "k1");
  request("api#1", "k1");
  EXPECT_EQ(verdict("credential_epochs"), Verdict::pass);
  change(Kind::revoke, "k1");
  change(Kind::rotate, "k1");
  request("api#1", "k1");
  EXPECT_EQ(verdict("credential_epochs"), Verdict::pass);
}

TEST_F(Checkers, NeedTwoRequestsToCompareKeys) {
  request("api#1", "k1");
  request("api#2", "k1");
  request("api#1", "unknown");
  request("api#1", "none");
  EXPECT_EQ(verdict("credential_epochs"), Verdict::vacuous);
}

TEST_F(Checkers, LetGenerationsGrowOnEachConnection) {
  audit(41000, 1);
  audit(41001, 2);
  audit(41000, 1);
  audit(41000, 3);
  EXPECT_EQ(verdict("generation_monotonic"), Verdict::pass);
}

TEST_F(Checkers, FailAnOlderGenerationOnOneConnection) {
  audit(41000, 2);
  audit(41001, 1);
  EXPECT_EQ(verdict("generation_monotonic"), Verdict::vacuous);
  audit(41000, 1);
  const auto failure = found("generation_monotonic");
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->verdict, Verdict::fail);
  EXPECT_THAT(failure->expected, HasSubstr("10.200.0.2:41000"));
  EXPECT_THAT(failure->lanes, testing::Contains("supervisor"));
}

TEST_F(Checkers, LetARestartedSupervisorCountFromTheBeginning) {
  audit(41000, 2);
  journal::Event ready;
  ready.source = ready.source_type = "supervisor";
  ready.kind = "ready";
  add(ready);
  audit(41000, 1);
  audit(41000, 2);
  EXPECT_EQ(verdict("generation_monotonic"), Verdict::pass);
}

TEST_F(Checkers, PassOverAuditEventsThatTellNoGeneration) {
  audit(41000, 2);
  for (const std::string json : {"", "[]", "{", R"({"unmapped":{"generation":1}})",
                                 R"({"src_endpoint":{"port":41000},"unmapped":7})"}) {
    journal::Event event;
    event.source = event.source_type = "supervisor";
    event.kind = "audit";
    event.fields["json"] = journal::Json{json};
    add(std::move(event));
  }
  EXPECT_EQ(verdict("generation_monotonic"), Verdict::vacuous);
}

TEST_F(Checkers, LetEachExchangeMakeOneRequest) {
  provider("request", "api#1", "a", "path", "/");
  provider("request", "api#1", "b", "path", "/");
  EXPECT_EQ(verdict("forwarded_once"), Verdict::pass);
}

TEST_F(Checkers, FailAnExchangeThatMakesTwoRequests) {
  provider("request", "api#1", "a", "path", "/first");
  provider("request", "api#2", "a", "path", "/again");
  const auto failure = found("forwarded_once");
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->verdict, Verdict::fail);
  EXPECT_THAT(failure->observed, HasSubstr("/again"));
  EXPECT_THAT(failure->notes.at(0), HasSubstr("/first"));
  EXPECT_THAT(failure->lanes, testing::Contains("load"));
}

TEST_F(Checkers, DoNotCountTheRequestsOfCommands) {
  provider("request", "api#1", "a", "path", "/", "curl");
  provider("request", "api#1", "a", "path", "/", "curl");
  EXPECT_EQ(verdict("forwarded_once"), Verdict::vacuous);
}

TEST_F(Checkers, LetAStreamBreakOffAnywhereWithALastError) {
  for (const std::string data : {"one", "two", "three"}) sent("a", data);
  received("a", "one");
  received("a", "two");
  received("a", R"({"error":"cut"})", true);
  EXPECT_EQ(verdict("stream_prefix"), Verdict::pass);
}

TEST_F(Checkers, FailAStreamThatLacksAnEventOrHasAnother) {
  for (const std::string data : {"one", "two", "three"}) sent("a", data);
  received("a", "one");
  received("a", "three");
  const auto failure = found("stream_prefix");
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->verdict, Verdict::fail);
  EXPECT_THAT(failure->expected, HasSubstr("event 2"));
  EXPECT_THAT(failure->observed, HasSubstr("three"));
}

TEST_F(Checkers, FailAStreamThatIsLongerThanWhatWasSent) {
  sent("a", "one");
  received("a", "one");
  received("a", "two");
  EXPECT_EQ(verdict("stream_prefix"), Verdict::fail);
}

TEST_F(Checkers, FailAnErrorThatIsNotTheLastEvent) {
  sent("a", "one");
  sent("a", "two");
  received("a", R"({"error":"cut"})", true);
  received("a", "one");
  EXPECT_EQ(verdict("stream_prefix"), Verdict::fail);
}

TEST_F(Checkers, KeepTheStreamsOfExchangesApart) {
  sent("a", "one");
  provider("sse", "api#2", "b", "data", "uno");
  sent("a", "two");
  received("b", "uno");
  received("a", "one");
  received("a", "two");
  EXPECT_EQ(verdict("stream_prefix"), Verdict::pass);
  received("b", "two");
  EXPECT_EQ(verdict("stream_prefix"), Verdict::fail);
}

TEST_F(Checkers, CompareWithTheStreamThatWasPassedOnOfSeveral) {
  provider("response", "api#1", "a", "status", "200");
  provider("sse", "api#1", "a", "data", "lost");
  provider("response", "api#2", "a", "status", "200");
  provider("sse", "api#2", "a", "data", "one");
  received("a", "one");
  EXPECT_EQ(verdict("stream_prefix"), Verdict::pass);
}

TEST_F(Checkers, FindNothingToCompareInAStreamOfErrorsAlone) {
  sent("a", "one");
  received("a", R"({"error":"cut"})", true);
  EXPECT_EQ(verdict("stream_prefix"), Verdict::vacuous);
}

}  // namespace
}  // namespace sallyport::sim::runner
