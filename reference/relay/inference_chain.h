// A request to inference.local between its head and its route: the entries of middleware that name
// this host. They see the request as the agent wrote it, before the route's model and key; what
// they leave is what is routed (docs/adr/0020). Runs in the session's coroutine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "reference/http/framing.h"
#include "reference/http/head.h"
#include "reference/inference/request.h"
#include "reference/relay/body_budget.h"
#include "reference/relay/grant.h"
#include "reference/relay/io.h"

namespace sallyport::relay {

// One request as it was read. The head's views point into `text`.
struct InferenceRequest {
  std::shared_ptr<const egress::Generation> generation;
  std::string text;
  http::RequestHead head;
  http::Framing framing;  // of the body that follows; `none` once it is in `body`
  std::string body;
  std::shared_ptr<BodyBudget::Hold> hold;  // of the memory of a body that was read for a chain

  // The body was sent, or is needed no more.
  void drop_body();
  [[nodiscard]] const base::Limits& limits() const { return generation->limits; }
  // What its head leaves of Limits::inference_request_bytes_max for its body.
  [[nodiscard]] std::uint64_t body_bytes_max() const;
};

// What events and answers of middleware name for this host, which no policy lets anybody reach.
[[nodiscard]] Grant inference_grant(std::shared_ptr<const egress::Generation> generation,
                                    std::optional<audit::Peer> source);

// Takes the request through the chain that the policy has for this host, if it has one; `client`
// stands after its head. True: `request` goes on to its route, changed or not, its body read or
// still to be read. False: the client was answered, or is gone; its connection is over.
[[nodiscard]] net::Task<bool> pass_inference_chain(const Services& services,
                                                   std::optional<audit::Peer> source, Inlet& client,
                                                   const inference::Call& call,
                                                   InferenceRequest& request);

}  // namespace sallyport::relay
