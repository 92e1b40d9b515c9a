#include "simulator/providers/provider.h"

#include <algorithm>
#include <set>
#include <utility>

#include "reference/net/clock.h"
#include "simulator/providers/answering.h"
#include "simulator/providers/dialects.h"
#include "simulator/providers/listening.h"
#include "simulator/providers/proxy.h"
#include "simulator/providers/responder.h"
#include "simulator/wire/certificates.h"

namespace sallyport::sim::providers {
namespace {

wire::Defect defect_of(TlsKind kind) {
  switch (kind) {
    case TlsKind::expired:
      return wire::Defect::expired;
    case TlsKind::not_yet_valid:
      return wire::Defect::not_yet_valid;
    case TlsKind::wrong_name:
      return wire::Defect::wrong_name;
    case TlsKind::unknown_issuer:
      return wire::Defect::unknown_issuer;
    case TlsKind::self_signed:
      return wire::Defect::self_signed;
    case TlsKind::none:
    case TlsKind::valid:
    case TlsKind::stall:
      break;
  }
  return wire::Defect::none;
}

std::shared_ptr<wire::TlsContext> tls_of(const ProviderSpec& spec,
                                         const wire::Authority& authority) {
  if (spec.tls == TlsKind::none || spec.tls == TlsKind::stall) return nullptr;
  std::vector<std::string> names = spec.names;
  const bool wildcard = spec.listen.address.is_unspecified();
  names.push_back(wildcard ? "127.0.0.1" : spec.listen.address.to_string());
  return wire::TlsContext::server(authority.leaf(names, defect_of(spec.tls)), {"http/1.1"});
}

bool wants_continue(const wire::HttpReader& reader) {
  if (!reader.head_done() || reader.done()) return false;
  const auto* expect = wire::find_header(reader.message().headers, "expect");
  return expect != nullptr && wire::equal_names(*expect, "100-continue");
}

// Whether a route is the one that was there before, as it was written.
bool same_route(const RouteSpec& a, const RouteSpec& b) {
  const auto same_mark = [](const Answer& one, const Answer& other) {
    return one.mark.line == other.mark.line && one.mark.column == other.mark.column;
  };
  return a.method == b.method && a.path == b.path && a.answers.size() == b.answers.size() &&
         std::equal(a.answers.begin(), a.answers.end(), b.answers.begin(), same_mark);
}

}  // namespace

class Provider::Impl : public std::enable_shared_from_this<Provider::Impl> {
 public:
  Impl(ProviderSpec given, Environment environment, base::UniqueFd socket)
      : spec(std::make_shared<const ProviderSpec>(std::move(given))),
        used(spec->routes.size()),
        listening(std::make_shared<Listening>(
            environment, Actor{spec->name, "provider"}, spec->listen, std::move(socket),
            tls_of(*spec, environment.authority), spec->tls == TlsKind::stall)) {
    if (!spec->keys.empty()) accepted.insert(spec->keys.front());
  }

  void apply(ProviderSpec given, std::map<std::string, std::string> keys);

  static net::Task<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection);
  net::Task<std::optional<Request>> next_request(Connection& connection);
  net::Task<void> refuse_malformed(Connection& connection);
  net::Task<bool> be_late(Connection& connection);
  Request understand(const wire::HttpReader& reader, const std::string& raw) const;
  std::string key_name(const wire::HttpMessage& message) const;
  // Nothing: a proxy does what it is asked for.
  std::optional<Answer> choose(const Request& request);

  const Environment& environment() const { return listening->environment(); }

  std::shared_ptr<const ProviderSpec> spec;  // of requests from now on
  std::vector<std::size_t> used;             // answers given, by route
  std::set<std::string> accepted;
  base::Duration delay{0};  // of every answer
  OnDelayed on_delayed;
  std::shared_ptr<Listening> listening;
};

net::Task<void> Provider::Impl::serve(std::shared_ptr<Impl> self,
                                      std::shared_ptr<Connection> connection) {
  while (!connection->broken()) {
    const std::optional<Request> request = co_await self->next_request(*connection);
    if (!request) co_return;
    connection->note("request", fields_of(*request));
    if (!request->complete) co_return;
    // Chosen on arrival: a key that is revoked later on doesn't take back what was under way.
    const std::optional<Answer> answer = self->choose(*request);
    Answering answering(self->spec, self->environment(), *connection, *request);
    const bool there = co_await self->be_late(*connection);
    if (!there) co_return;
    bool keep = false;
    if (answer) {
      Responder responder(answering);
      keep = co_await responder.send(*answer);
    } else {
      Proxy proxy(answering);
      keep = co_await proxy.serve();
    }
    if (!keep) co_return;
  }
}

net::Task<std::optional<Request>> Provider::Impl::next_request(Connection& connection) {
  wire::HttpReader reader(wire::HttpReader::Kind::request);
  std::string raw;
  bool continued = false;
  while (true) {
    const std::string came = connection.take_inbox();
    raw += came;
    reader.feed(came);
    if (reader.done()) break;
    if (!continued && wants_continue(reader)) {
      continued = true;
      const bool sent = co_await connection.send("HTTP/1.1 100 Continue\r\n\r\n");
      if (!sent) co_return std::nullopt;
    }
    if (!connection.inbox().empty()) continue;
    if (connection.peer_ended() || connection.broken()) {
      reader.finish();
      break;
    }
    co_await connection.changed();
  }
  if (reader.state() == wire::HttpReader::State::malformed) {
    co_await refuse_malformed(connection);
    co_return std::nullopt;
  }
  if (!reader.head_done()) co_return std::nullopt;
  raw.resize(raw.size() - reader.leftover().size());
  Request request = understand(reader, raw);
  connection.inbox().insert(0, reader.take_leftover());
  if (environment().step_of) connection.set_step(environment().step_of(raw));
  co_return request;
}

