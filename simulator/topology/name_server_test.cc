#include "simulator/topology/name_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <vector>

#include "reference/net/socket_address.h"
#include "simulator/topology/testing/named_world.h"

namespace sallyport::sim::topology {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using Kind = DnsAnswer::Kind;

TEST(NameServer, AnswersFromItsZoneAndJournalsWhoAsked) {
  const Zone zone{{"api.test", addresses({"20.0.0.1", "fd00::1"})}};
  EXPECT_EQ(with_name_server({host("box"), host("other")}, zone,
                             [](Named& named) {
                               const auto found = describe(named.look_up("other", "API.test."));
                               return found + "; " + queries(named.journal);
                             }),
            "NOERROR 20.0.0.1 fd00::1; api.test A NOERROR 20.0.0.1 other udp;"
            "api.test AAAA NOERROR fd00::1 other udp;");
}

TEST(NameServer, SaysNxdomainToUnknownNames) {
  EXPECT_EQ(with_name_server({host("box")}, {},
                             [](Named& named) {
                               const auto found = describe(named.look_up("box", "no.test"));
                               return found + "; " + queries(named.journal);
                             }),
            "NXDOMAIN; no.test A NXDOMAIN  box udp;");
}

TEST(NameServer, SaysServfailAndNxdomainWhereToldTo) {
  const Zone zone{{"a.test", outcome(Kind::servfail)}, {"b.test", outcome(Kind::nxdomain)}};
  EXPECT_EQ(with_name_server({host("box")}, zone,
                             [](Named& named) {
                               const auto first = describe(named.look_up("box", "a.test"));
                               return first + "; " + describe(named.look_up("box", "b.test"));
                             }),
            "SERVFAIL; NXDOMAIN");
}

TEST(NameServer, JournalsAQueryToWhichItStaysSilent) {
  const Zone zone{{"a.test", outcome(Kind::silent)}};
  EXPECT_EQ(with_name_server({host("box")}, zone,
                             [](Named& named) {
                               const auto bound = std::chrono::milliseconds(50);
                               const auto found = describe(named.look_up("box", "a.test", bound));
                               return found + "; " + queries(named.journal);
                             }),
            " expired; a.test A   box udp;");
}

TEST(NameServer, WalksASequenceForEachTypeAndStaysAtItsEnd) {
  DnsAnswer sequence = outcome(Kind::sequence);
  sequence.sequence = {addresses({"20.0.0.1"}), outcome(Kind::servfail), addresses({"20.0.0.3"})};
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", sequence}},
                             [](Named& named) {
                               std::string seen;
                               for (int i = 0; i < 4; ++i) {
                                 seen += describe(named.look_up("box", "a.test")) + ";";
                               }
                               return seen;
                             }),
            "NOERROR 20.0.0.1;SERVFAIL;NOERROR 20.0.0.3;NOERROR 20.0.0.3;");
}

TEST(NameServer, GivesLongAnswersOverTcp) {
  DnsAnswer many;
  for (std::uint32_t i = 0; i < 200; ++i) {
    many.addresses.push_back(net::IpAddress::v4((20U << 24) + i));
  }
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", many}},
                             [](Named& named) {
                               const auto found = named.look_up("box", "a.test");
                               return std::to_string(found.addresses.size()) + " " +
                                      std::to_string(named.journal.events().size());
                             }),
            "200 3");
}

TEST(NameServer, AnswersTheCLibraryOfACommand) {
  const Zone zone{{"api.test", addresses({"20.0.0.1"})}};
  auto box = host("box");
  // The C library asks for no family of which the host has only loopback addresses.
  box.addresses = {{*net::IpAddress::parse("20.0.0.1"), 32}};
  EXPECT_EQ(with_name_server({box}, zone,
                             [](Named& named) {
                               auto spec = world::testing::shell("getent ahostsv4 api.test");
                               spec.host = named.hosts.view("box");
                               auto process = world::spawn(named.loop.executor(), spec);
                               if (!process) return process.error().message();
                               while (!(*process)->poll()) named.loop.context().run_one();
                               const auto found = (*process)->out();
                               return found.substr(0, found.find(' ')) + (*process)->err();
                             }),
            "20.0.0.1");
}

TEST(NameServer, TellsTheStepThatTheRunnerKnows) {
  const Zone zone{{"api.test", addresses({"20.0.0.1"})}};
  EXPECT_EQ(with_name_server({host("box")}, zone,
                             [](Named& named) {
                               named.server.set_step_of([](const auto& name, const auto& from) {
                                 return name + "@" + from;
                               });
                               (void)named.look_up("box", "api.test");
                               return named.journal.events().front().step;
                             }),
            "api.test@box");
}

