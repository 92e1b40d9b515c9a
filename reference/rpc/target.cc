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

using Bio = std::unique_ptr<BIO, decltype(&::BIO_free)>;

// One block of a PEM text, whatever it holds.
class Block {
 public:
  Block() = default;
  ~Block() { clear(); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  [[nodiscard]] bool read(BIO& from) {
    clear();
    return ::PEM_read_bio(&from, &name_, &header_, &data_, &size_) == 1;
  }
  // False when it isn't one.
  [[nodiscard]] bool write_certificate(BIO& to) const {
    if (std::string_view(name_) != PEM_STRING_X509) return false;
    const unsigned char* at = data_;
    const std::unique_ptr<X509, decltype(&::X509_free)> certificate(::d2i_X509(nullptr, &at, size_),
                                                                    &::X509_free);
    ::ERR_clear_error();
    return certificate != nullptr && at == data_ + size_ &&
           ::PEM_write_bio_X509(&to, certificate.get()) == 1;
  }

 private:
  void clear() {
    ::OPENSSL_free(name_);
    ::OPENSSL_free(header_);
    ::OPENSSL_clear_free(data_, static_cast<std::size_t>(size_));  // it may be a key
    name_ = header_ = nullptr;
    data_ = nullptr;
    size_ = 0;
  }
  char* name_ = nullptr;
  char* header_ = nullptr;
  unsigned char* data_ = nullptr;
  long size_ = 0;
};

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

std::optional<std::string> certificates_of(std::string_view pem) {
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return std::nullopt;
  const Bio in(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &::BIO_free);
  const Bio out(::BIO_new(::BIO_s_mem()), &::BIO_free);
  Block block;
  while (block.read(*in)) {
    if (!block.write_certificate(*out)) return std::nullopt;
  }
  const bool at_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ::ERR_clear_error();
  char* text = nullptr;
  const long size = ::BIO_get_mem_data(out.get(), &text);
  if (!at_end || size <= 0) return std::nullopt;
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace sallyport::rpc
