// The ports through which the reference meets the network: names and connections. Handed in by
// main; a test or a simulated network hands in others.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/result.h"
#include "reference/net/address.h"
#include "reference/net/byte_stream.h"

namespace sallyport::net {

// Why a name has no addresses.
enum class ResolveErrc {
  not_found = 1,  // NXDOMAIN, or no address records
  server_failed,  // SERVFAIL, REFUSED, a malformed answer
  timed_out,      // no answer within the bound
  malformed,      // the name can't be asked for
};
[[nodiscard]] const boost::system::error_category& resolve_category();
[[nodiscard]] base::Error make_error_code(ResolveErrc errc);

class Resolver {
 public:
  virtual ~Resolver() = default;
  // All A and AAAA addresses, hosts file first, in order. Never empty on success. An IP literal
  // is its own answer. Bounded by the resolver's own bound.
  [[nodiscard]] virtual Task<base::Result<std::vector<IpAddress>>> resolve(std::string name) = 0;
};

class Dialer {
 public:
  virtual ~Dialer() = default;
  // Tries the endpoints in order until `deadline`; the error is the last attempt's errno, or
  // ETIMEDOUT. The stream has TCP_NODELAY and no deadline.
  [[nodiscard]] virtual Task<base::Result<std::unique_ptr<ByteStream>>> dial(
      std::vector<Endpoint> endpoints, base::TimePoint deadline) = 0;
};

}  // namespace sallyport::net

template <>
struct boost::system::is_error_code_enum<sallyport::net::ResolveErrc> : std::true_type {};