// The answer to one datagram; empty when none has come after many turns of the loop.
std::string raw_answer(Named& named, std::string_view query) {
  auto socket = named.hosts.socket("box", AF_INET, SOCK_DGRAM);
  if (!socket) return "no socket";
  const auto to = net::to_socket_address(*net::Endpoint::parse("127.0.0.53:53"));
  (void)::sendto(socket->get(), query.data(), query.size(), 0, to.get(), to.length);
  named.loop.context().poll();
  std::string buffer(65536, '\0');
  const ssize_t size = ::recv(socket->get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  buffer.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return buffer;
}

constexpr std::string_view kQuestion(
    "\x01"
    "a\x04test\x00\x00\x01\x00\x01",
    12);

std::string message(std::string_view header, std::string_view rest) {
  return std::string(header) + std::string(rest);
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

TEST(NameServer, RefusesWhatItCannotAnswer) {
  using namespace std::string_view_literals;
  struct Row {
    const char* what;
    std::string query, header;
  };
  const std::string two = std::string(kQuestion) + std::string(kQuestion);
  const std::string chaos = std::string(kQuestion.substr(0, 11)) + "\x03";
  const std::vector<Row> rows = {
      {"two questions", message("\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00"sv, two),
       "12348101"},
      {"none", message("\x12\x34\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"sv, ""), "12348101"},
      {"a name that points at itself",
       message("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"sv, "\xc0\x0c\x00\x01\x00\x01"sv),
       "12348101"},
      {"half a question",
       message("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"sv, kQuestion.substr(0, 7)),
       "12348101"},
      {"another operation",
       message("\x12\x34\x28\x00\x00\x01\x00\x00\x00\x00\x00\x00"sv, kQuestion), "1234a804"},
      {"another class", message("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"sv, chaos),
       "12348105"},
      {"an answer", message("\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00"sv, kQuestion), ""},
      {"less than a header", "\x12\x34\x01", ""},
      {"nothing", "", ""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(with_name_server(
                  {host("box")}, {{"a.test", addresses({"20.0.0.1"})}},
                  [&row](Named& named) { return hex(raw_answer(named, row.query)).substr(0, 8); }),
              row.header)
        << row.what;
  }
}

TEST(NameServer, JournalsWhatItRefuses) {
  using namespace std::string_view_literals;
  EXPECT_EQ(with_name_server({host("box")}, {},
                             [](Named& named) {
                               const auto head =
                                   "\x12\x34\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"sv;
                               (void)raw_answer(named, head);
                               return queries(named.journal);
                             }),
            "  FORMERR  box udp;");
}

TEST(NameServer, AnswersInTheAskersSpellingAndWithTtlZero) {
  using namespace std::string_view_literals;
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", addresses({"20.0.0.1"})}},
                             [](Named& named) {
                               const auto query =
                                   message("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"sv,
                                           "\x01"
                                           "A\x04tEsT\x00\x00\x01\x00\x01"sv);
                               return hex(raw_answer(named, query));
                             }),
            "123485800001000100000000"
            "014104744573540000010001"
            "c00c0001000100000000000414000001");
}

TEST(NameServer, SaysTruncatedOverUdpAndEverythingOverTcp) {
  DnsAnswer answer = addresses({"20.0.0.1"});
  answer.kind = Kind::truncated;
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", answer}},
                             [](Named& named) {
                               const auto found = describe(named.look_up("box", "a.test"));
                               return found + "; " + queries(named.journal);
                             }),
            "NOERROR 20.0.0.1; a.test A NOERROR  box udp;a.test A NOERROR 20.0.0.1 box tcp;"
            "a.test AAAA NOERROR  box udp;a.test AAAA NOERROR  box tcp;");
}

TEST(NameServer, WalksSequencesWithinSequences) {
  DnsAnswer inner = outcome(Kind::sequence);
  inner.sequence = {outcome(Kind::servfail), addresses({"20.0.0.2"}), addresses({"20.0.0.3"})};
  DnsAnswer outer = outcome(Kind::sequence);
  outer.sequence = {addresses({"20.0.0.1"}), inner};
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", outer}},
                             [](Named& named) {
                               std::string seen;
                               for (int i = 0; i < 5; ++i) {
                                 seen += describe(named.look_up("box", "a.test")) + ";";
                               }
                               return seen;
                             }),
            "NOERROR 20.0.0.1;SERVFAIL;NOERROR 20.0.0.2;NOERROR 20.0.0.3;NOERROR 20.0.0.3;");
}

TEST(NameServer, HasEveryKindInASequence) {
  DnsAnswer sequence = outcome(Kind::sequence);
  sequence.sequence = {outcome(Kind::nxdomain), outcome(Kind::truncated), addresses({"20.0.0.2"}),
                       outcome(Kind::silent)};
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", sequence}},
                             [](Named& named) {
                               const auto bound = milliseconds(50);
                               std::string seen = describe(named.look_up("box", "a.test")) + ";";
                               // The question over TCP is the next.
                               seen += describe(named.look_up("box", "a.test", bound)) + ";";
                               return seen + describe(named.look_up("box", "a.test", bound));
                             }),
            "NXDOMAIN;NOERROR 20.0.0.2; expired");
}

