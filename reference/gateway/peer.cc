#include <fmt/format.h>

#include <algorithm>

#include "reference/gateway/server.h"

namespace sallyport::gateway {
namespace {

constexpr std::size_t kMessageBytesMax = 2048;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace

bool is_loopback_peer(std::string_view peer) {
  const std::size_t scheme = peer.find(':');
  if (scheme == std::string_view::npos) return false;
  std::string address(peer.substr(scheme + 1));
  address = replaced(replaced(std::move(address), "%5B", "["), "%5D", "]");
  const auto endpoint = net::Endpoint::parse(address);
  return endpoint && endpoint->address.unmapped().is_loopback();
}

std::string bounded_message(std::string text) {
  if (text.size() <= kMessageBytesMax) return text;
  const std::size_t whole = text.size();
  std::size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return fmt::format("{} ... ({} octets in all)", text, whole);
}

}  // namespace sallyport::gateway
