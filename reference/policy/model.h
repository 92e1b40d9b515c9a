// A network policy as values: what the document says after it was loaded and found sound. Immutable
// once loaded; shared by everybody who holds the generation. Keys and defaults follow OpenShell
// crates/openshell-policy/src/lib.rs; what is not enforced yet is refused by the loader and so has
// no member here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/net/address.h"
#include "reference/policy/glob.h"
#include "reference/policy/host_pattern.h"
#include "reference/policy/path_scope.h"
#include "reference/policy/selector_pattern.h"

namespace google::protobuf {
class Struct;
}

namespace sallyport::policy {

// What happens to the bytes of a tunnel.
enum class TlsMode {
  automatic,  // TLS is terminated and its requests are read
  skip,       // opaque: bytes are copied, nothing is read
};

enum class Protocol {
  unset,      // whatever the tunnel carries
  rest,       // HTTP requests that must be readable; anything else in the tunnel is refused
  websocket,  // upgrades to WebSocket; any other request is refused
};

// What follows from a request that no rule allows, or that a deny rule names. Never relaxes who may
// reach a host.
enum class Enforcement {
  audit,    // it is reported, and goes on
  enforce,  // it is refused
};

// One key of a query: `any` of the patterns, for each (allow) or one (deny) of its values.
struct QueryMatcher {
  std::string key;
  std::vector<Glob> any;  // at least one
};

// One allow or deny rule. A preset (`access`) is loaded as the rules that it stands for.
struct RequestRule {
  std::string method;  // upper case, or `*`; GET is also HEAD's
  Glob path;           // over the canonical path; `**` is any
  std::vector<QueryMatcher> query;
};

struct Endpoint {
  // None: any host, held to allowed_ips (which is then not empty).
  std::optional<HostPattern> host;
  std::vector<std::uint16_t> ports;  // at least one, 1 to 65535, ascending, each once
  TlsMode tls = TlsMode::automatic;
  Protocol protocol = Protocol::unset;
  Enforcement enforcement = Enforcement::audit;
  std::vector<net::Cidr> allowed_ips;  // empty: none stated
  bool allow_encoded_slash = false;
  // Which paths the endpoint is for; none: any. Of several that match, the most specific governs.
  std::optional<PathScope> path;
  // Of requests; without any of `allow`, the endpoint asks nothing of them.
  std::vector<RequestRule> allow;
  std::vector<RequestRule> deny;
  bool allow_uninspected_credentials = false;
  std::string credential_provider;  // `credential_binding.provider`; empty: none
};

// Which programs a rule is for: exact paths, and patterns where they hold `*`.
struct Binary {
  std::string path;
  std::optional<Glob> pattern;  // none: exactly `path`
};

// `filesystem_policy`: what the workload may read and write; all else is out of its reach.
struct Filesystem {
  bool include_workdir = true;  // the folder that the workload starts in: read and write
  std::vector<std::string> read_only, read_write;  // absolute
};

enum class LandlockCompatibility { best_effort, hard_requirement };

// The sections that hold for a sandbox's whole life. None: not stated.
struct StaticSections {
  std::optional<Filesystem> filesystem;
  std::optional<LandlockCompatibility> landlock;  // none stated is best_effort
  std::optional<std::string> run_as_user, run_as_group;
};

struct Rule {
  std::string name;  // what decisions report; the key unless `name` says otherwise
  std::vector<Endpoint> endpoints;
  std::vector<Binary> binaries;  // none: nobody
};

// Which hosts a middleware entry is for: any of `include`, none of `exclude`.
struct HostSelector {
  std::vector<SelectorPattern> include;  // at least one
  std::vector<SelectorPattern> exclude;

  // `host` as an intent has it. `inference.local` is included by that name alone, by no glob.
  [[nodiscard]] bool matches(std::string_view host) const;
  // Whether it could select an upstream that `candidate` matches; sure only where one is literal.
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
  // `config_json` as stages are given it (config_struct.h). The loader's, made once and shared by
  // copies. Null: `config_json` is read by each who needs it.
  std::shared_ptr<const google::protobuf::Struct> config;
  OnError on_error = OnError::fail_closed;
  HostSelector endpoints;
};

class Index;

struct Policy {
  std::map<std::string, Rule, std::less<>> network_policies;  // by key
  std::vector<Middleware> network_middlewares;                // by order, then key
  StaticSections fixed;
  // Sixteen hexadecimal digits that change with the document. An opaque name, not a signature.
  std::string revision = "0000000000000000";
  // Which endpoints a host could match, without asking each (index.h). The loader's: it knows the
  // rules as they were then, so who changes them afterwards must reset or rebuild it. Null: each
  // endpoint is asked.
  std::shared_ptr<const Index> index;
};

}  // namespace sallyport::policy
