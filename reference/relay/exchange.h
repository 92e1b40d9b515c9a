// One request and its answer between a client and an upstream whose connection stands: the body
// goes up while the answer comes down, both exactly as far as their framing goes. Knows nothing of
// policy; the request was judged and its head rewritten before. Owned by its caller, on the loop.
#pragma once

#include <optional>
#include <string>

#include "reference/base/limits.h"
#include "reference/http/framing.h"
#include "reference/relay/body_budget.h"
#include "reference/relay/io.h"
#include "reference/relay/upgrade.h"

namespace sallyport::relay {

struct Outgoing {
  std::string head;       // as the upstream gets it
  http::Framing framing;  // of the body that follows on the client's connection
  std::string body;       // or the body, read before: then nothing follows and `framing` is none
  std::shared_ptr<BodyBudget::Hold> hold;  // of that body's memory; null: it isn't counted
  std::string method;
  int client_version_minor = 1;
  bool expects_continue = false;
  bool keep_client = true;              // another request may follow on the client's connection
  std::optional<UpgradeAsked> upgrade;  // asked for besides `head`: a sound 101 comes down
};

enum class Outcome {
  complete,     // the whole answer was delivered
  switched,     // a sound 101 went down: what follows on both connections isn't HTTP any more
  no_answer,    // the upstream failed before an answer's head; the client got nothing
  late_answer,  // it was silent for Limits::chunk_idle; the client got nothing
  bad_answer,  // its head or framing isn't sound, or is a 101 that wasn't asked for or doesn't fit;
               // the client got nothing
  bad_body,    // the client's chunks are not chunks; the client got nothing, the upstream a reset
  client_gone,  // it ended, broke or fell silent; the upstream got a reset
  cut,          // the answer broke after its head: the client must be reset, so that it shows
};

struct ExchangeResult {
  Outcome outcome = Outcome::no_answer;
  unsigned status = 0;        // of the final answer, once its head was read
  bool client_keeps = false;  // the client's connection stands at the next request
  bool upstream_keeps = false;
};

// `client` stands after the request's head. Answers 1xx are passed on as RFC 9110 says (100 only
// to who expects it); a 101 only to who asked. A client that breaks its connection is noticed at
// once, one that only ends its direction gets its answer. A last answer before the upload's end
// reaches the client, and the rest of the upload is given up. A body in memory goes as soon as the
// upstream has taken it.
[[nodiscard]] net::Task<ExchangeResult> exchange(Inlet& client, Inlet& upstream, Outgoing request,
                                                 const base::Limits& limits,
                                                 const base::Clock& clock);

}  // namespace sallyport::relay
