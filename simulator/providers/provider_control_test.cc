// What steps change about a fake upstream while it runs: keys, delays, open connections; and how
// answers that wait for an event meet such changes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "simulator/providers/provider.h"
#include "simulator/providers/testing/bench.h"

namespace sallyport::sim::providers {
namespace {

using testing::Bench;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::provider;
using testing::route;
using ::testing::StartsWith;
using testing::text;

constexpr std::string_view kLast = "Connection: close\r\n";

std::string get(std::string_view key, std::string_view more = {}) {
  return "GET /v1/models HTTP/1.1\r\nAuthorization: Bearer " + std::string(key) + "\r\n" +
         std::string(more) + "\r\n";
}

ProviderSpec with_keys() {
  ProviderSpec spec = provider("api");
  spec.keys = {"k1", "k2"};
  return spec;
}

// A bench whose keys k1 and k2 are `sk-1` and `sk-2`.
class ProviderControl : public ::testing::Test {
 protected:
  ProviderControl() { bench_.keys = {{"k1", "sk-1"}, {"k2", "sk-2"}}; }

  void happen(const std::string& kind) {
    journal::Event event;
    event.source = "rotate";
    event.kind = kind;
    bench_.journal.append(std::move(event));
  }

  static journal::Selector rotated() {
    journal::Selector selector;
    selector.source = "rotate";
    selector.kind = "done";
    return selector;
  }

  // Calls `act` once, at the first event of that kind.
  void at_first(const std::string& kind, std::function<void()> act) {
    bench_.journal.subscribe([this, kind, act = std::move(act)](const journal::Event& event) {
      if (event.kind == kind && !std::exchange(acted_, true)) act();
    });
  }

  [[nodiscard]] std::vector<std::string> keys_seen() const {
    std::vector<std::string> keys;
    for (const auto* event : bench_.events("api", "request")) keys.push_back(text(*event, "key"));
    return keys;
  }

