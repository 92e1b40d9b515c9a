#include "reference/linux/firewall.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>

#include "reference/linux/links.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/testing/in_namespaces.h"
#include "reference/linux/testing/loopback.h"

namespace sallyport::linux {
namespace {

using namespace testing;
using Verdict = PacketRule::Verdict;

constexpr std::uint16_t kPort = 9000;

std::string tell(Firewall& firewall) {
  std::string all;
  while (const auto seen = firewall.next()) all += seen->opening ? "syn " : "payload ";
  return all;
}

PacketRule rule_for(Verdict verdict, std::uint64_t offset = 0) {
  PacketRule rule;
  rule.listener = *net::Endpoint::parse("127.0.0.1:9000");
  rule.verdict = verdict;
  rule.offset = offset;
  return rule;
}

// Runs `scene` in new namespaces whose loopback is up and where somebody listens at kPort.
std::string in_scene(const std::function<std::string(const base::UniqueFd& listener)>& scene) {
  return in_namespaces([&scene] {
    auto links = Links::open();
    if (!links || !links->set_up("lo", true)) return std::string("no loopback");
    const base::UniqueFd listener = listen_at(kPort);
    return listener ? scene(listener) : std::string("no listener");
  });
}

TEST(Firewall, RefusesANewConnectionAndTellsItsSynOnce) {
  EXPECT_EQ(in_scene([](const base::UniqueFd&) {
              auto firewall = Firewall::install(-1, rule_for(Verdict::refuse));
              if (!firewall) return firewall.error().message();
              const Peer peer = dial(kPort);
              return name_of(peer.error) + ": " + tell(*firewall);
            }),
            "ECONNREFUSED: syn ");
}

TEST(Firewall, RefusingResetsWhatIsOpenAtItsNextPacketAndTellsItOnce) {
  EXPECT_EQ(in_scene([](const base::UniqueFd& listener) {
              const Peer peer = dial(kPort);
              const base::UniqueFd accepted = accept_from(listener);
              auto firewall = Firewall::install(-1, rule_for(Verdict::refuse));
              if (!firewall) return firewall.error().message();
              send_text(peer.socket, "hello");
              const std::string seen = receive(peer.socket);
              return seen + ": " + tell(*firewall);
            }),
            "ECONNRESET: payload ");
}

TEST(Firewall, RefusingResetsAPeerThatOnlyReads) {
  EXPECT_EQ(in_scene([](const base::UniqueFd& listener) {
              const Peer peer = dial(kPort);
              const base::UniqueFd accepted = accept_from(listener);
              auto firewall = Firewall::install(-1, rule_for(Verdict::refuse));
              if (!firewall) return firewall.error().message();
              send_text(accepted, "news");
              const std::string first = receive(peer.socket);
              const std::string second = first == "news" ? receive(peer.socket) : first;
              return second + ": " + tell(*firewall);
            }),
            "ECONNRESET: ");
}

TEST(Firewall, FilteringDropsSynsAndLetsWhatIsOpenGoOn) {
  EXPECT_EQ(in_scene([](const base::UniqueFd& listener) {
              const Peer open = dial(kPort);
              const base::UniqueFd accepted = accept_from(listener);
              auto firewall = Firewall::install(-1, rule_for(Verdict::filter));
              if (!firewall) return firewall.error().message();
              const Peer peer = dial(kPort, 100);
              send_text(open.socket, "still here");
              const std::string got = receive(accepted);
              return name_of(peer.error) + ", " + got + ": " + tell(*firewall);
            }),
            "EINPROGRESS, still here: syn ");
}

TEST(Firewall, ASynThatIsSentAgainIsToldOnce) {
  EXPECT_EQ(in_scene([](const base::UniqueFd&) {
              auto firewall = Firewall::install(-1, rule_for(Verdict::filter));
              if (!firewall) return firewall.error().message();
              // The kernel sends the SYN again after a second.
              const Peer peer = dial(kPort, 1500);
              return name_of(peer.error) + ": " + tell(*firewall);
            }),
            "EINPROGRESS: syn ");
}

TEST(Firewall, ABlackholeSwallowsPacketsBothWays) {
  EXPECT_EQ(in_scene([](const base::UniqueFd& listener) {
              const Peer open = dial(kPort);
              const base::UniqueFd accepted = accept_from(listener);
              auto firewall = Firewall::install(-1, rule_for(Verdict::blackhole));
              if (!firewall) return firewall.error().message();
              send_text(open.socket, "lost");
              send_text(accepted, "lost too");
              bound(open.socket.get(), 100);
              bound(accepted.get(), 100);
              const std::string seen = receive(open.socket) + " " + receive(accepted);
              const Peer peer = dial(kPort, 100);
              return seen + " " + name_of(peer.error) + ": " + tell(*firewall);
            }),
            "EAGAIN EAGAIN EINPROGRESS: payload syn ");
}

TEST(Firewall, ABlackholeThatIsLiftedDeliversWhatWasSentMeanwhile) {
  EXPECT_EQ(in_scene([](const base::UniqueFd& listener) {
              const Peer open = dial(kPort);
              const base::UniqueFd accepted = accept_from(listener);
              {
                auto firewall = Firewall::install(-1, rule_for(Verdict::blackhole));
                if (!firewall) return firewall.error().message();
                send_text(open.socket, "late");
              }
              return receive(accepted);
            }),
            "late");
}

TEST(Firewall, ResettingMakesTheConnectionAndResetsAtTheFirstPayload) {
  EXPECT_EQ(in_scene([](const base::UniqueFd& listener) {
              auto firewall = Firewall::install(-1, rule_for(Verdict::reset));
              if (!firewall) return firewall.error().message();
              const Peer peer = dial(kPort);
              const base::UniqueFd accepted = accept_from(listener);
              send_text(peer.socket, "hello");
              const std::string seen = name_of(peer.error) + " " + receive(peer.socket);
              bound(accepted.get(), 50);
              const std::string left = receive(accepted);
              return seen + " " + left + ": " + tell(*firewall);
            }),
            "ok ECONNRESET EAGAIN: syn ");
}

TEST(Firewall, ResettingLetsJustTheOffsetThrough) {
  EXPECT_EQ(in_scene([](const base::UniqueFd& listener) {
              auto firewall = Firewall::install(-1, rule_for(Verdict::reset, 5));
              if (!firewall) return firewall.error().message();
              const Peer peer = dial(kPort);
              const base::UniqueFd accepted = accept_from(listener);
              send_text(peer.socket, "12345");
              const std::string got = receive(accepted);
              send_text(peer.socket, "6");
              return got + " " + receive(peer.socket);
            }),
            "12345 ECONNRESET");
}

TEST(Firewall, ResettingRefusesAPayloadOneOctetOverTheOffset) {
  EXPECT_EQ(in_scene([](const base::UniqueFd& listener) {
              auto firewall = Firewall::install(-1, rule_for(Verdict::reset, 5));
              if (!firewall) return firewall.error().message();
              const Peer peer = dial(kPort);
              const base::UniqueFd accepted = accept_from(listener);
              send_text(peer.socket, "123456");
              return receive(peer.socket);
            }),
            "ECONNRESET");
}

TEST(Firewall, ResettingWithAnOffsetResetsWhatWasOpenBefore) {
  EXPECT_EQ(in_scene([](const base::UniqueFd& listener) {
              const Peer peer = dial(kPort);
              const base::UniqueFd accepted = accept_from(listener);
              auto firewall = Firewall::install(-1, rule_for(Verdict::reset, 1000));
              if (!firewall) return firewall.error().message();
              send_text(peer.socket, "x");
              const std::string seen = receive(peer.socket);
              return seen + ": " + tell(*firewall);
            }),
            "ECONNRESET: payload ");
}

TEST(Firewall, WatchingChangesNothingAndTellsEachConnectionOnce) {
  EXPECT_EQ(in_scene([](const base::UniqueFd& listener) {
              const Peer open = dial(kPort);
              const base::UniqueFd first = accept_from(listener);
              auto firewall = Firewall::install(-1, rule_for(Verdict::pass));
              if (!firewall) return firewall.error().message();
              for (const char* const text : {"a", "b", "c"}) {
                send_text(open.socket, text);
                if (receive(first) != text) return std::string("not passed");
              }
              const Peer fresh = dial(kPort);
              const base::UniqueFd second = accept_from(listener);
              send_text(fresh.socket, "d");
              const std::string got = receive(second);
              return got + ": " + tell(*firewall);
            }),
            "d: payload syn ");
}

TEST(Firewall, AttemptsAreToldWhereNobodyListens) {
  EXPECT_EQ(in_scene([](const base::UniqueFd&) {
              PacketRule rule = rule_for(Verdict::attempts);
              rule.listener.port = 9001;
              auto firewall = Firewall::install(-1, rule);
              if (!firewall) return firewall.error().message();
              const Peer peer = dial(9001);
              return name_of(peer.error) + ": " + tell(*firewall);
            }),
            "ECONNREFUSED: syn ");
}

TEST(Firewall, OtherPortsAreLeftAlone) {
  EXPECT_EQ(in_scene([](const base::UniqueFd&) {
              PacketRule rule = rule_for(Verdict::refuse);
              rule.listener.port = 9001;
              auto firewall = Firewall::install(-1, rule);
              if (!firewall) return firewall.error().message();
              const Peer peer = dial(kPort);
              return name_of(peer.error) + ": " + tell(*firewall);
            }),
            "ok: ");
}

TEST(Firewall, AWildcardListenerIsEveryAddress) {
  for (const char* const wildcard : {"0.0.0.0:9000", "[::]:9000"}) {
    EXPECT_EQ(in_scene([wildcard](const base::UniqueFd&) {
                PacketRule rule = rule_for(Verdict::refuse);
                rule.listener = *net::Endpoint::parse(wildcard);
                auto firewall = Firewall::install(-1, rule);
                if (!firewall) return firewall.error().message();
                const Peer peer = dial(kPort);
                return name_of(peer.error) + ": " + tell(*firewall);
              }),
              "ECONNREFUSED: syn ")
        << wildcard;
  }
}

TEST(Firewall, WorksForIpv6) {
  EXPECT_EQ(in_namespaces([] {
              auto links = Links::open();
              if (!links || !links->set_up("lo", true)) return std::string("no loopback");
              PacketRule rule;
              rule.listener = *net::Endpoint::parse("[::1]:9000");
              rule.verdict = Verdict::reset;
              rule.offset = 3;
              auto firewall = Firewall::install(-1, rule);
              if (!firewall) return firewall.error().message();
              sockaddr_in6 address{};
              address.sin6_family = AF_INET6;
              address.sin6_addr = in6addr_loopback;
              address.sin6_port = htons(kPort);
              const auto* const where = reinterpret_cast<const sockaddr*>(&address);
              const base::UniqueFd listener(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
              const base::UniqueFd peer(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
              if (::bind(listener.get(), where, sizeof address) != 0 ||
                  ::listen(listener.get(), 4) != 0 ||
                  ::connect(peer.get(), where, sizeof address) != 0) {
                return name_of(errno);
              }
              bound(peer.get(), 2000);
              const base::UniqueFd accepted = accept_from(listener);
              send_text(peer, "123");
              const std::string got = receive(accepted);
              send_text(peer, "4");
              const std::string end = receive(peer);
              return got + " " + end + ": " + tell(*firewall);
            }),
            "123 ECONNRESET: syn ");
}

TEST(Firewall, IsGoneWithItsObject) {
  EXPECT_EQ(in_scene([](const base::UniqueFd&) {
              {
                const auto firewall = Firewall::install(-1, rule_for(Verdict::refuse));
                if (!firewall) return firewall.error().message();
              }
              return name_of(dial(kPort).error);
            }),
            "ok");
}

TEST(Firewall, TwoRulesForOneListenerStandSideBySide) {
  EXPECT_EQ(in_scene([](const base::UniqueFd&) {
              auto first = Firewall::install(-1, rule_for(Verdict::pass));
              if (!first) return first.error().message();
              std::string seen;
              {
                auto second = Firewall::install(-1, rule_for(Verdict::refuse));
                if (!second) return second.error().message();
                const Peer peer = dial(kPort);
                const std::string told = tell(*first);
                seen = name_of(peer.error) + " " + told + tell(*second);
              }
              const Peer peer = dial(kPort);
              return seen + name_of(peer.error) + " " + tell(*first);
            }),
            "ECONNREFUSED syn syn ok syn ");
}

TEST(Firewall, ActsInTheNamespaceThatItWasGivenAndNowhereElse) {
  EXPECT_EQ(in_scene([](const base::UniqueFd&) {
              const auto other = make_net_namespace();
              if (!other) return other.error().message();
              const auto firewall = Firewall::install(other->get(), rule_for(Verdict::refuse));
              if (!firewall) return firewall.error().message();
              const auto listing = firewall->listing();
              if (!listing) return listing.error().message();
              return name_of(dial(kPort).error) +
                     (listing->find("reject with tcp reset") != std::string::npos ? " there" : "");
            }),
            "ok there");
}

TEST(Firewall, SaysWhyItCannotBeUsed) {
  EXPECT_EQ(in_namespaces([] { return "<" + try_firewall() + ">"; }), "<>");
}

TEST(Firewall, NeedsANamespace) {
  const auto firewall = Firewall::install(0, rule_for(Verdict::refuse));
  EXPECT_FALSE(firewall);
}

}  // namespace
}  // namespace sallyport::linux
