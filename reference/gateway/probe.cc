#include "reference/gateway/probe.h"

#include <unistd.h>

#include <algorithm>

#include "reference/base/limits.h"
#include "reference/egress/destination.h"
#include "reference/gateway/own_loop.h"
#include "reference/http/framing.h"
#include "reference/http/response_parser.h"
#include "reference/net/buffer_pool.h"
#include "reference/net/dialer.h"
#include "reference/net/io.h"
#include "reference/net/resolv_conf.h"
#include "reference/net/resolver.h"
#include "reference/relay/head_reader.h"
#include "reference/relay/payload.h"
#include "reference/tls/accept_connect.h"
#include "reference/tls/client_context.h"
#include "reference/tls/trust.h"

namespace sallyport::gateway {
namespace {

constexpr std::uint64_t kBodyBytesMax = 64 * 1024;
constexpr int kInterimMax = 8;
constexpr const char* kHostsFile = "/etc/hosts";

using StreamPtr = std::unique_ptr<net::ByteStream>;

// What one verification holds; lives in probe_endpoint()'s frame, in front of its loop's end.
struct Asking {
  Asking(OwnLoop& own, const inference::Route& to, const ProbeOptions& how)
      : loop(own), route(to), options(how), until(own.clock().now() + how.whole) {}

  OwnLoop& loop;
  const inference::Route& route;
  const ProbeOptions& options;
  const base::TimePoint until;
  net::Deadlines deadlines{loop.executor(), loop.clock()};
  net::TcpDialer dialer{loop.executor(), deadlines};
  net::BufferPool buffers;
  std::vector<net::Endpoint> endpoints;  // judged
  std::string trouble;                   // why nothing came of a question

