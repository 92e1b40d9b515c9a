// What the client makes of upstreams that break off, stall, or speak something else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/agents/testing/client_bench.h"

namespace sallyport::sim::agents {
namespace {

using providers::Answer;
using providers::CutHow;
using providers::Move;
using providers::SseSpec;
using providers::TlsKind;
using providers::testing::provider;
using providers::testing::route;
using testing::ClientBench;
using testing::fact;

// What a client makes of an upstream that answers everything with `answer`.
Facts facts_of(const Answer& answer, TlsKind tls = TlsKind::none,
               base::Duration timeout = std::chrono::seconds{5}) {
  ClientBench bench;
  bench.timeout = timeout;
  auto spec = provider("api");
  spec.tls = tls;
  spec.routes.push_back(route("*", "/**", answer));
  auto& api = bench.add(spec);
  const std::string scheme = tls == TlsKind::none ? "http://" : "https://";
  return bench.get(scheme + api.endpoint().to_string() + "/");
}

Facts facts_of_raw(const std::string& bytes, Move::Kind end,
                   base::Duration timeout = std::chrono::seconds{5}) {
  Answer answer;
  answer.raw.emplace();
  Move send;
  send.bytes = bytes;
  Move last;
  last.kind = end;
  if (!bytes.empty()) answer.raw->push_back(send);
  answer.raw->push_back(last);
  return facts_of(answer, TlsKind::none, timeout);
}

TEST(ClientFaults, ABodyThatIsCutIsTruncatedHoweverAndInWhateverFraming) {
  using Framing = Answer::Framing;
  for (const TlsKind tls : {TlsKind::none, TlsKind::valid}) {
    for (const Framing framing : {Framing::length, Framing::chunked, Framing::close}) {
      for (const CutHow how : {CutHow::reset, CutHow::fin}) {
        // A plain FIN is how such a body ends well: nobody can tell.
        if (framing == Framing::close && how == CutHow::fin && tls == TlsKind::none) continue;
        Answer answer;
        answer.size = 1000;
        answer.framing = framing;
        answer.cut = Answer::Cut{600, how};
        const Facts facts = facts_of(answer, tls);
        const std::string which =
            std::to_string(static_cast<int>(framing)) + "/" + std::to_string(static_cast<int>(how));
        EXPECT_EQ(fact(facts, "class"), "truncated") << which;
        EXPECT_EQ(fact(facts, "framing"), "incomplete") << which;
        EXPECT_EQ(fact(facts, "body_size"), "600") << which;
        EXPECT_EQ(fact(facts, "errno"), how == CutHow::reset ? "ECONNRESET" : "-") << which;
      }
    }
  }
}

TEST(ClientFaults, AStreamThatIsCutInsideAnEventIsTruncatedEvenIfItsFramingEndsWell) {
  for (const CutHow how : {CutHow::reset, CutHow::fin, CutHow::clean}) {
    Answer answer;
    answer.sse.emplace();
    answer.sse->events = 12;
    answer.sse->cut = SseSpec::Cut{6, 3, how};
    const Facts facts = facts_of(answer);
    EXPECT_EQ(fact(facts, "class"), "truncated");
    EXPECT_EQ(fact(facts, "sse_count"), "5");
    EXPECT_EQ(fact(facts, "sse_end"), "partial");
    EXPECT_EQ(fact(facts, "framing"), how == CutHow::clean ? "complete" : "incomplete");
  }
}

TEST(ClientFaults, AStreamWithoutItsTerminalEventIsWhole) {
  Answer answer;
  answer.sse.emplace();
  answer.sse->terminal = false;
  const Facts facts = facts_of(answer);
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "sse_end"), "missing");
}

TEST(ClientFaults, SilenceInABodyStalls) {
  Answer answer;
  answer.body = "0123456789";
  answer.cut = Answer::Cut{4, CutHow::stall};
  const Facts facts = facts_of(answer, TlsKind::none, std::chrono::milliseconds{60});
  EXPECT_EQ(fact(facts, "class"), "stalled");
  EXPECT_EQ(fact(facts, "phase"), "body");
  EXPECT_EQ(fact(facts, "body"), "0123");
}

