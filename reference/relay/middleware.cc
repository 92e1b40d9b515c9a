#include "reference/relay/middleware.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "reference/credentials/placeholder.h"
#include "reference/http/text.h"
#include "reference/middleware/admission.h"
#include "reference/middleware/headers.h"
#include "reference/relay/answer.h"
#include "reference/relay/http_events.h"
#include "reference/relay/middleware_answer.h"
#include "reference/relay/middleware_events.h"
#include "reference/relay/payload.h"
#include "reference/relay/while_connected.h"

namespace sallyport::relay {
namespace {

using Verdict = middleware::ChainResult::Verdict;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// How a request's passage ended; what is none of the first two nor the client's own end is told to
// the client.
enum class Ended {
  passed,     // built anew, with its body in memory
  unseen,     // goes up as it came, and still has to be streamed
  not_text,   // fields or a query that a service couldn't even decode
  shed,       // no permit, or no room for its body
  too_large,  // its body, for everybody in a chain that isn't all fail_open
  late,       // its body didn't come in time
  malformed,  // its chunks are not chunks
  gone,       // the client, in the middle of its body
  left,       // the client, while it waited
  denied,
  failed,
};

// One request's passage; lives in pass_chain()'s frame.
struct Run {
  const Services& services;
  const Grant& grant;
  Inlet& client;
  Passage& passage;
  Outgoing& outgoing;
  middleware::ChainResult result{};
  Ended ended = Ended::left;
  std::shared_ptr<BodyBudget::Hold> hold{};  // of the body's memory
};

std::string uuid4(base::Random& random) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::byte, 16> octets;
  random.fill(octets);
  octets[6] = (octets[6] & std::byte{0x0F}) | std::byte{0x40};
  octets[8] = (octets[8] & std::byte{0x3F}) | std::byte{0x80};
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    const auto value = std::to_integer<unsigned>(octets[i]);
    text.push_back(kDigits[value >> 4U]);
    text.push_back(kDigits[value & 0xFU]);
  }
  return text;
}

// The request as a chain leaves it: what is hidden from stages stays as the client sent it.
void rebuild(Run& run, const http::Framing& framing) {
  using Mutation = middleware::HeaderMutation;
  using Kind = Mutation::Kind;
  std::vector<Mutation> changes;
  // The client was told to go on by us, and what is sent now has no trailers any more.
  for (const char* const name : {"expect", "content-length", "transfer-encoding", "trailer"}) {
    changes.push_back(Mutation{Kind::remove, name, {}});
  }
  for (Mutation& asked : run.result.mutations) changes.push_back(std::move(asked));
  if (framing.kind != http::BodyKind::none || !run.result.body.empty()) {
    const std::string size = std::to_string(run.result.body.size());
    changes.push_back(Mutation{Kind::append, "content-length", size});
  }
  run.outgoing.head = middleware::replay_mutations(run.outgoing.head, changes);
  run.outgoing.framing = http::Framing();
  run.outgoing.body = std::move(run.result.body);
  run.outgoing.expects_continue = false;
  if (run.hold) run.hold->resize(run.outgoing.body.size());
  run.outgoing.hold = std::move(run.hold);
}

// Room for what is announced of the body, if not for the largest there can be. False: there is
// none.
bool take_room(Run& run, std::uint64_t bytes_max) {
  if (run.services.bodies == nullptr) return true;
  std::uint64_t bytes = 0;
  if (run.outgoing.framing.kind == http::BodyKind::length) bytes = run.outgoing.framing.length;
  if (run.outgoing.framing.kind == http::BodyKind::chunked) {
    bytes = std::min(bytes_max, run.passage.body_bytes_max);
  }
  run.hold = run.services.bodies->take(run.grant.authority().to_string(), bytes);
  return run.hold != nullptr;
}

