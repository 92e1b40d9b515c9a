#include "simulator/agents/classify.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace sallyport::sim::agents {
namespace {

RawFacts connecting(int error) {
  RawFacts facts;
  facts.phase = Phase::connect;
  facts.connect_errno = error;
  return facts;
}

RawFacts answered(HeadMaker by, int status) {
  RawFacts facts;
  facts.phase = Phase::done;
  facts.head_by = by;
  facts.status = status;
  facts.framing_complete = true;
  return facts;
}

TEST(Classify, AbortedComesBeforeEverything) {
  RawFacts facts = connecting(ECONNREFUSED);
  facts.aborted = true;
  EXPECT_EQ(classify(facts), "aborted");
}

TEST(Classify, ANameWithoutAddressesOrAnswer) {
  RawFacts facts;
  facts.resolve_failed = true;
  EXPECT_EQ(classify(facts), "name_resolution");
  facts.resolve_failed = false;
  facts.timed_out = true;
  EXPECT_EQ(classify(facts), "name_resolution");
}

TEST(Classify, AnUnreachableProxyWhateverTheErrno) {
  for (const int error : {ECONNREFUSED, ENETUNREACH, ETIMEDOUT}) {
    RawFacts facts = connecting(error);
    facts.peer_was_via = true;
    EXPECT_EQ(classify(facts), "proxy_unreachable");
  }
  RawFacts silent = connecting(0);
  silent.peer_was_via = true;
  silent.timed_out = true;
  EXPECT_EQ(classify(silent), "proxy_unreachable");
}

TEST(Classify, RefusedConnects) {
  EXPECT_EQ(classify(connecting(ECONNREFUSED)), "refused");
  EXPECT_EQ(classify(connecting(ECONNRESET)), "refused");
}

TEST(Classify, UnroutableConnects) {
  EXPECT_EQ(classify(connecting(ENETUNREACH)), "unroutable");
  EXPECT_EQ(classify(connecting(EHOSTUNREACH)), "unroutable");
  EXPECT_EQ(classify(connecting(EADDRNOTAVAIL)), "unroutable");
}

TEST(Classify, FilteredConnectsByOurClockOrTheKernels) {
  RawFacts facts = connecting(0);
  facts.timed_out = true;
  EXPECT_EQ(classify(facts), "filtered");
  EXPECT_EQ(classify(connecting(ETIMEDOUT)), "filtered");
}

TEST(Classify, AnswersOfASupervisorOrProxy) {
  EXPECT_EQ(classify(answered(HeadMaker::supervisor, 403)), "denied");
  EXPECT_EQ(classify(answered(HeadMaker::proxy, 407)), "denied");
  EXPECT_EQ(classify(answered(HeadMaker::supervisor, 503)), "unavailable");
}

TEST(Classify, ARefusedConnectIsDeniedThoughTheTunnelNeverStood) {
  RawFacts facts = answered(HeadMaker::supervisor, 403);
  facts.phase = Phase::tunnel;
  EXPECT_EQ(classify(facts), "denied");
}

TEST(Classify, TlsByWhoseFaultItWas) {
  RawFacts facts;
  facts.phase = Phase::tls;
  facts.peer_ended = true;
  EXPECT_EQ(classify(facts), "tls_failed");
  facts.timed_out = true;
  EXPECT_EQ(classify(facts), "tls_failed");
  facts.tls_verify_failed = true;
  EXPECT_EQ(classify(facts), "tls_untrusted");
}

TEST(Classify, AKeptConnectionThatHadEnded) {
  RawFacts facts;
  facts.phase = Phase::request;
  facts.peer_ended = true;
  facts.kept_connection_ended = true;
  EXPECT_EQ(classify(facts), "closed");
}

TEST(Classify, MalformedEvenWhenComplete) {
  RawFacts facts = answered(HeadMaker::origin, 200);
  facts.malformed = true;
  EXPECT_EQ(classify(facts), "malformed");
}

TEST(Classify, StalledInEveryPhaseAfterConnect) {
  for (const Phase phase : {Phase::tunnel, Phase::request, Phase::head, Phase::body}) {
    RawFacts facts;
    facts.phase = phase;
    facts.timed_out = true;
    EXPECT_EQ(classify(facts), "stalled");
  }
}

TEST(Classify, NoResponseWhenItEndedBeforeAWholeHead) {
  RawFacts facts;
  facts.phase = Phase::head;
  facts.peer_ended = true;
  EXPECT_EQ(classify(facts), "no_response");
}

TEST(Classify, TruncatedBodiesAndStreams) {
  RawFacts body = answered(HeadMaker::origin, 200);
  body.phase = Phase::body;
  body.framing_complete = false;
  body.peer_ended = true;
  EXPECT_EQ(classify(body), "truncated");
  RawFacts partial = answered(HeadMaker::origin, 200);
  partial.sse_end = SseEnd::partial;
  EXPECT_EQ(classify(partial), "truncated");
  RawFacts error = answered(HeadMaker::origin, 200);
  error.sse_end = SseEnd::error;
  EXPECT_EQ(classify(error), "truncated");
}

TEST(Classify, AStreamWithoutItsLastEventIsOkWhenItsFramingIs) {
  RawFacts facts = answered(HeadMaker::origin, 200);
  facts.sse_end = SseEnd::missing;
  EXPECT_EQ(classify(facts), "ok");
}

TEST(Classify, CompleteAnswersByStatus) {
  EXPECT_EQ(classify(answered(HeadMaker::origin, 404)), "http_error");
  EXPECT_EQ(classify(answered(HeadMaker::origin, 503)), "http_error");
  EXPECT_EQ(classify(answered(HeadMaker::origin, 302)), "ok");
  EXPECT_EQ(classify(answered(HeadMaker::supervisor, 200)), "ok");
}

TEST(Classify, AnErrorOfAnUnknownMakerIsNeverOk) {
  EXPECT_EQ(classify(answered(HeadMaker::none, 500)), "http_error");
}

TEST(Classify, EveryWordIsInTheList) {
  EXPECT_EQ(kExchangeClasses.front(), "aborted");
  EXPECT_EQ(kExchangeClasses.back(), "ok");
  EXPECT_EQ(to_string(Phase::tls), "tls");
  EXPECT_EQ(to_string(SseEnd::none), "");
  EXPECT_EQ(to_string(SseEnd::partial), "partial");
}

TEST(ClassifyRun, FirstFactThatFits) {
  EXPECT_EQ(classify(RunFacts{}), "exec_failed");
  EXPECT_EQ(classify(RunFacts{.started = true, .timed_out = true, .signal = 9}), "stalled");
  EXPECT_EQ(classify(RunFacts{.started = true, .signal = 9}), "killed");
  EXPECT_EQ(classify(RunFacts{.started = true, .exit = 7}), "exit_nonzero");
  EXPECT_EQ(classify(RunFacts{.started = true}), "ok");
}

TEST(Classify, AWholeAnswerBeforeAnEndThatCameTooEarlyForTheScript) {
  RawFacts facts = answered(HeadMaker::origin, 200);
  facts.script_unmet = true;
  EXPECT_EQ(classify(facts), "truncated");
  facts.status = 400;
  EXPECT_EQ(classify(facts), "http_error");
}

TEST(Classify, AWholeAnswerToAnUpgradeThatIsNone) {
  RawFacts facts = answered(HeadMaker::origin, 200);
  facts.upgrade_refused = true;
  EXPECT_EQ(classify(facts), "http_error");
  facts.head_by = HeadMaker::proxy;
  facts.status = 403;
  EXPECT_EQ(classify(facts), "denied");
}

}  // namespace
}  // namespace sallyport::sim::agents
