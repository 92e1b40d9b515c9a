#include "simulator/topology/faults.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "reference/net/socket_address.h"
#include "reference/net/testing/run.h"
#include "simulator/topology/hosts.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::topology {
namespace {

using Kind = PacketFault::Kind;
using world::testing::in_world;
using world::testing::plan_with;
using world::testing::TemporaryFolder;

net::Endpoint at(const char* text) { return *net::Endpoint::parse(text); }

struct Scene {
  explicit Scene(Hosts& all) : hosts(all) {}

  Hosts& hosts;
  net::testing::TestLoop loop;
  Faults faults{loop.executor(), loop.clock};
  std::string told;
  base::UniqueFd last;  // the last connection that was made

  [[nodiscard]] std::string begin(const std::string& name, Kind kind, const char* listener);
  // How connecting to `to` ends: `connected`, an errno's name, or `silence`.
  [[nodiscard]] std::string dial(std::string_view from, const char* to);
};

std::string Scene::begin(const std::string& name, Kind kind, const char* listener) {
  PacketFault fault;
  fault.net_namespace = hosts.fd(kBox);
  fault.listener = at(listener);
  fault.kind = kind;
  const auto begun = faults.begin(name, fault, [this, name](const PacketHit& hit) {
    told += name + (hit.opening ? ":syn@" : ":payload@") + hit.peer.address.to_string() + " ";
  });
  return begun ? std::string() : begun.error().message();
}

std::string Scene::dial(std::string_view from, const char* to) {
  auto socket = hosts.socket(from, AF_INET, SOCK_STREAM);
  if (!socket) return socket.error().message();
  const auto address = net::to_socket_address(at(to));
  int error = ::connect(socket->get(), address.get(), address.length) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd done{socket->get(), POLLOUT, 0};
    if (::poll(&done, 1, 200) != 1) return "silence";
    socklen_t size = sizeof error;
    ::getsockopt(socket->get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  last = std::move(*socket);
  return error == 0 ? "connected" : strerrorname_np(error);
}

// A box with a listener on every address, port 9000, and an agent inside.
std::string in_scene(const std::function<std::string(Scene&)>& scene) {
  const TemporaryFolder folder;
  return in_world(plan_with(folder), [&](world::WorldContext&) {
    std::string about;
    HostSpec box;
    box.name = "box";
    HostSpec agent;
    agent.name = "agent";
    agent.inside = "box";
    auto hosts = Hosts::build({box, agent}, folder.path(), about);
    if (!hosts) return about + ": " + hosts.error().message();
    const auto listener = hosts->listen_tcp(kBox, at("0.0.0.0:9000"));
    if (!listener) return listener.error().message();
    Scene made(*hosts);
    return scene(made);
  });
}

TEST(Faults, RefuseOverALinkAndOnLoopback) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.begin("down", Kind::refused, "0.0.0.0:9000");
              seen += scene.dial("agent", "10.200.0.1:9000") + " ";
              seen += scene.dial(kBox, "127.0.0.1:9000") + ": ";
              scene.faults.drain();
              return seen + scene.told;
            }),
            "ECONNREFUSED ECONNREFUSED: down:syn@10.200.0.2 down:syn@127.0.0.1 ");
}

TEST(Faults, TouchOnlyTheAddressNamed) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.begin("down", Kind::refused, "10.200.0.1:9000");
              seen += scene.dial("agent", "10.200.0.1:9000") + " ";
              return seen + scene.dial(kBox, "127.0.0.1:9000");
            }),
            "ECONNREFUSED connected");
}

TEST(Faults, FilterOverALink) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.begin("lost", Kind::filtered, "0.0.0.0:9000");
              seen += scene.dial("agent", "10.200.0.1:9000") + ": ";
              scene.faults.drain();
              return seen + scene.told;
            }),
            "silence: lost:syn@10.200.0.2 ");
}

TEST(Faults, AreToldByTheLoopToo) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.begin("watched", Kind::watch, "0.0.0.0:9000");
              seen += scene.dial("agent", "10.200.0.1:9000") + ": ";
              scene.loop.poll();
              return seen + scene.told;
            }),
            "connected: watched:syn@10.200.0.2 ");
}

TEST(Faults, ResetAtTheFirstPayload) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.begin("cut", Kind::reset, "0.0.0.0:9000");
              seen += scene.dial("agent", "10.200.0.1:9000") + " ";
              (void)::send(scene.last.get(), "x", 1, MSG_NOSIGNAL);
              pollfd readable{scene.last.get(), POLLIN, 0};
              if (::poll(&readable, 1, 2000) != 1) return seen + "silence";
              char octet = 0;
              const ssize_t size = ::recv(scene.last.get(), &octet, 1, 0);
              return seen + (size < 0 ? strerrorname_np(errno) : "no reset");
            }),
            "connected ECONNRESET");
}

TEST(Faults, AreGoneOnceLiftedAndHaveToldEverythingBefore) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.begin("down", Kind::refused, "0.0.0.0:9000");
              seen += scene.dial("agent", "10.200.0.1:9000") + " ";
              seen += scene.faults.lift("down") ? scene.told : "not there ";
              seen += scene.dial("agent", "10.200.0.1:9000");
              return seen + (scene.faults.active("down") ? " active" : " gone");
            }),
            "ECONNREFUSED down:syn@10.200.0.2 connected gone");
}

TEST(Faults, ThatAreNotThereCannotBeLifted) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              return std::string(scene.faults.lift("nothing") ? "lifted" : "not there");
            }),
            "not there");
}

TEST(Faults, MayBeLiftedByTheirOwnHit) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              PacketFault fault;
              fault.net_namespace = scene.hosts.fd(kBox);
              fault.listener = at("0.0.0.0:9000");
              fault.kind = Kind::refused;
              const auto begun = scene.faults.begin(
                  "once", fault, [&scene](const PacketHit&) { scene.faults.lift("once"); });
              if (!begun) return begun.error().message();
              std::string seen = scene.dial("agent", "10.200.0.1:9000") + " ";
              scene.faults.drain();
              seen += scene.dial("agent", "10.200.0.1:9000");
              scene.loop.poll();
              return seen;
            }),
            "ECONNREFUSED connected");
}

TEST(Faults, AWatcherSeesWhatAnotherFaultStops) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.begin("attempts", Kind::attempts, "0.0.0.0:9000");
              seen += scene.begin("down", Kind::filtered, "0.0.0.0:9000");
              seen += scene.dial("agent", "10.200.0.1:9000") + ": ";
              scene.faults.drain();
              return seen + scene.told;
            }),
            "silence: attempts:syn@10.200.0.2 down:syn@10.200.0.2 ");
}

TEST(Faults, AllEndTogether) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.begin("a", Kind::refused, "0.0.0.0:9000");
              seen += scene.begin("b", Kind::blackhole, "127.0.0.1:9000");
              scene.faults.lift_all();
              seen += scene.dial("agent", "10.200.0.1:9000") + " ";
              return seen + scene.dial(kBox, "127.0.0.1:9000");
            }),
            "connected connected");
}

TEST(Faults, NeedAPacketFilterTheyCanReach) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              PacketFault fault;
              fault.net_namespace = 0;
              const auto begun = scene.faults.begin("wrong", fault, nullptr);
              return std::string(begun ? "begun" : "refused");
            }),
            "refused");
}

}  // namespace
}  // namespace sallyport::sim::topology
