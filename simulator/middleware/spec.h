// What a scenario says about middleware services, as values. The loader fills them; the fake
// service, a process of its own, acts on them. Texts may hold variables until the world stands.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/diagnostics.h"
#include "reference/net/address.h"
#include "simulator/journal/query.h"

namespace sallyport::sim::middleware {

// `headers: [{append|overwrite|skip|remove: NAME, value}]`
struct HeaderChange {
  enum class How { append, overwrite, skip, remove };
  How how = How::append;
  std::string name;
  std::string value;
};

struct FindingSpec {
  std::string type;
  std::string severity;
  std::uint32_t count = 1;
};

enum class Malformed { none, decision_0, bad_reason_code, oversize, undecodable, wrong_sequence };

// One entry of a script; the first whose call and `where` fit decides.
struct Reaction {
  enum class Call { evaluate, preflight, message };
  enum class Decision { allow, deny, skip };
  Call call = Call::evaluate;
  std::map<std::string, journal::Matcher> where;  // about the call's event
  Decision decision = Decision::allow;
  std::string reason_code;
  std::optional<std::string> body;             // replaces the body
  std::map<std::string, std::string> replace;  // every OLD becomes NEW; has_body if any was there
  std::vector<HeaderChange> headers;
  std::vector<FindingSpec> findings;
  base::Duration delay{0};
  std::optional<std::string> status;  // a gRPC code by its name (`UNAVAILABLE`): the call ends so
  Malformed malformed = Malformed::none;
  base::Mark mark;
};

struct Describe {
  std::vector<std::string> operations{"http_request"};  // or websocket_message
  std::uint64_t max_payload = 0;                        // 0: as registered
  std::string timeout;                                  // empty: none of its own
  std::string audience;
};

struct ServiceSpec {
  std::string name;
  std::string host = "box";
  net::Endpoint listen;  // port 0: a free one
  bool up = true;        // `initially`
  bool registered = true;
  base::Duration timeout = std::chrono::milliseconds(500);  // the operator's
  std::uint64_t max_payload = 64ULL * 1024;                 // the operator's
  Describe describe;
  std::optional<std::string> validate;  // the reason of a refusal; none: every config is valid
  std::vector<Reaction> script;         // empty: everything is allowed
  base::Mark mark;
};

}  // namespace sallyport::sim::middleware
