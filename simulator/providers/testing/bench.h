// A small world for tests: a loop, a journal, an authority, and fake upstreams on loopback ports
// that the kernel chooses. For tests only; single-threaded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/log.h"
#include "reference/net/dialer.h"
#include "reference/net/testing/run.h"
#include "simulator/journal/journal.h"
#include "simulator/providers/decoy.h"
#include "simulator/providers/provider.h"
#include "simulator/wire/certificates.h"

namespace sallyport::sim::providers::testing {

class Bench {
 public:
  Bench();
  // Stops the actors and lets their coroutines end.
  ~Bench();

  // A step is told by `step:NAME` in the octets; keys are `value of NAME`.
  [[nodiscard]] Environment environment();
  Provider& add(ProviderSpec spec);
  Decoy& add(DecoySpec spec);

  // Sends `bytes` to `to`, then reads until the end or until `until` has come.
  [[nodiscard]] std::string dialogue(const net::Endpoint& to, std::string bytes,
                                     std::string until = {});

  [[nodiscard]] std::vector<const journal::Event*> events(std::string source,
                                                          std::string kind) const;
  // The kinds of a source's events, in order, one blank between.
  [[nodiscard]] std::string kinds(std::string_view source) const;
  // Turns the loop until such an event has happened.
  void await(const std::string& source, const std::string& kind);

  net::testing::TestLoop loop;
  base::StderrLog log{base::LogLevel::error};
  journal::Journal journal{loop.clock};
  std::unique_ptr<wire::Authority> authority;
  std::map<std::string, std::string> keys;
  std::map<std::string, std::vector<net::IpAddress>> zone;  // that proxies know

 private:
  std::vector<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Decoy>> decoys_;
};

[[nodiscard]] ProviderSpec provider(std::string name);
[[nodiscard]] RouteSpec route(std::string method, std::string path, Answer answer);
// A field as text (numbers in decimal); empty when absent.
[[nodiscard]] std::string text(const journal::Event& event, std::string_view field);

}  // namespace sallyport::sim::providers::testing