net::Task<bool> Provider::Impl::be_late(Connection& connection) {
  if (delay <= base::Duration{0}) co_return true;
  if (on_delayed) on_delayed(connection.step(), connection.id());
  co_return co_await connection.pause(delay);
}

net::Task<void> Provider::Impl::refuse_malformed(Connection& connection) {
  journal::Fields fields;
  fields["status"] = std::int64_t{400};
  connection.note("response", std::move(fields));
  (void)co_await connection.send(
      "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

Request Provider::Impl::understand(const wire::HttpReader& reader, const std::string& raw) const {
  Request request;
  request.message = reader.message();
  request.complete = reader.state() == wire::HttpReader::State::complete;
  request.keeps_alive = reader.keeps_alive();
  request.key = key_name(request.message);
  request.nonce = user_agent_nonce(request.message);
  if (request.nonce.empty() && environment().nonce_of) request.nonce = environment().nonce_of(raw);
  return request;
}

std::string Provider::Impl::key_name(const wire::HttpMessage& message) const {
  const std::vector<std::string> values =
      spec->dialect == Dialect::proxy ? proxy_credentials(message) : credentials(message);
  if (values.empty()) return "none";
  for (const auto& name : spec->keys) {
    const auto found = environment().keys.find(name);
    if (found == environment().keys.end()) continue;
    if (std::find(values.begin(), values.end(), found->second) != values.end()) return name;
  }
  return "unknown";
}

std::optional<Answer> Provider::Impl::choose(const Request& request) {
  if (!spec->keys.empty() && !accepted.contains(request.key)) return unauthorized(*spec, request);
  const std::string path = request.message.path();
  for (std::size_t at = 0; at < spec->routes.size(); ++at) {
    const RouteSpec& route = spec->routes[at];
    const bool method_fits = route.method == "*" || route.method == request.message.method;
    const bool fits =
        path_fits(route.path, path) ||
        (spec->dialect == Dialect::proxy && path_fits(route.path, request.message.target));
    if (!method_fits || !fits || route.answers.empty()) continue;
    const std::size_t turn = std::min(used[at]++, route.answers.size() - 1);
    return route.answers[turn];
  }
  if (spec->dialect == Dialect::proxy) return std::nullopt;
  return dialect_answer(*spec, request, environment().clock.wall_ms() / 1000);
}

void Provider::Impl::apply(ProviderSpec given, std::map<std::string, std::string> keys) {
  std::vector<std::size_t> turns(given.routes.size());
  for (std::size_t at = 0; at < given.routes.size(); ++at) {
    for (std::size_t before = 0; before < spec->routes.size(); ++before) {
      if (same_route(given.routes[at], spec->routes[before])) turns[at] = used[before];
    }
  }
  used = std::move(turns);
  if (accepted.empty() && spec->keys.empty() && !given.keys.empty()) {
    accepted.insert(given.keys.front());
  }
  const bool renamed = given.names != spec->names;
  spec = std::make_shared<const ProviderSpec>(std::move(given));
  if (renamed) listening->set_tls(tls_of(*spec, environment().authority));
  listening->set_keys(std::move(keys));
}

Provider::Provider(ProviderSpec spec, Environment environment, base::UniqueFd listening)
    : impl_(std::make_shared<Impl>(std::move(spec), std::move(environment), std::move(listening))) {
}

Provider::~Provider() { stop(); }

void Provider::start() {
  impl_->listening->start([impl = impl_](std::shared_ptr<Connection> connection) {
    return Impl::serve(impl, std::move(connection));
  });
}

void Provider::stop() { impl_->listening->stop(); }

const ProviderSpec& Provider::spec() const { return *impl_->spec; }
net::Endpoint Provider::endpoint() const { return impl_->listening->endpoint(); }
std::size_t Provider::open_connections() const { return impl_->listening->open(); }
void Provider::accept(const std::string& key) { impl_->accepted.insert(key); }
void Provider::revoke(const std::string& key) { impl_->accepted.erase(key); }
void Provider::reset_open() { impl_->listening->reset_open(); }

void Provider::stop_listening() { impl_->listening->stop_listening(); }
void Provider::start_listening(base::UniqueFd listening) {
  impl_->listening->start_listening(std::move(listening));
}
bool Provider::listens() const { return impl_->listening->listens(); }
void Provider::freeze() { impl_->listening->freeze(); }
void Provider::thaw() { impl_->listening->thaw(); }

void Provider::apply(ProviderSpec spec, std::map<std::string, std::string> keys) {
  impl_->apply(std::move(spec), std::move(keys));
}

void Provider::set_delay(base::Duration delay, OnDelayed on_delayed) {
  impl_->delay = delay;
  impl_->on_delayed = std::move(on_delayed);
}

}  // namespace sallyport::sim::providers