// The body within `bytes_max`, asked for where the client waits for that.
net::Task<Payload> read_body(Run& run, std::uint64_t bytes_max) {
  const base::Limits& limits = run.grant.limits();
  const base::Clock& clock = run.services.clock;
  http::ChunkLimits chunks;
  chunks.line_bytes_max = limits.chunk_line_bytes_max;
  chunks.chunks_max = run.passage.chunks_max;
  PayloadCursor cursor(run.outgoing.framing, chunks);
  PayloadBounds bounds;
  bounds.bytes_max = std::min(bytes_max, run.passage.body_bytes_max);
  bounds.idle = limits.chunk_idle;
  bounds.until = clock.now() + limits.middleware_body;
  if (run.outgoing.expects_continue && run.outgoing.client_version_minor > 0 && !cursor.done() &&
      run.client.bytes().empty()) {
    const Pace pace{&clock, limits.middleware_body};
    const Io io = co_await write_text(run.client.stream(), kContinue, pace);
    Payload broken;
    broken.what = Payload::What::broken;
    if (io != Io::ok) co_return broken;
  }
  Payload payload = co_await read_payload(run.client, cursor, bounds, clock);
  co_return payload;
}

Ended ended_of(Payload::What what) {
  switch (what) {
    case Payload::What::whole:
      return Ended::passed;
    case Payload::What::too_large:
      return Ended::too_large;
    case Payload::What::malformed:
      return Ended::malformed;
    case Payload::What::late:
      return Ended::late;
    case Payload::What::broken:
      break;
  }
  return Ended::gone;
}

net::Task<Ended> evaluate(Run& run) {
  run.result =
      co_await middleware::evaluate_chain(run.passage.chain, std::move(run.passage.request),
                                          run.services.clock, run.grant.limits().middleware_chain);
  switch (run.result.verdict) {
    case Verdict::allow:
      co_return Ended::passed;
    case Verdict::denied:
      co_return Ended::denied;
    case Verdict::failed:
      break;
  }
  co_return Ended::failed;
}

// What a service is given as text must be UTF-8, or its failure to decode it would be the client's
// way around an entry that fails open.
bool is_text(const middleware::ChainRequest& request) {
  return http::is_utf8(request.query) &&
         std::all_of(request.headers.begin(), request.headers.end(),
                     [](const auto& line) { return http::is_utf8(line.second); });
}

// What a stage gives an upgrade for a body would be read as frames.
bool refuse_upgrade_body(Run& run) {
  if (!run.outgoing.upgrade || run.result.body.empty()) return false;
  run.result.verdict = Verdict::failed;
  run.result.reason = "middleware_failed: upgrade_with_body";
  return true;
}

// Everything that the permit is held for. Not a byte of the body is read without it.
net::Task<Ended> under_permit(Run& run) {
  const middleware::Admission::Permit permit = co_await run.services.admission.acquire();
  if (!permit.held()) co_return Ended::shed;
  const http::Framing framing = run.outgoing.framing;
  const auto limit = middleware::body_limit(run.passage.chain);
  if (!limit) {
    // Nobody is there to see anything: only each entry's on_error is asked.
    const Ended ended = co_await evaluate(run);
    co_return ended == Ended::passed ? Ended::unseen : ended;
  }
  if (framing.kind == http::BodyKind::length && framing.length > *limit) {
    co_return middleware::all_fail_open(run.passage.chain) ? Ended::unseen : Ended::too_large;
  }
  if (!take_room(run, *limit)) co_return Ended::shed;
  Payload payload = co_await read_body(run, *limit);
  const Ended read = ended_of(payload.what);
  if (read != Ended::passed) co_return read;
  run.passage.request.body = std::move(payload.body);
  const Ended ended = co_await evaluate(run);
  if (ended != Ended::passed) co_return ended;
  if (refuse_upgrade_body(run)) co_return Ended::failed;
  rebuild(run, framing);
  co_return ended;
}

net::Task<void> pass(Run& run) { run.ended = co_await under_permit(run); }

// Of a request that was refused and that no stage's event says so of: why.
std::string_view refusal_of(const Run& run, Ended ended) {
  if (ended == Ended::shed) return "middleware_admission_exhausted";
  if (ended == Ended::too_large) return "middleware_failed: request_body_over_capacity";
  const auto& stages = run.result.invocations;
  const bool told =
      std::any_of(stages.begin(), stages.end(), [](const auto& stage) { return !stage.allowed; });
  return ended == Ended::failed && !told ? std::string_view(run.result.reason) : "";
}

