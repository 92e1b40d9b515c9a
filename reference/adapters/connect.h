// CONNECT: decide, resolve, dial, and only then 200, so that every failure has an answer (the field
// system closes silently when it can't dial: OpenShell proxy.rs). Then what the tunnel carries
// chooses its relay.
#pragma once

#include <memory>
#include <optional>

#include "reference/audit/event.h"
#include "reference/http/head.h"
#include "reference/net/tcp.h"
#include "reference/relay/grant.h"
#include "reference/relay/services.h"
#include "reference/relay/upstream.h"

namespace sallyport::adapters {

// What the adapters share about one connection; lives in serve_session()'s frame.
struct Session {
  const relay::Services& services;
  std::unique_ptr<net::TcpStream> client;  // null once TLS has taken it
  std::shared_ptr<const egress::Generation> generation;
  std::optional<audit::Peer> source;
  egress::Identity identity{};  // found out once
};

// A tunnel that its client was told stands.
struct Opened {
  relay::Grant grant;
  relay::UpstreamTarget target;              // of `upstream`
  std::unique_ptr<net::TcpStream> upstream;  // nothing was sent on it; null for inference.local
};

// Answers the CONNECT of `head`; null where there is no tunnel, and the connection is over.
[[nodiscard]] net::Task<std::unique_ptr<Opened>> open_tunnel(Session& session,
                                                             const http::RequestHead& head);

// 400 and the event, for a head or a target that can't be served; then the connection is over.
[[nodiscard]] net::Task<void> refuse_head(Session& session, unsigned status, std::string cause);

// The generation of now, for both, if it decides the same as before; false: it doesn't.
[[nodiscard]] bool follow(Session& session, relay::Grant& grant);

// Emits it with the generation that decided.
void emit_decision(const Session& session, audit::Event event);

// The event of a denial, and its answer; then the connection is over. HEAD gets no body.
[[nodiscard]] net::Task<void> deny(Session& session, const egress::Intent& intent,
                                   egress::Deny denial);

}  // namespace sallyport::adapters
