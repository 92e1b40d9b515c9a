#include "reference/linux/host_rules.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <initializer_list>
#include <utility>

#include "reference/linux/links.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/testing/in_namespaces.h"
#include "reference/linux/testing/loopback.h"

namespace sallyport::linux {
namespace {

using testing::in_namespaces;
using Verdict = HostRule::Verdict;

HostRule rule(std::string name, Verdict verdict, std::uint16_t port = 0) {
  HostRule made;
  made.name = std::move(name);
  made.verdict = verdict;
  made.port = port;
  return made;
}

// Here: 10.9.0.1, whose rules they are. There: 10.9.0.2.
class Scene {
 public:
  Scene(const base::UniqueFd& other, HostRules& all) : there(other), rules(all) {}

  const base::UniqueFd& there;
  HostRules& rules;

  // Connects from there, and tells how it ended, by the word of rules too.
  [[nodiscard]] std::string dial(std::uint16_t port) {
    const auto inside = NetNamespaceGuard::enter(there.get());
    base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl((10U << 24) | (9U << 16) | 1U);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0)
      return "ok";
    while (auto seen = rules.next()) told_ += text_of(*seen);
    pollfd done{socket.get(), POLLOUT, 0};
    if (::poll(&done, 1, 300) != 1) return "silence";
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? "ok" : testing::name_of(error);
  }
  [[nodiscard]] static std::string text_of(const RuledPacket& seen) {
    return seen.rule + (seen.opening ? ":syn:" : ":flow:") + seen.from.address.to_string() + ">" +
           seen.to.to_string() + " ";
  }
  // Since the last time.
  [[nodiscard]] std::string told() { return std::exchange(told_, {}); }

 private:
  std::string told_;
};

// In their order.
std::string words(std::initializer_list<std::string> all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : " ") + one;
  return text;
}

std::string in_scene(const std::function<std::string(Scene&)>& scene) {
  return in_namespaces([&scene]() -> std::string {
    const auto there = make_net_namespace();
    auto here_links = Links::open();
    auto there_links = Links::open(there->get());
    (void)here_links->set_up("lo", true);
    (void)here_links->add_veth("a", "b", there->get());
    (void)there_links->set_up("b", true);
    (void)here_links->add_address("a", *net::IpAddress::parse("10.9.0.1"), 24);
    (void)there_links->add_address("b", *net::IpAddress::parse("10.9.0.2"), 24);
    (void)here_links->await_operational("a");
    auto rules = HostRules::open(-1);
    if (!rules) return rules.error().message();
    Scene made(*there, *rules);
    return scene(made);
  });
}

TEST(HostRules, TheFirstThatMatchesDecides) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              const auto applied = scene.rules.apply(
                  {rule("first", Verdict::prohibit, 80), rule("rest", Verdict::reset)});
              if (!applied) return applied.error().message();
              return words({scene.dial(80), scene.dial(81), scene.told()});
            }),
            "EHOSTUNREACH ECONNREFUSED first:syn:10.9.0.2>10.9.0.1:80 "
            "rest:syn:10.9.0.2>10.9.0.1:81 ");
}

TEST(HostRules, TheirOrderIsTheListsAndNotTheNames) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              const auto applied =
                  scene.rules.apply({rule("z", Verdict::prohibit), rule("a", Verdict::reject)});
              if (!applied) return applied.error().message();
              const std::string one = scene.dial(80);
              (void)scene.rules.apply({rule("a", Verdict::reject), rule("z", Verdict::prohibit)});
              return one + " " + scene.dial(80);
            }),
            "EHOSTUNREACH ECONNREFUSED");
}

TEST(HostRules, AnEmptyListOfAddressesMatchesNothing) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              HostRule nobody = rule("nobody", Verdict::prohibit);
              nobody.from.emplace();
              const auto applied = scene.rules.apply({nobody});
              return (applied ? "ok " : applied.error().message()) + scene.dial(80);
            }),
            "ok ECONNREFUSED");
}

TEST(HostRules, ThoseThatAreGoneTouchNothing) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              (void)scene.rules.apply({rule("one", Verdict::drop)});
              const std::string silent = scene.dial(80);
              const auto applied = scene.rules.apply({});
              if (!applied) return applied.error().message();
              (void)scene.told();
              return words({silent, scene.dial(80), scene.told()});
            }),
            "silence ECONNREFUSED ");
}

TEST(HostRules, SomethingElseInTheListingIsAnError) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              (void)scene.rules.apply({rule("one", Verdict::drop)});
              return scene.rules.apply({rule("one\" drop #", Verdict::drop)}) ? "applied"
                                                                              : "refused";
            }),
            "refused");
}

TEST(HostRules, ListsNothingBeforeThereIsARule) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              const auto applied = scene.rules.apply({});
              return (applied ? "<" : "!") + *scene.rules.listing() + ">";
            }),
            "<>");
}

}  // namespace
}  // namespace sallyport::linux
