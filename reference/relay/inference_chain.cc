#include "reference/relay/inference_chain.h"

#include <algorithm>

#include "reference/credentials/placeholder.h"
#include "reference/relay/answer.h"
#include "reference/relay/middleware.h"
#include "reference/relay/middleware_answer.h"
#include "reference/relay/middleware_events.h"

namespace sallyport::relay {
namespace {

std::optional<Passage> select(const Services& services, const Grant& grant,
                              const inference::Call& call, const InferenceRequest& request) {
  auto passage = select_passage(services, grant, "https", request.head, call.target);
  if (!passage) return passage;
  // As it goes up: this host takes `post` for POST, and no stage is to be fooled by it.
  passage->request.method = call.match.method;
  passage->body_bytes_max = request.body_bytes_max();
  passage->chunks_max = request.limits().inference_chunks_max;
  return passage;
}

Outgoing outgoing_of(const inference::Call& call, const InferenceRequest& request) {
  Outgoing out;
  out.head = request.text;
  out.framing = request.framing;
  out.method = std::string(call.match.method);
  out.client_version_minor = request.head.version_minor;
  out.expects_continue = request.head.fields.has_token("expect", "100-continue");
  return out;
}

// What the chain left, read as if the client had sent it. False: it is no request any more.
bool adopt(Outgoing& outgoing, InferenceRequest& request) {
  request.text = std::move(outgoing.head);
  request.framing = outgoing.framing;
  request.body = std::move(outgoing.body);
  request.hold = std::move(outgoing.hold);
  const auto head = http::parse_request_head(request.text);
  if (head) request.head = *head;
  return head.has_value();
}

}  // namespace

void InferenceRequest::drop_body() {
  body = std::string();
  hold.reset();
}

std::uint64_t InferenceRequest::body_bytes_max() const {
  const std::uint64_t whole = limits().inference_request_bytes_max;
  return whole - std::min<std::uint64_t>(whole, text.size());
}

Grant inference_grant(std::shared_ptr<const egress::Generation> generation,
                      std::optional<audit::Peer> source) {
  Grant grant;
  grant.intent.host = egress::kInferenceHost;
  grant.intent.port = egress::kInferencePort;
  grant.intent.method = "CONNECT";
  grant.allow.policy = egress::kInferenceHost;
  grant.allow.plan.transport = egress::Transport::inference;
  grant.allow.generation = generation->number;
  grant.generation = std::move(generation);
  grant.source = std::move(source);
  return grant;
}

net::Task<bool> pass_inference_chain(const Services& services, std::optional<audit::Peer> source,
                                     Inlet& client, const inference::Call& call,
                                     InferenceRequest& request) {
  if (request.generation->policy.network_middlewares.empty()) co_return true;
  const Grant grant = inference_grant(request.generation, std::move(source));
  std::optional<Passage> passage = select(services, grant, call, request);
  if (!passage) co_return true;
  Outgoing outgoing = outgoing_of(call, request);
  const bool passed = co_await pass_chain(services, grant, client, std::move(*passage), outgoing);
  if (!passed) co_return false;
  if (adopt(outgoing, request)) co_return true;
  // More fields than a head may have is all that stages can make of one.
  services.audit.emit(body_failed_event(grant, "middleware left too many fields"));
  const std::string path = credentials::redact_path(call.target.path());
  const AboutRequest about{grant, call.match.method, path};
  http::LocalAnswer answer = middleware_failed(about, 403);
  answer.close = true;
  co_await send_answer(client.stream(), std::move(answer), call.match.method, request.limits(),
                       services.clock);
  co_return false;
}

}  // namespace sallyport::relay