TEST(NameServer, ChangesItsZone) {
  const Zone zone{{"a.test", addresses({"20.0.0.1"})}, {"b.test", addresses({"20.0.0.2"})}};
  EXPECT_EQ(with_name_server({host("box")}, zone,
                             [](Named& named) {
                               named.server.change({{"a.test", addresses({"20.0.0.9"})},
                                                    {"c.test", addresses({"20.0.0.3"})}},
                                                   {"b.test"});
                               std::string seen;
                               for (const char* name : {"a.test", "b.test", "c.test"}) {
                                 seen += describe(named.look_up("box", name)) + ";";
                               }
                               return seen;
                             }),
            "NOERROR 20.0.0.9;NXDOMAIN;NOERROR 20.0.0.3;");
}

TEST(NameServer, BeginsASequenceAnewThatIsSetAnew) {
  DnsAnswer sequence = outcome(Kind::sequence);
  sequence.sequence = {addresses({"20.0.0.1"}), addresses({"20.0.0.2"})};
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", sequence}},
                             [&sequence](Named& named) {
                               std::string seen = describe(named.look_up("box", "a.test")) + ";";
                               named.server.change({{"a.test", sequence}}, {});
                               return seen + describe(named.look_up("box", "a.test"));
                             }),
            "NOERROR 20.0.0.1;NOERROR 20.0.0.1");
}

TEST(NameServer, AnswersAsItsFaultSaysUntilItIsLifted) {
  using Fault = DnsFault::Kind;
  const Zone zone{{"a.test", addresses({"20.0.0.1"})}};
  for (const auto& [kind, expected, hits] : {std::tuple(Fault::nxdomain, "NXDOMAIN", 1),
                                             {Fault::servfail, "SERVFAIL", 2},
                                             {Fault::silent, " expired", 1},
                                             {Fault::wrong_id, " expired", 1},
                                             {Fault::truncated, "NOERROR 20.0.0.1", 2}}) {
    EXPECT_EQ(with_name_server(
                  {host("box")}, zone,
                  [kind = kind](Named& named) {
                    int told = 0;
                    named.server.begin_fault("f", {kind, {}}, [&told](const auto&) { ++told; });
                    const auto bound =
                        milliseconds(kind == Fault::silent || kind == Fault::wrong_id ? 50 : 5000);
                    std::string seen = describe(named.look_up("box", "a.test", bound));
                    named.server.lift_fault("f");
                    seen += " " + std::to_string(told) + " ";
                    return seen + describe(named.look_up("box", "a.test"));
                  }),
              std::string(expected) + " " + std::to_string(hits) + " NOERROR 20.0.0.1")
        << static_cast<int>(kind);
  }
}

TEST(NameServer, HasAFaultOfOneNameAndTheLatestOfSeveral) {
  using Fault = DnsFault::Kind;
  const Zone zone{{"a.test", addresses({"20.0.0.1"})}, {"b.test", addresses({"20.0.0.2"})}};
  EXPECT_EQ(
      with_name_server({host("box")}, zone,
                       [](Named& named) {
                         named.server.begin_fault("all", {Fault::nxdomain, {}}, nullptr);
                         named.server.begin_fault("one", {Fault::servfail, "a.test"}, nullptr);
                         std::string seen = describe(named.look_up("box", "a.test")) + " ";
                         seen += describe(named.look_up("box", "b.test")) + " ";
                         named.server.lift_fault("all");
                         seen += describe(named.look_up("box", "b.test"));
                         return seen + (named.server.lift_fault("all") ? " twice" : "");
                       }),
      "SERVFAIL NXDOMAIN NOERROR 20.0.0.2");
}

TEST(NameServer, MayLiftAFaultFromItsOwnHit) {
  const Zone zone{{"a.test", addresses({"20.0.0.1"})}};
  EXPECT_EQ(with_name_server({host("box")}, zone,
                             [](Named& named) {
                               NameServer& server = named.server;
                               server.begin_fault("f", {DnsFault::Kind::nxdomain, {}},
                                                  [&server](const NameServer::Hit& hit) {
                                                    if (hit.host == "box") server.lift_fault("f");
                                                  });
                               std::string seen = describe(named.look_up("box", "a.test")) + " ";
                               return seen + describe(named.look_up("box", "a.test"));
                             }),
            "NXDOMAIN NOERROR 20.0.0.1");
}

}  // namespace
}  // namespace sallyport::sim::topology
