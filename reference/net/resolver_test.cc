#include "reference/net/resolver.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <functional>
#include <map>
#include <vector>

#include "reference/base/unique_fd.h"
#include "reference/net/both.h"
#include "reference/net/socket_address.h"
#include "reference/net/task_group.h"
#include "reference/net/testing/run.h"

namespace sallyport::net {
namespace {

using testing::TestLoop;
using Addresses = base::Result<std::vector<IpAddress>>;

// What the fake server answers to one name: a response code, and records; nothing at all if silent.
struct Zone {
  int rcode = 0;
  std::string a{};     // RDATA of one A record
  std::string aaaa{};  // RDATA of one AAAA record
  bool silent = false;
  bool silent_aaaa = false;
  bool garbage = false;
};

// A name server on a loopback UDP socket, on the test's own loop.
class FakeDns {
 public:
  explicit FakeDns(Executor executor)
      : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), watch_(executor) {
    const SocketAddress at = to_socket_address(*Endpoint::parse("127.0.0.1:0"));
    EXPECT_EQ(::bind(fd_.get(), at.get(), at.length), 0);
    watch_.assign(::dup(fd_.get()));
    wait();
  }
  [[nodiscard]] Endpoint endpoint() const { return *local_endpoint_of(fd_.get()); }
  std::map<std::string, Zone> zones;  // an unlisted name is NXDOMAIN
  std::vector<std::string> asked;

 private:
  void wait() {
    watch_.async_wait(decltype(watch_)::wait_read, [this](const base::Error& error) {
      if (error) return;
      serve();
      wait();
    });
  }

  void serve() {
    std::string query(512, '\0');
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    for (;;) {
      auto* peer = reinterpret_cast<sockaddr*>(&from);
      const ssize_t count = ::recvfrom(fd_.get(), query.data(), query.size(), 0, peer, &length);
      if (count < 0) return;
      const std::string reply = answer(query.substr(0, static_cast<std::size_t>(count)));
      if (!reply.empty()) ::sendto(fd_.get(), reply.data(), reply.size(), 0, peer, length);
    }
  }

  std::string answer(const std::string& query) {
    std::string name;
    std::size_t at = 12;
    while (query[at] != 0) {
      const auto label = static_cast<std::size_t>(query[at]);
      name += (name.empty() ? "" : ".") + query.substr(at + 1, label);
      at += label + 1;
    }
    const bool v6 = query[at + 2] == 28;
    const std::string question = query.substr(12, at + 5 - 12);
    asked.push_back(name + (v6 ? " AAAA" : " A"));
    const auto found = zones.find(name);
    Zone zone{.rcode = 3};
    if (found != zones.end()) zone = found->second;
    if (zone.silent || (v6 && zone.silent_aaaa)) return {};
    const std::string& data = v6 ? zone.aaaa : zone.a;
    std::string reply = query.substr(0, 2) + "\x81" + static_cast<char>(0x80 | zone.rcode);
    if (zone.garbage) return reply + std::string("\0\1\0\7\0\0\0\0", 8) + question + "\xc0";
    reply += std::string("\0\1\0", 3) + (data.empty() ? '\0' : '\1') + std::string(4, '\0');
    reply += question;
    if (!data.empty()) {
      reply += std::string("\xc0\x0c\0", 3) + (v6 ? '\x1c' : '\1');
      reply += std::string("\0\1\0\0\0\x3c\0", 7) + static_cast<char>(data.size()) + data;
    }
    return reply;
  }

  base::UniqueFd fd_;
  asio::posix::basic_stream_descriptor<Executor> watch_;
};

class Resolving : public ::testing::Test {
 protected:
  CaresResolver make(int bound_ms = 5000, std::string_view hosts = {}) {
    return {t.executor(), t.deadlines, std::vector<Endpoint>(1, dns.endpoint()),
            HostsFile::parse(hosts), std::chrono::milliseconds{bound_ms}};
  }
  // The addresses as text, or the error's.
  static std::string text(const Addresses& result) {
    if (result.has_error()) return result.error().message();
    std::string all;
    for (const auto& address : *result) all += (all.empty() ? "" : " ") + address.to_string();
    return all;
  }

