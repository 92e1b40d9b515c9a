#include <fmt/format.h>

#include "reference/relay/answer.h"
#include "reference/relay/http.h"
#include "reference/relay/http_events.h"
#include "reference/relay/websocket.h"

namespace sallyport::relay {
namespace {

http::LocalAnswer answer_for(const Grant& grant, Outcome outcome) {
  const std::string where = grant.authority().to_string();
  switch (outcome) {
    case Outcome::late_answer:
      return http::json_error(502, "upstream_unreachable",
                              fmt::format("{} did not answer in time", where));
    case Outcome::bad_answer:
      return http::json_error(502, "upstream_protocol_error",
                              fmt::format("{} sent a malformed answer", where));
    case Outcome::bad_body:
      return http::json_error(400, "invalid_request", "malformed chunked body");
    case Outcome::no_answer:
    case Outcome::complete:
    case Outcome::switched:
    case Outcome::client_gone:
    case Outcome::cut:
      break;
  }
  return http::json_error(502, "upstream_unreachable",
                          fmt::format("{} closed the connection without an answer", where));
}

}  // namespace

net::Task<bool> relay_exchange(const Services& services, const Grant& grant, Inlet& client,
                               Upstream& upstream, Outgoing outgoing, RuledRequest asked) {
  const std::shared_ptr<const egress::Generation> pinned = grant.generation;
  std::string method = outgoing.method;
  const ExchangeResult result = co_await exchange(client, upstream.inlet(), std::move(outgoing),
                                                  pinned->limits, services.clock);
  if (result.outcome == Outcome::switched) {
    co_await relay_websocket(services, grant, client, upstream.inlet(), std::move(asked));
    upstream.drop();
    co_return false;
  }
  if (result.upstream_keeps) {
    upstream.rest();
  } else {
    upstream.drop();
  }
  if (result.outcome == Outcome::complete && result.client_keeps) co_return true;
  const bool goes_on = co_await finish_exchange(services, grant, client, std::move(method), result);
  co_return goes_on;
}

net::Task<bool> finish_exchange(const Services& services, const Grant& grant, Inlet& client,
                                std::string method, ExchangeResult result) {
  net::ByteStream& stream = client.stream();
  switch (result.outcome) {
    case Outcome::switched:
    case Outcome::complete: {
      const Pace last{&services.clock, grant.limits().drain};
      co_await linger(stream, last);
      stream.close();
      co_return false;
    }
    case Outcome::cut:
      services.audit.emit(relay_failed_event(grant, "the answer broke after its head"));
      stream.abort();
      co_return false;
    case Outcome::client_gone:
      stream.abort();
      co_return false;
    case Outcome::no_answer:
    case Outcome::late_answer:
    case Outcome::bad_answer:
    case Outcome::bad_body:
      break;
  }
  http::LocalAnswer answer = answer_for(grant, result.outcome);
  answer.close = true;
  services.audit.emit(relay_failed_event(grant, answer.body));
  const bool goes_on =
      co_await send_answer(stream, std::move(answer), method, grant.limits(), services.clock);
  co_return goes_on;
}

net::Task<bool> refuse_upstream(const Services& services, const Grant& grant, Inlet& client,
                                std::string method, const Upstream& upstream) {
  const std::string where = grant.authority().to_string();
  http::LocalAnswer answer;
  if (upstream.error() == OpenError::connect) {
    services.audit.emit(relay_failed_event(grant, upstream.cause()));
    answer = http::json_error(502, "upstream_unreachable",
                              fmt::format("connection to {} failed", where));
  } else {
    services.audit.emit(tls_failed_event(grant, upstream.cause()));
    const bool unverified = upstream.error() == OpenError::unverified;
    answer = http::json_error(
        502, "upstream_tls_failed",
        fmt::format("TLS to {} failed: {}", where,
                    unverified ? "its certificate is not trusted" : "no handshake"));
  }
  answer.close = true;
  const bool goes_on = co_await send_answer(client.stream(), std::move(answer), method,
                                            grant.limits(), services.clock);
  co_return goes_on;
}

}  // namespace sallyport::relay
