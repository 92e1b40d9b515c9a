// Telling what a tunnel carries from its first bytes. Pure: the waiting for those bytes is
// sniff.h's. Follows OpenShell crates/openshell-supervisor-network/src/proxy.rs (tunnel payload
// dispatch) and l7/tls.rs (looks_like_tls).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sallyport::adapters {

enum class Protocol {
  undecided,  // every byte so far fits more than one of the others: more bytes are needed
  tls,        // a TLS record of a handshake, SSL 3.0 to TLS 1.3 on the record layer
  http1,      // one of the nine methods and a space
  h2c,        // HTTP/2 with prior knowledge: at least `PRI * HT`
  opaque,     // anything else
};

// How many bytes decide at most.
inline constexpr std::size_t kSniffBytesMax = 24;

// `undecided` for no bytes and for every true prefix of TLS, of a method or of the h2c preface.
[[nodiscard]] Protocol classify(std::span<const std::byte> first_bytes);

// For events and answers: `tls`, `http/1`, `h2c`, `opaque`.
[[nodiscard]] std::string_view protocol_name(Protocol protocol);

}  // namespace sallyport::adapters
