// What a proxy does with one request: a tunnel for CONNECT, a forward for an absolute target, both
// from its own host with the names that it finds there. It opens one connection for each, bounded
// in time; what it relays is bounded by the slower side. Internal to this folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "simulator/providers/answering.h"

namespace sallyport::sim::providers {

// `HOST:PORT`, the host a name or an address (IPv6 in brackets).
struct Authority {
  std::string host;
  std::uint16_t port = 0;
};
// `default_port` 0: the port must be said.
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text,
                                                       std::uint16_t default_port);

class Proxy {
 public:
  // Must outlive it.
  explicit Proxy(Answering& on) : on_(on), client_(on.connection()) {}

  // Whether the connection can take another request.
  [[nodiscard]] net::Task<bool> serve();

 private:
  [[nodiscard]] net::Task<bool> tunnel();
  [[nodiscard]] net::Task<bool> forward();
  // Opens origin_; else answers 502 or 504 and is false.
  [[nodiscard]] net::Task<bool> reach(Authority authority);
  [[nodiscard]] net::Task<bool> answer(int status, std::string_view why);
  // Octets both ways, each side's end passed on, until both have ended or one broke.
  [[nodiscard]] net::Task<void> relay();
  [[nodiscard]] net::Task<void> to_origin();
  [[nodiscard]] net::Task<void> to_client();
  // Until the client goes or the answer is there; aborts the origin in the first case.
  [[nodiscard]] net::Task<void> watch_client();
  [[nodiscard]] net::Task<void> pass_answer();

  Answering& on_;
  Connection& client_;
  std::unique_ptr<net::TcpStream> origin_;
  bool origin_done_ = false;  // nothing more comes from there
  bool switched_ = false;     // it answered 101
  bool keep_ = false;         // the client's connection can take another request
};

}  // namespace sallyport::sim::providers
