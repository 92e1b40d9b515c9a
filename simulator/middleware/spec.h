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

// `headers: [{append|overwrite|skip|remove|write: NAME, value}, {empty: true}]`
struct HeaderChange {
  enum class How { append, overwrite, skip, remove, write, empty };
  How how = How::append;
  std::string name;
  std::string value;
  std::uint32_t on_existing = 0;  // of write: the contract's number, or one that it hasn't
};

struct FindingSpec {
  std::string type;
  std::string severity;
  std::uint32_t count = 1;
  std::optional<std::string> label;  // none: the type
  std::string confidence;
};

// What is made as large as a number says, so that a limit can be hit exactly; none: as written.
struct Fill {
  using Number = std::optional<std::uint64_t>;
  Number body, reason, reason_code;  // octets, in place of what is written
  Number findings, finding;          // how many; octets of each as encoded, by its label
  Number headers, header_bytes;      // changes; octets of all their names and values
  Number metadata, metadata_bytes;   // entries; octets of all their keys and values
};
inline constexpr std::uint64_t kFillBytesMax = 64ULL * 1024 * 1024;
inline constexpr std::uint64_t kFillCountMax = 100'000;

enum class Malformed { none, decision_0, bad_reason_code, oversize, undecodable, wrong_sequence };

// One entry of a script; the first whose call and `where` fit decides.
struct Reaction {
  enum class Call { evaluate, preflight, message };
  enum class Decision { allow, deny, skip };
  Call call = Call::evaluate;
  std::map<std::string, journal::Matcher> where;  // about the call's event
  Decision decision = Decision::allow;
  std::optional<std::uint32_t> decision_number;  // in its place: one that the contract hasn't
  std::optional<std::string> reason;             // none: a text that nobody outside may ever see
  std::string reason_code;
  std::optional<std::string> body;             // replaces the body
  std::optional<bool> has_body;                // none: whether there is another body
  std::map<std::string, std::string> replace;  // every OLD becomes NEW; has_body if any was there
  std::vector<HeaderChange> headers;
  std::vector<FindingSpec> findings;
  std::map<std::string, std::string> metadata;
  Fill fill;
  std::uint64_t times = 0;  // decides about so many calls only; 0: about all
  base::Duration delay{0};
  bool never = false;                 // no answer until the caller gives up, or the service ends
  std::optional<std::string> status;  // a gRPC code by its name or number: the call ends so
  Malformed malformed = Malformed::none;
  base::Mark mark;
};

// How a call ends that a script's entry isn't asked about.
struct Ending {
  base::Duration delay{0};
  bool never = false;                 // as Reaction's
  std::optional<std::string> status;  // as Reaction's
  bool undecodable = false;
};

// What is left out is the description's.
struct Binding {
  std::string operation = "http_request";    // or websocket_message, or a number
  std::string phase = "pre_credentials";     // or pre_return, or a number
  std::optional<std::uint64_t> max_payload;  // 0 is sent as 0
  std::optional<std::string> timeout;
};

struct Describe {
  std::vector<std::string> operations{"http_request"};  // or websocket_message
  std::uint64_t max_payload = 0;                        // 0: as registered
  std::string timeout;                                  // empty: none of its own
  std::string audience;
  std::optional<std::vector<Binding>> bindings;  // in place of `operations`
  std::optional<std::string> name;               // none: the service's
  std::string version = "1";
  Ending ending;
};

// Of a configuration.
struct Verdict {
  bool valid = true;
  std::string reason;
  Ending ending;
};

// What is wrong with its certificate. `none` is a service without TLS.
enum class Tls { none, valid, expired, not_yet_valid, wrong_name, unknown_issuer, self_signed };
// By what a caller is to judge the certificate: by the CA in its registration, or by the system's.
enum class Trust { world, system };

struct ServiceSpec {
  std::string name;
  std::string host = "box";
  net::Endpoint listen;  // port 0: a free one
  bool up = true;        // `initially`
  bool registered = true;
  base::Duration timeout = std::chrono::milliseconds(500);  // the operator's
  std::uint64_t max_payload = 64ULL * 1024;                 // the operator's
  // One for each call, then the last again; never empty.
  std::vector<Describe> describe = std::vector<Describe>(1);
  std::vector<Verdict> validate = std::vector<Verdict>(1);
  std::vector<Reaction> script;  // empty: everything is allowed
  // Another program in the fake's place, which knows no script and tells nothing; empty: the fake.
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;  // of `command`
  Tls tls = Tls::none;
  Trust trust = Trust::world;
  std::string certificate_pem, key_pem;  // of its TLS, once they are made
  std::uint64_t goaway = 0;   // all connections are sent away after each so many calls; 0: never
  bool strict_pings = false;  // GOAWAY to clients that ping without calls, as gRPC's servers do
  base::Mark mark;
};

}  // namespace sallyport::sim::middleware