  [[nodiscard]] bool late() const { return loop.clock().now() >= until; }
};

struct Answer {
  unsigned status = 0;  // 0: none came, Asking::trouble says why
  std::string body;
};

std::string hosts_file_of(const ProbeOptions& options) {
  if (!options.hosts_file.empty()) return options.hosts_file;
  return ::access(kHostsFile, R_OK) == 0 ? kHostsFile : "";
}

// Resolves the route's host once for all questions, and judges what came.
net::Task<bool> find_endpoints(Asking& asking) {
  net::ResolverConfig config;
  config.servers = asking.options.servers;
  if (config.servers.empty()) config.servers = net::system_name_servers();
  config.hosts_path = hosts_file_of(asking.options);
  config.bound = base::Limits{}.resolve;
  const auto resolver =
      net::CaresResolver::create(asking.loop.executor(), asking.deadlines, config);
  if (!resolver) {
    asking.trouble = config.hosts_path + ": " + resolver.error().message();
    co_return false;
  }
  const http::Authority& authority = asking.route.base.authority;
  egress::RouteDestination found =
      co_await egress::route_destination(authority.host, authority.port, **resolver);
  if (auto* refused = std::get_if<egress::RouteRefused>(&found)) {
    asking.trouble = std::move(refused->cause);
    co_return false;
  }
  asking.endpoints = std::get<egress::Pinned>(std::move(found)).endpoints;
  co_return true;
}

net::Task<StreamPtr> connect(Asking& asking, const tls::ClientContext& trust) {
  StreamPtr none;
  auto dialled = co_await asking.dialer.dial_tcp(asking.endpoints, asking.until);
  if (!dialled) {
    asking.trouble = dialled.error().message();
    co_return none;
  }
  if (!asking.route.base.tls) {
    StreamPtr plain = std::move(*dialled);
    co_return plain;
  }
  tls::HandshakeFailure failure;
  auto secured = co_await tls::connect_tls(std::move(*dialled), trust,
                                           asking.route.base.authority.host, asking.until, failure);
  if (secured) co_return std::move(*secured);
  asking.trouble = "TLS: " + (failure.text.empty() ? secured.error().message() : failure.text);
  co_return none;
}

std::string words_for(relay::HeadEnd end) {
  switch (end) {
    case relay::HeadEnd::idle:
    case relay::HeadEnd::late:
      return "no answer in time";
    case relay::HeadEnd::closed:
      return "the connection ended without an answer";
    case relay::HeadEnd::truncated:
      return "the connection ended in the answer's head";
    case relay::HeadEnd::complete:
    case relay::HeadEnd::too_long:
    case relay::HeadEnd::malformed:
    case relay::HeadEnd::cancelled:
      break;
  }
  return "what answers is no HTTP/1.1";
}

// The final answer's head; its body is read only where it may say something.
net::Task<Answer> read_answer(Asking& asking, net::ByteStream& stream) {
  Answer answer;
  relay::Inlet inlet(stream, asking.buffers);
  relay::HeadBounds bounds;
  bounds.bytes_max = base::Limits{}.response_head_bytes_max;
  bounds.first_byte = bounds.whole = asking.options.whole;
  bounds.until = asking.until;
  http::AnswerHead head;
  for (int heads = 0; heads <= kInterimMax && answer.status == 0; ++heads) {
    const relay::HeadRead read = co_await relay::read_head(inlet, bounds, asking.loop.clock());
    asking.trouble = words_for(read.end);
    if (read.end != relay::HeadEnd::complete) co_return answer;
    auto parsed = http::parse_answer_head(inlet.bytes().substr(0, read.size));
    if (!parsed || parsed->status == 101) co_return answer;
    inlet.consume(read.size);
    if (parsed->is_interim()) continue;
    answer.status = parsed->status;
    head = std::move(*parsed);
  }
  const bool passed = answer.status >= 200 && answer.status <= 299;
  const auto framing = http::answer_framing("POST", answer.status, head.version_minor, head.fields);
  if (answer.status == 0 || passed || !framing) co_return answer;
  relay::PayloadCursor cursor(*framing, http::ChunkLimits());
  relay::PayloadBounds whole;
  whole.bytes_max = kBodyBytesMax;
  whole.idle = asking.options.whole;
  whole.until = asking.until;
  relay::Payload payload = co_await relay::read_payload(inlet, cursor, whole, asking.loop.clock());
  answer.body = std::move(payload.body);
  co_return answer;
}

net::Task<Answer> exchange(Asking& asking, const tls::ClientContext& trust, std::string request) {
  Answer answer;
  const StreamPtr stream = co_await connect(asking, trust);
  if (stream == nullptr) co_return answer;
  stream->set_deadline(asking.until);
  const std::string_view all = request;
  // Who refuses early may not read it all: what counts is what comes back.
  const auto wrote = co_await net::write_all(*stream, all);
  answer = co_await read_answer(asking, *stream);
  if (answer.status == 0 && !wrote && !asking.late()) asking.trouble = wrote.error().message();
  stream->close();
  co_return answer;
}

net::Task<void> ask(Asking& asking, inference::Verification& verification) {
  const auto trust =
      tls::ClientContext::create({tls::system_bundle_path(), asking.options.upstream_ca});
  if (!trust) asking.trouble = asking.options.upstream_ca + ": " + trust.error().message();
  bool found = false;
  if (trust) found = co_await find_endpoints(asking);
  while (!verification.decided()) {
    Answer answer;
    if (found) {
      std::string request = verification.request();
      answer = co_await exchange(asking, *trust, std::move(request));
    }
    if (answer.status == 0) {
      verification.take_loss(asking.trouble);
    } else {
      verification.take_answer(answer.status, answer.body);
    }
  }
}

}  // namespace

inference::ProbeVerdict probe_endpoint(const inference::Route& route, const ProbeOptions& options) {
  OwnLoop loop;
  Asking asking(loop, route, options);
  inference::Verification verification(route);
  loop.run(ask(asking, verification));
  return verification.verdict();
}

}  // namespace sallyport::gateway