  TestLoop t;
  FakeDns dns{t.executor()};
};

const std::string kV6("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16);

TEST_F(Resolving, AnswersBothFamiliesIpv4First) {
  dns.zones["api.example"] = {.a = "\x0a\1\2\3", .aaaa = kV6};
  auto resolver = make();
  EXPECT_EQ(text(t.run(resolver.resolve("api.example"))), "10.1.2.3 2001:db8::7");
  EXPECT_EQ(dns.asked.size(), 2U);
}

TEST_F(Resolving, OneFamilyIsEnough) {
  dns.zones["v4.example"] = {.a = "\x0a\1\2\3"};
  dns.zones["v6.example"] = {.aaaa = kV6};
  auto resolver = make();
  EXPECT_EQ(text(t.run(resolver.resolve("v4.example"))), "10.1.2.3");
  EXPECT_EQ(text(t.run(resolver.resolve("v6.example"))), "2001:db8::7");
}

TEST_F(Resolving, NoSuchNameAndNoAddressAreNotFound) {
  dns.zones["empty.example"] = {};
  auto resolver = make();
  EXPECT_EQ(t.run(resolver.resolve("nowhere.example")).error(), ResolveErrc::not_found);
  EXPECT_EQ(t.run(resolver.resolve("empty.example")).error(), ResolveErrc::not_found);
}

TEST_F(Resolving, ServerFailuresAreTold) {
  dns.zones["servfail.example"] = {.rcode = 2};
  dns.zones["refused.example"] = {.rcode = 5};
  auto resolver = make();
  EXPECT_EQ(t.run(resolver.resolve("servfail.example")).error(), ResolveErrc::server_failed);
  EXPECT_EQ(t.run(resolver.resolve("refused.example")).error(), ResolveErrc::server_failed);
}

TEST_F(Resolving, SilenceTimesOutWithinTheBound) {
  dns.zones["silent.example"] = {.silent = true};
  auto resolver = make(60);
  const auto start = t.clock.now();
  EXPECT_EQ(t.run(resolver.resolve("silent.example")).error(), ResolveErrc::timed_out);
  const auto took = t.clock.now() - start;
  EXPECT_GE(took, std::chrono::milliseconds{50});
  EXPECT_LT(took, std::chrono::milliseconds{2000});
}

TEST_F(Resolving, GarbageEndsWithinTheBound) {
  dns.zones["garbage.example"] = {.garbage = true};
  auto resolver = make(100);
  EXPECT_TRUE(t.run(resolver.resolve("garbage.example")).has_error());
}

TEST_F(Resolving, WhatAnsweredCountsWhenTheOtherFamilyIsSilent) {
  dns.zones["half.example"] = {.a = "\x0a\1\2\3", .silent_aaaa = true};
  auto resolver = make(60);
  EXPECT_EQ(text(t.run(resolver.resolve("half.example"))), "10.1.2.3");
}

TEST_F(Resolving, ASilentServerIsPassedOver) {
  const base::UniqueFd mute(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress at = to_socket_address(*Endpoint::parse("127.0.0.1:0"));
  ASSERT_EQ(::bind(mute.get(), at.get(), at.length), 0);
  dns.zones["api.example"] = {.a = "\x0a\1\2\3", .aaaa = kV6};
  const std::vector<Endpoint> servers{*local_endpoint_of(mute.get()), dns.endpoint()};
  CaresResolver resolver(t.executor(), t.deadlines, servers, HostsFile(),
                         std::chrono::milliseconds{300});
  EXPECT_EQ(text(t.run(resolver.resolve("api.example"))), "10.1.2.3 2001:db8::7");
}

TEST_F(Resolving, TheHostsFileComesFirstAndNothingIsAsked) {
  auto resolver = make(5000, "10.9.9.9 api.example api\n");
  EXPECT_EQ(text(t.run(resolver.resolve("API.example"))), "10.9.9.9");
  EXPECT_EQ(text(t.run(resolver.resolve("api"))), "10.9.9.9");
  EXPECT_TRUE(dns.asked.empty());
}

TEST_F(Resolving, LiteralsAnswerThemselves) {
  auto resolver = make(5000, "10.9.9.9 127.0.0.1\n");
  EXPECT_EQ(text(t.run(resolver.resolve("127.0.0.1"))), "127.0.0.1");
  EXPECT_EQ(text(t.run(resolver.resolve("::1"))), "::1");
  EXPECT_TRUE(dns.asked.empty());
}

TEST_F(Resolving, AsksForTheNameAsItIsWithoutSearchDomains) {
  auto resolver = make();
  EXPECT_TRUE(t.run(resolver.resolve("api")).has_error());
  for (const std::string& question : dns.asked) {
    EXPECT_TRUE(question == "api A" || question == "api AAAA") << question;
  }
  EXPECT_FALSE(dns.asked.empty());
}

TEST_F(Resolving, MalformedNamesAreNotAskedFor) {
  auto resolver = make();
  const std::vector<std::string> names{"",
                                       ".",
                                       "a..b",
                                       "a b",
                                       std::string("a\0b", 3),
                                       "a\\.b",
                                       std::string(64, 'a') + ".example",
                                       std::string(254, 'a'),
                                       "[::1]",
                                       "caf\xc3\xa9.example",
                                       "*.example"};
  for (const std::string& name : names) {
    EXPECT_EQ(t.run(resolver.resolve(name)).error(), ResolveErrc::malformed) << name;
  }
  EXPECT_TRUE(dns.asked.empty());
}

TEST_F(Resolving, WithoutServersOnlyTheHostsFileAnswers) {
  CaresResolver resolver(t.executor(), t.deadlines, {}, HostsFile::parse("10.9.9.9 known"),
                         std::chrono::milliseconds{100});
  EXPECT_EQ(text(t.run(resolver.resolve("known"))), "10.9.9.9");
  EXPECT_EQ(t.run(resolver.resolve("unknown")).error(), ResolveErrc::not_found);
}

Task<void> look_up(CaresResolver& resolver, std::string name, std::vector<std::string>& order) {
  const auto result = co_await resolver.resolve(name);
  order.push_back(name + (result.has_value() ? " found" : " " + result.error().message()));
}

TEST_F(Resolving, ASilentLookupDoesNotHoldUpAnother) {
  dns.zones["silent.example"] = {.silent = true};
  dns.zones["api.example"] = {.a = "\x0a\1\2\3", .aaaa = kV6};
  auto resolver = make(80);
  std::vector<std::string> order;
  t.run(both(look_up(resolver, "silent.example", order), look_up(resolver, "api.example", order)));
  EXPECT_EQ(order, (std::vector<std::string>{"api.example found",
                                             "silent.example no name server answered in time"}));
}

class QuietLog final : public base::Log {
 public:
  void write(base::LogLevel, std::string_view, std::string_view) override {}
};

Task<void> hold(std::unique_ptr<CaresResolver>& resolver, bool& ended) {
  const auto result = co_await resolver->resolve("silent.example");
  ended = result.has_error();
}

TEST_F(Resolving, TheResolverMayGoWhileALookupIsPending) {
  dns.zones["silent.example"] = {.silent = true};
  auto resolver = std::make_unique<CaresResolver>(make(40));
  bool ended = false;
  t.spawn(hold(resolver, ended));
  t.poll();
  resolver.reset();
  t.run_until(ended);
}

TEST_F(Resolving, ForceEndsAPendingLookup) {
  dns.zones["silent.example"] = {.silent = true};
  auto resolver = std::make_unique<CaresResolver>(make(60'000));
  bool ended = false;
  QuietLog log;
  TaskGroup group(t.executor(), log);
  group.spawn(hold(resolver, ended));
  t.poll();
  group.force();
  EXPECT_TRUE(t.run(group.drain(t.in(5000))));
}

TEST_F(Resolving, TheLoopMayEndUnderALookup) {
  auto inner = std::make_unique<TestLoop>();
  auto resolver = std::make_unique<CaresResolver>(inner->executor(), inner->deadlines,
                                                  std::vector<Endpoint>(1, dns.endpoint()),
                                                  HostsFile(), std::chrono::seconds{60});
  bool ended = false;
  inner->spawn(hold(resolver, ended));
  inner->poll();
  inner.reset();
  EXPECT_FALSE(ended);
}

TEST(ResolverCreate, SaysWhenTheHostsFileCannotBeRead) {
  TestLoop t;
  const ResolverConfig missing{{}, "/nonexistent/hosts", std::chrono::seconds{1}};
  EXPECT_TRUE(CaresResolver::create(t.executor(), t.deadlines, missing).has_error());
  const ResolverConfig none{{}, "", std::chrono::seconds{1}};
  EXPECT_TRUE(CaresResolver::create(t.executor(), t.deadlines, none).has_value());
}

}  // namespace
}  // namespace sallyport::net
