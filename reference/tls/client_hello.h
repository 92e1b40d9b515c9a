// Tells TLS from anything else by the first bytes of a connection. Pure.
#pragma once

#include <cstddef>
#include <span>

namespace sallyport::tls {

inline constexpr std::size_t kSniffBytes = 3;  // that decide

// A handshake record's start, `16 03 xx` with xx at most 04 (NVIDIA/OpenShell, l7/tls.rs). False
// when there are fewer than kSniffBytes.
[[nodiscard]] bool looks_like_tls(std::span<const std::byte> first);
// Whether more bytes could still make it TLS.
[[nodiscard]] bool may_become_tls(std::span<const std::byte> first);

}  // namespace sallyport::tls
