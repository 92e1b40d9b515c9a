// A network policy as values: what the document says after it was loaded and found sound. Immutable
// once loaded; shared by everybody who holds the generation. Keys and defaults follow OpenShell
// crates/openshell-policy/src/lib.rs; what is not enforced yet is refused by the loader and so has
// no member here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/net/address.h"
#include "reference/policy/host_pattern.h"
#include "reference/policy/selector_pattern.h"

namespace sallyport::policy {

// What happens to the bytes of a tunnel.
enum class TlsMode {
  automatic,  // TLS is terminated and its requests are read
  skip,       // opaque: bytes are copied, nothing is read
};

enum class Protocol {
  unset,  // whatever the tunnel carries
  rest,   // HTTP requests that must be readable; anything else in the tunnel is refused
};

// Of request rules alone. With `access: full`, the one preset so far, nothing is ever refused.
enum class Enforcement { audit, enforce };

struct Endpoint {
  // None: any host, held to allowed_ips (which is then not empty).
  std::optional<HostPattern> host;
  std::vector<std::uint16_t> ports;  // at least one, 1 to 65535, ascending, each once
  TlsMode tls = TlsMode::automatic;
  Protocol protocol = Protocol::unset;
  Enforcement enforcement = Enforcement::audit;
  std::vector<net::Cidr> allowed_ips;  // empty: none stated
  bool allow_encoded_slash = false;
};

struct Rule {
  std::string name;  // what decisions report; the key unless `name` says otherwise
  std::vector<Endpoint> endpoints;
};

// Which hosts a middleware entry is for: any of `include`, none of `exclude`.
struct HostSelector {
  std::vector<SelectorPattern> include;  // at least one
  std::vector<SelectorPattern> exclude;

  // `host` as an intent has it.
  [[nodiscard]] bool matches(std::string_view host) const;
  // Whether it could select a host that `candidate` matches too; sure only where one is literal.
  [[nodiscard]] bool may_match(const SelectorPattern& candidate) const;
};

enum class OnError { fail_closed, fail_open };

// One entry of `network_middlewares`.
struct Middleware {
  std::string key;             // its stable identity
  std::string name;            // for display; the key unless stated
  std::string implementation;  // `middleware`: a built-in or a registration
  std::int32_t order = 0;      // unique in the policy
  std::string config_json;     // an object; the implementation's own
  OnError on_error = OnError::fail_closed;
  HostSelector endpoints;
};

struct Policy {
  std::map<std::string, Rule, std::less<>> network_policies;  // by key
  std::vector<Middleware> network_middlewares;                // by order, then key
  // Sixteen hexadecimal digits that change with the document. An opaque name, not a signature.
  std::string revision = "0000000000000000";
};

}  // namespace sallyport::policy
