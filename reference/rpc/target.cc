#include "reference/rpc/target.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>

#include "reference/net/address.h"
#include "reference/rpc/errors.h"

namespace sallyport::rpc {
namespace {

bool valid_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0 &&
         port <= std::numeric_limits<std::uint16_t>::max();
}

bool host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool valid_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    const std::string_view inner = host.substr(1, host.size() - 2);
    return !inner.empty() && inner.find_first_not_of("0123456789abcdefABCDEF:.") == inner.npos;
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), host_character);
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

base::Result<Target> parse_target(std::string_view endpoint) {
  Target target;
  std::string_view rest = endpoint;
  target.tls = take_prefix(rest, "https://");
  if (!target.tls && !take_prefix(rest, "http://")) return RpcErrc::bad_endpoint;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == rest.npos || !valid_host(rest.substr(0, colon)) ||
      !valid_port(rest.substr(colon + 1))) {
    return RpcErrc::bad_endpoint;
  }
  target.host_port = std::string(rest);
  return target;
}

bool is_exposed(const Target& target) {
  std::string_view host(target.host_port);
  host = host.substr(0, host.rfind(':'));
  if (target.tls || host == "localhost") return false;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = net::IpAddress::parse(host);
  return !address || !address->unmapped().is_loopback();
}

bool is_pem_of_certificates(std::string_view pem) {
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return false;
  const std::unique_ptr<BIO, decltype(&::BIO_free)> text(
      ::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &::BIO_free);
  std::size_t found = 0;
  while (X509* certificate = ::PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
    ::X509_free(certificate);
    ++found;
  }
  const bool at_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ::ERR_clear_error();
  return found > 0 && at_end;
}

}  // namespace sallyport::rpc