TEST(ClientFaults, SilenceInsteadOfAHeadStalls) {
  Answer answer;
  answer.delay = std::chrono::seconds{20};
  const Facts facts = facts_of(answer, TlsKind::none, std::chrono::milliseconds{60});
  EXPECT_EQ(fact(facts, "class"), "stalled");
  EXPECT_EQ(fact(facts, "phase"), "head");
}

TEST(ClientFaults, AnEndBeforeAHeadIsNoResponse) {
  for (const auto end : {Move::Kind::close, Move::Kind::reset}) {
    EXPECT_EQ(fact(facts_of_raw("", end), "class"), "no_response");
    const Facts facts = facts_of_raw("HTTP/1.1 200 O", end);
    EXPECT_EQ(fact(facts, "class"), "no_response");
    EXPECT_EQ(fact(facts, "phase"), "head");
    EXPECT_EQ(fact(facts, "framing"), "-");
  }
}

TEST(ClientFaults, WhatIsNoAnswerOrTooMuchIsMalformed) {
  for (const std::string bytes :
       {"SSH-2.0-sallyport\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    EXPECT_EQ(fact(facts_of_raw(bytes, Move::Kind::half_close), "class"), "malformed") << bytes;
  }
}

TEST(ClientFaults, EachDefectOfACertificateIsUntrusted) {
  const std::pair<TlsKind, const char*> rows[] = {{TlsKind::expired, "10"},
                                                  {TlsKind::not_yet_valid, "9"},
                                                  {TlsKind::unknown_issuer, "19"},
                                                  {TlsKind::self_signed, "18"}};
  for (const auto& [kind, code] : rows) {
    const Facts facts = facts_of({}, kind);
    EXPECT_EQ(fact(facts, "class"), "tls_untrusted");
    EXPECT_EQ(fact(facts, "phase"), "tls");
    EXPECT_EQ(fact(facts, "tls_verify"), code);
  }
  EXPECT_EQ(fact(facts_of({}, TlsKind::wrong_name), "class"), "tls_untrusted");
}

TEST(ClientFaults, AnUnverifiedCertificateIsTakenAndStillTold) {
  ClientBench bench;
  auto spec = provider("api");
  spec.tls = TlsKind::expired;
  auto& api = bench.add(spec);
  RequestSpec request;
  request.url = "https://" + api.endpoint().to_string() + "/v1/models";
  request.tls.verify = false;
  const Facts facts = bench.perform(request);
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "tls_verify"), "10");
}

TEST(ClientFaults, AHandshakeThatGetsNowhereIsATlsFailure) {
  const Facts silent = facts_of({}, TlsKind::stall, std::chrono::milliseconds{60});
  EXPECT_EQ(fact(silent, "class"), "tls_failed");
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  const Facts plain = bench.get("https://" + api.endpoint().to_string() + "/");
  EXPECT_EQ(fact(plain, "class"), "tls_failed");
  EXPECT_EQ(fact(plain, "phase"), "tls");
}

TEST(ClientFaults, AnAbortResetsAndIsTold) {
  ClientBench bench;
  auto spec = provider("api");
  Answer answer;
  answer.sse.emplace();
  journal::Selector never;
  never.source = "nobody";
  never.kind = "nothing";
  answer.sse->hold = SseSpec::Hold{3, never};
  spec.routes.push_back(route("*", "/", answer));
  auto& api = bench.add(spec);
  RequestSpec request;
  request.url = "http://" + api.endpoint().to_string() + "/";
  request.abort.emplace();
  request.abort->source = "step";
  request.abort->kind = "sse";
  request.abort->nth = 2;
  const Facts facts = bench.perform(request);
  EXPECT_EQ(fact(facts, "class"), "aborted");
  EXPECT_EQ(fact(facts, "sse_count"), "2");
  bench.await("api", "closed");
  EXPECT_EQ(providers::testing::text(*bench.events("api", "closed").at(0), "how"), "reset");
}

}  // namespace
}  // namespace sallyport::sim::agents