  bool acted_ = false;
  Bench bench_;
};

TEST_F(ProviderControl, RefusesAKeyFromItsRevocationOnAlsoOnAnOpenConnection) {
  auto& api = bench_.add(with_keys());
  int requests = 0;
  bench_.journal.subscribe([&](const journal::Event& event) {
    if (event.kind == "response" && ++requests == 1) api.revoke("k1");
  });
  const std::string answer =
      bench_.dialogue(api.endpoint(), get("sk-1") + get("sk-1") + get("sk-2", kLast));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(keys_seen(), (std::vector<std::string>{"k1", "k1", "k2"}));
  const auto responses = bench_.events("api", "response");
  EXPECT_EQ(text(*responses.at(1), "status"), "401");
  EXPECT_EQ(text(*responses.at(2), "status"), "401");
  EXPECT_EQ(bench_.events("api", "connection").size(), 1U);
}

TEST_F(ProviderControl, AcceptsANewKeyBesideTheOldOne) {
  auto& api = bench_.add(with_keys());
  api.accept("k2");
  for (const std::string key : {"sk-1", "sk-2"}) {
    EXPECT_THAT(bench_.dialogue(api.endpoint(), get(key, kLast)), StartsWith("HTTP/1.1 200"))
        << key;
  }
}

TEST_F(ProviderControl, SaysInItsDialectThatAKeyIsRefused) {
  auto& api = bench_.add(with_keys());
  const std::string answer = bench_.dialogue(api.endpoint(), get("sk-2", kLast));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_THAT(answer, HasSubstr("WWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(answer, HasSubstr(R"("code":"invalid_api_key")"));
  EXPECT_THAT(answer, Not(HasSubstr("sk-")));
}

TEST_F(ProviderControl, FinishesAStreamWhoseKeyIsRevokedMeanwhile) {
  ProviderSpec spec = with_keys();
  Answer answer;
  answer.sse.emplace();
  answer.sse->texts = {"one", "two", "three"};
  answer.sse->hold = SseSpec::Hold{3, rotated()};
  spec.routes.push_back(route("*", "/**", answer));
  auto& api = bench_.add(spec);
  bench_.journal.subscribe([&](const journal::Event& event) {
    if (event.kind != "sse" || event.index != 2) return;
    api.accept("k2");
    api.revoke("k1");
    happen("done");
  });
  const std::string got = bench_.dialogue(api.endpoint(), get("sk-1", kLast));
  EXPECT_THAT(got, HasSubstr("data: three"));
  EXPECT_THAT(got, EndsWith("0\r\n\r\n"));
  const auto events = bench_.events("api", "sse");
  ASSERT_EQ(events.size(), 4U);
  EXPECT_LT(bench_.events("rotate", "done").at(0)->sequence, events.at(2)->sequence);
  EXPECT_THAT(bench_.dialogue(api.endpoint(), get("sk-1", kLast)), StartsWith("HTTP/1.1 401"));
}

TEST_F(ProviderControl, SendsNoHeadBeforeItsEvent) {
  ProviderSpec spec = provider("api");
  Answer answer;
  answer.body = "late";
  answer.hold = rotated();
  spec.routes.push_back(route("*", "/**", answer));
  auto& api = bench_.add(spec);
  at_first("request", [this] {
    EXPECT_TRUE(bench_.events("api", "response").empty());
    happen("start");
    happen("done");
  });
  EXPECT_THAT(bench_.dialogue(api.endpoint(), get("-", kLast)), EndsWith("\r\n\r\nlate"));
  EXPECT_LT(bench_.events("rotate", "done").at(0)->sequence,
            bench_.events("api", "response").at(0)->sequence);
}

TEST_F(ProviderControl, HoldsUntilTheNthEventCountsThoughManyOthersCome) {
  ProviderSpec spec = provider("api");
  Answer answer;
  answer.body = "late";
  answer.hold = rotated();
  answer.hold->nth = 3;
  spec.routes.push_back(route("*", "/**", answer));
  auto& api = bench_.add(spec);
  at_first("request", [this] {
    for (int i = 0; i < 3; ++i) happen("done");
  });
  EXPECT_THAT(bench_.dialogue(api.endpoint(), get("-", kLast)), EndsWith("late"));
  EXPECT_LT(bench_.events("rotate", "done").at(2)->sequence,
            bench_.events("api", "response").at(0)->sequence);
}

TEST_F(ProviderControl, CutsAnEventAfterItsHold) {
  ProviderSpec spec = provider("api");
  Answer answer;
  answer.sse.emplace();
  answer.sse->texts = {"one", "two"};
  answer.sse->hold = SseSpec::Hold{2, rotated()};
  answer.sse->cut = SseSpec::Cut{2, 7, CutHow::fin};
  spec.routes.push_back(route("*", "/**", answer));
  auto& api = bench_.add(spec);
  at_first("sse", [this] { happen("done"); });
  EXPECT_THAT(bench_.dialogue(api.endpoint(), get("-")), EndsWith("\r\n7\r\ndata: t\r\n"));
  EXPECT_EQ(bench_.events("api", "sse").size(), 1U);
  EXPECT_LT(bench_.events("rotate", "done").at(0)->sequence,
            bench_.events("api", "cut").at(0)->sequence);
}

TEST_F(ProviderControl, EndsAStreamCleanlyInEveryFraming) {
  for (const auto framing : {Answer::Framing::length, Answer::Framing::chunked}) {
    Bench bench;
    ProviderSpec spec = provider("api");
    Answer answer;
    answer.framing = framing;
    answer.sse.emplace();
    answer.sse->texts = {"one", "two"};
    answer.sse->cut = SseSpec::Cut{2, 7, CutHow::clean};
    spec.routes.push_back(route("*", "/**", answer));
    auto& api = bench.add(spec);
    const std::string got = bench.dialogue(api.endpoint(), get("-", kLast));
    if (framing == Answer::Framing::length) {
      EXPECT_THAT(got, HasSubstr("Content-Length: 18\r\n"));
      EXPECT_THAT(got, EndsWith("data: one\n\ndata: t"));
    } else {
      EXPECT_THAT(got, EndsWith("data: t\r\n0\r\n\r\n"));
    }
  }
}

TEST_F(ProviderControl, AnswersLateAsLongAsItIsTold) {
  auto& api = bench_.add(provider("api"));
  std::vector<std::string> delayed;
  constexpr base::Duration kDelay = std::chrono::milliseconds(8);
  api.set_delay(kDelay, [&](const std::string& step, const std::string& connection) {
    delayed.push_back(step + " " + connection);
  });
  const std::string request =
      "GET /v1/models HTTP/1.1\r\nUser-Agent: step:call\r\nConnection: close\r\n\r\n";
  EXPECT_THAT(bench_.dialogue(api.endpoint(), request), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(delayed, (std::vector<std::string>{"call api#1"}));
  EXPECT_GE(bench_.events("api", "response").at(0)->at - bench_.events("api", "request").at(0)->at,
            kDelay);
  api.set_delay(base::Duration{0});
  EXPECT_THAT(bench_.dialogue(api.endpoint(), request), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(delayed.size(), 1U);
}

TEST_F(ProviderControl, ResetsWhatIsOpenAndGoesOnAccepting) {
  ProviderSpec spec = provider("api");
  Answer held;
  held.hold = rotated();
  spec.routes.push_back(route("*", "/held", held));
  auto& api = bench_.add(spec);
  at_first("request", [&] { api.reset_open(); });
  EXPECT_EQ(bench_.dialogue(api.endpoint(), "GET /held HTTP/1.1\r\n\r\n"), "");
  EXPECT_EQ(api.open_connections(), 0U);
  EXPECT_THAT(bench_.dialogue(api.endpoint(), get("-", kLast)), StartsWith("HTTP/1.1 200"));
}

TEST_F(ProviderControl, TellsTheNonceOfEachExchange) {
  auto& api = bench_.add(provider("api"));
  (void)bench_.dialogue(api.endpoint(),
                        "GET /a HTTP/1.1\r\nUser-Agent: sallyport n1\r\n\r\n"
                        "GET /b HTTP/1.1\r\nUser-Agent: sallyport n2\r\nConnection: close\r\n\r\n");
  for (const std::string kind : {"request", "response"}) {
    EXPECT_EQ(text(*bench_.events("api", kind).at(0), "nonce"), "n1") << kind;
    EXPECT_EQ(text(*bench_.events("api", kind).at(1), "nonce"), "n2") << kind;
  }
  (void)bench_.dialogue(api.endpoint(), get("-", kLast));
  EXPECT_EQ(text(*bench_.events("api", "request").at(2), "nonce"), "");
}

}  // namespace
}  // namespace sallyport::sim::providers
