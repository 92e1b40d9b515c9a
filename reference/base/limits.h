// Every bound of the reference, as values that are handed in: what it is, what happens at it, where
// the number comes from. A test or a scenario makes 120 s into 120 ms by a value, never by a flag
// of the build. docs/limits.md is this page for users; the config's `limits` uses these names.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace sallyport::base {

struct Limits {
  using ms = std::chrono::milliseconds;

  // --- heads and bodies -----------------------------------------------------------------------
  // First request head on a proxy connection, terminator included. At it: 431, close.
  // Source: OpenShell proxy.rs MAX_HEADER_BYTES.
  std::uint64_t proxy_head_bytes_max = 8192;
  // A request head inside a tunnel. At it: 431, close. Source: OpenShell l7/rest.rs.
  std::uint64_t tunnel_head_bytes_max = 16384;
  // An answer's head. At it: the upstream is broken, 502. Source: OpenShell l7/rest.rs.
  std::uint64_t response_head_bytes_max = 16384;
  // Canonical path of a request target. At it: 400. Source: OpenShell l7/path.rs.
  std::uint64_t target_bytes_max = 4096;
  // Head and body of one request to inference.local. Over it: 413, close. Source: OpenShell.
  std::uint64_t inference_request_bytes_max = 10ULL * 1024 * 1024;
  // Chunks in one inference request. Over it: 400, close. Source: OpenShell l7/inference.rs.
  std::uint64_t inference_chunks_max = 4096;
  // A buffered or streamed inference answer. Over it: 502, or an error event. Source: OpenShell.
  std::uint64_t inference_response_bytes_max = 32ULL * 1024 * 1024;
  // Chunk-size line with its extensions. At it: malformed. Ours.
  std::uint64_t chunk_line_bytes_max = 256;

  // --- time -----------------------------------------------------------------------------------
  // A head, from its first wait to its terminator. At it: close. Ours: the field system has none.
  ms head_read{30'000};
  // A kept connection without a request. At it: close. Ours.
  ms keep_alive_idle{120'000};
  // TLS handshake, either side. At it: close. Ours.
  ms tls_handshake{10'000};
  // Telling TLS, HTTP and opaque apart, from the first byte on. At it: opaque. Source: OpenShell.
  ms sniff{100};
  // Resolving one name. At it: 502 upstream_unreachable, on routes 503. Source: OpenShell DNS.
  ms resolve{2'000};
  // TCP connect over all addresses. At it: 502 or 503. Source: OpenShell 30 s.
  ms connect{30'000};
  // Head of an answer of a route, and the whole of a buffered one. At it: 503 / 502. Source: 60 s.
  ms route_timeout{60'000};
  // Silence between two pieces of a body. At it: cut, visibly. Source: OpenShell 120 s.
  ms chunk_idle{120'000};
  // A request's body on its way into memory for middleware, counted while it holds a permit.
  // At it: 408, close. Ours: the field system has none, and a slow client can keep all its permits.
  ms middleware_body{30'000};
  // All stages of one request's chain together. At it: the stage under way has failed.
  // Source: OpenShell core/middleware.rs.
  ms middleware_chain{30'000};
  // Silence of an opaque tunnel, both ways. At it: close. Ours.
  ms tunnel_idle{600'000};
  // Bound of SIGTERM's drain. At it: what is open is reset. Ours.
  ms drain{1'000};

  // --- counts ---------------------------------------------------------------------------------
  // Client connections at once. Over it: accepted late (the backlog holds them). Ours.
  std::uint64_t connections_max = 4096;
  // Leaves kept. Over it: the least recently used goes. Source: OpenShell 256.
  std::uint64_t leaf_cache_max = 256;
  // Addresses of one name that are judged. Over it: refused. Source: OpenShell DNS 16.
  std::uint64_t addresses_max = 16;

  // All times multiplied by `factor` (at least 1): one factor for a slow machine.
  [[nodiscard]] Limits scaled(double factor) const;
};

// How the config names the members of Limits; exactly one of the two pointers is set.
struct LimitField {
  std::string_view name;
  std::uint64_t Limits::*count = nullptr;
  std::chrono::milliseconds Limits::*time = nullptr;
};

// All fields, in the order of the struct.
[[nodiscard]] const std::array<LimitField, 23>& limit_fields();

}  // namespace sallyport::base