void tell(const Run& run, Ended ended, std::string_view path) {
  audit::AuditSink& audit = run.services.audit;
  if (ended == Ended::left) {
    audit.emit(relay_failed_event(run.grant, "the client left while middleware was asked"));
    return;
  }
  for (const audit::Event& event : chain_events(run.grant, run.outgoing.method, path, run.result)) {
    audit.emit(event);
  }
  // Of a chain that some stage could see, what goes up unseen is a body that was too large.
  const bool over = ended == Ended::too_large ||
                    (ended == Ended::unseen && middleware::body_limit(run.passage.chain));
  if (over) audit.emit(body_unavailable_event(run.grant, ended == Ended::unseen));
  if (ended == Ended::shed) audit.emit(admission_exhausted_event(run.grant));
  if (ended == Ended::late) audit.emit(body_failed_event(run.grant, "not within its time"));
  if (ended == Ended::not_text) audit.emit(body_failed_event(run.grant, "fields aren't UTF-8"));
  if (ended == Ended::malformed) audit.emit(body_failed_event(run.grant, "malformed chunks"));
  if (ended == Ended::gone) audit.emit(body_failed_event(run.grant, "the client ended"));
  if (const std::string_view refusal = refusal_of(run, ended); !refusal.empty()) {
    audit.emit(middleware_denied_event(run.grant, run.outgoing.method, std::string(path),
                                       std::string(refusal)));
  }
}

http::LocalAnswer answer_of(const Run& run, Ended ended, std::string_view path) {
  const AboutRequest about{run.grant, run.outgoing.method, path};
  switch (ended) {
    case Ended::shed:
      return middleware_failed(about, 503);
    case Ended::not_text:
      return http::json_error(400, "invalid_request", "fields and query must be UTF-8");
    case Ended::late:
      return http::json_error(408, "request_timeout", "request body did not arrive in time");
    case Ended::malformed:
      return http::json_error(400, "invalid_request", "malformed chunked body");
    case Ended::denied:
      return middleware_denied(about, run.result.denied_by, run.result.reason_code);
    case Ended::passed:
    case Ended::unseen:
    case Ended::too_large:
    case Ended::gone:
    case Ended::left:
    case Ended::failed:
      break;
  }
  return middleware_failed(about, 403);
}

}  // namespace

std::optional<Passage> select_passage(const Services& services, const Grant& grant,
                                      std::string_view scheme, const http::RequestHead& head,
                                      const http::CanonicalTarget& target) {
  const egress::Generation& generation = *grant.generation;
  if (generation.policy.network_middlewares.empty()) return std::nullopt;
  Passage passage;
  passage.generation = grant.generation;
  passage.registry =
      generation.middleware ? generation.middleware : middleware::built_in_registry();
  passage.chain = middleware::select_chain(generation.policy, *passage.registry, grant.intent.host);
  if (passage.chain.empty()) return std::nullopt;
  middleware::ChainRequest& request = passage.request;
  request.request_id = uuid4(services.random);
  request.sandbox_id = services.sandbox.id;
  request.sandbox_name = services.sandbox.name;
  request.workspace = services.sandbox.workspace;
  request.scheme = scheme;
  request.host = grant.intent.host;
  request.port = grant.intent.port;
  request.method = head.method;
  request.path = target.path();
  if (!middleware::body_limit(passage.chain)) return passage;
  request.query = target.query().value_or(std::string_view());
  middleware::VisibleHeaders visible = middleware::visible_headers(head.fields);
  request.headers = std::move(visible.lines);
  request.nominated = std::move(visible.nominated);
  return passage;
}

net::Task<bool> pass_chain(const Services& services, const Grant& grant, Inlet& client,
                           Passage passage, Outgoing& outgoing) {
  // Stages see the placeholder, who reads events and answers doesn't.
  const std::string path = credentials::redact_path(passage.request.path);
  Run run{services, grant, client, passage, outgoing};
  Ended ended = Ended::not_text;
  if (is_text(passage.request)) {
    const bool stayed = co_await while_connected(client.stream(), pass(run));
    ended = stayed ? run.ended : Ended::left;
  }
  run.hold.reset();
  tell(run, ended, path);
  if (ended == Ended::passed || ended == Ended::unseen) co_return true;
  if (ended == Ended::gone || ended == Ended::left) {
    client.stream().abort();
    co_return false;
  }
  http::LocalAnswer answer = answer_of(run, ended, path);
  answer.close = true;
  co_await send_answer(client.stream(), std::move(answer), outgoing.method, grant.limits(),
                       services.clock);
  co_return false;
}

}  // namespace sallyport::relay
