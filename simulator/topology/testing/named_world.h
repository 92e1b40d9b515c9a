// For tests: a world with hosts, a name server and a loop.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <functional>
#include <string>
#include <vector>

#include "reference/net/deadlines.h"
#include "simulator/journal/journal.h"
#include "simulator/topology/dns_client.h"
#include "simulator/topology/hosts.h"
#include "simulator/topology/name_server.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::topology::testing {

struct Named {
  const Hosts& hosts;
  net::Loop& loop;
  net::Deadlines& deadlines;
  journal::Journal& journal;
  NameServer& server;

  // Runs the loop until the lookup has ended.
  Lookup look_up(const std::string& host, const std::string& name,
                 base::Duration bound = std::chrono::seconds(5)) {
    Lookup result;
    bool done = false;
    net::asio::co_spawn(loop.executor(),
                        store(*this, host, name, deadlines.now() + bound, result, done),
                        net::asio::detached);
    while (!done) loop.context().run_one();
    return result;
  }

 private:
  static net::Task<void> store(Named& self, std::string host, std::string name,
                               base::TimePoint deadline, Lookup& result, bool& done) {
    result =
        co_await lookup(self.hosts, self.loop.executor(), self.deadlines, host, name, deadline);
    done = true;
  }
};

inline std::string with_name_server(const std::vector<HostSpec>& specs, const Zone& zone,
                                    const std::function<std::string(Named&)>& observe) {
  const world::testing::TemporaryFolder folder;
  return world::testing::in_world(world::testing::plan_with(folder), [&](world::WorldContext&) {
    std::string about;
    auto hosts = Hosts::build(specs, folder.path(), about);
    if (!hosts) return about + ": " + hosts.error().message();
    net::Loop loop;
    const base::SystemClock clock;
    net::Deadlines deadlines(loop.executor(), clock);
    journal::Journal journal(clock);
    NameServer server(loop.executor(), deadlines, journal, zone);
    if (auto started = server.start(*hosts); !started) return started.error().message();
    Named named{*hosts, loop, deadlines, journal, server};
    auto seen = observe(named);
    server.stop();
    loop.context().run();
    return seen;
  });
}

// `NOERROR 20.0.0.1 fd00::1`, with `expired` and `hosts` where they apply.
inline std::string describe(const Lookup& lookup) {
  std::string text = lookup.rcode;
  for (const auto& address : lookup.addresses) text += " " + address.to_string();
  if (lookup.expired) text += " expired";
  if (lookup.from_hosts_file) text += " hosts";
  return text;
}

// Every query in the journal: `name type rcode answer from transport;`.
inline std::string queries(const journal::Journal& journal) {
  std::string all;
  for (const auto& event : journal.events()) {
    for (const char* field : {"name", "type", "rcode", "answer", "from", "transport"}) {
      const auto* value = event.find(field);
      const auto* text = value != nullptr ? std::get_if<std::string>(value) : nullptr;
      all += (text != nullptr ? *text : "?") + (std::string_view(field) == "transport" ? ";" : " ");
    }
  }
  return all;
}

inline HostSpec host(std::string name, std::string resolver = "world") {
  HostSpec spec;
  spec.name = std::move(name);
  spec.resolver = std::move(resolver);
  return spec;
}

inline DnsAnswer addresses(std::initializer_list<const char*> list) {
  DnsAnswer answer;
  for (const char* text : list) answer.addresses.push_back(*net::IpAddress::parse(text));
  return answer;
}

inline DnsAnswer outcome(DnsAnswer::Kind kind) {
  DnsAnswer answer;
  answer.kind = kind;
  return answer;
}

}  // namespace sallyport::sim::topology::testing
