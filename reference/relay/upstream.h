// The connection of one tunnel, or one client, to its upstream: dialled to addresses that were
// judged before, TLS on top where asked, kept between requests and opened anew when the upstream
// has ended it meanwhile. Never shared between clients. Owned by its session.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/limits.h"
#include "reference/net/address.h"
#include "reference/net/tcp.h"
#include "reference/relay/io.h"
#include "reference/relay/services.h"

namespace sallyport::relay {

struct UpstreamTarget {
  std::vector<net::Endpoint> endpoints;  // dialled in this order, nothing else
  bool tls = false;
  std::string host;  // verified under TLS; without brackets
};

enum class OpenError {
  none,
  connect,     // no endpoint could be connected in time
  unverified,  // its certificate, or the host in it, isn't what was asked for
  tls,         // any other failure of the handshake
};

class Upstream {
 public:
  Upstream(const Services& services, UpstreamTarget target, const base::Limits& limits);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // A connection to target.endpoints that was dialled already; nothing was sent on it.
  void adopt(std::unique_ptr<net::TcpStream> tcp);

  // A connection that stands, TLS and all, and has served before. False, and it is closed, if its
  // peer has ended it meanwhile or said what nobody asked for.
  [[nodiscard]] bool reuse(std::unique_ptr<net::ByteStream> stream, const net::Endpoint& peer);
  // Gives the connection away, for another request; there must be one, with nothing unread.
  [[nodiscard]] std::unique_ptr<net::ByteStream> release();
  // The other end of the connection that stands, or stood last.
  [[nodiscard]] const std::optional<net::Endpoint>& peer() const { return peer_; }

  // Makes inlet() stand ready for a request. False: error() and cause() say why.
  [[nodiscard]] net::Task<bool> ready();
  // The same host was judged anew: what is dialled from now on. A connection that stands to an
  // address that isn't among them is dropped.
  void retarget(std::vector<net::Endpoint> endpoints);
  [[nodiscard]] Inlet& inlet() { return *inlet_; }
  // The connection waits for another request, and holds no buffer meanwhile.
  void rest();
  // The connection isn't fit for another request.
  void drop();
  // As drop(), for who isn't its reader: whoever waits on it is woken.
  void abort();

  // Whether what is sent goes through TLS.
  [[nodiscard]] bool secured() const { return target_.tls; }
  [[nodiscard]] OpenError error() const { return error_; }
  [[nodiscard]] const std::string& cause() const { return cause_; }

 private:
  [[nodiscard]] bool alive();
  [[nodiscard]] net::Task<bool> open();
  [[nodiscard]] net::Task<bool> dial();
  [[nodiscard]] net::Task<bool> secure();

  const Services& services_;
  UpstreamTarget target_;
  base::Limits limits_;
  std::unique_ptr<net::TcpStream> dialled_;  // connected, TLS not begun
  std::unique_ptr<net::ByteStream> stream_;
  std::optional<net::Endpoint> peer_;  // of `dialled_` or `stream_`
  std::optional<Inlet> inlet_;
  OpenError error_ = OpenError::none;
  std::string cause_;
};

}  // namespace sallyport::relay
