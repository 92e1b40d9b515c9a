#include "reference/adapters/protocol.h"

#include <algorithm>
#include <array>

namespace sallyport::adapters {
namespace {

constexpr std::array<std::string_view, 9> kMethods{
    "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "PATCH ", "OPTIONS ", "CONNECT ", "TRACE "};
constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kH2BytesEnough = 8;

enum class Fit { no, prefix, whole };

// Whether `bytes` begin with `word`, or are the beginning of it.
Fit fits(std::string_view bytes, std::string_view word) {
  const std::size_t common = std::min(bytes.size(), word.size());
  if (bytes.substr(0, common) != word.substr(0, common)) return Fit::no;
  return bytes.size() >= word.size() ? Fit::whole : Fit::prefix;
}

// A handshake record, version 3.0 to 3.4.
Fit fits_tls(std::string_view bytes) {
  constexpr std::string_view kRecord("\x16\x03", 2);
  const Fit start = fits(bytes, kRecord);
  if (start != Fit::whole) return start;
  if (bytes.size() < 3) return Fit::prefix;
  return static_cast<unsigned char>(bytes[2]) <= 4 ? Fit::whole : Fit::no;
}

}  // namespace

Protocol classify(std::span<const std::byte> first_bytes) {
  if (first_bytes.empty()) return Protocol::undecided;
  const std::string_view bytes(reinterpret_cast<const char*>(first_bytes.data()),
                               first_bytes.size());
  bool prefix = false;
  const auto matches = [&prefix](Fit fit) {
    prefix = prefix || fit == Fit::prefix;
    return fit == Fit::whole;
  };
  if (matches(fits_tls(bytes))) return Protocol::tls;
  for (const std::string_view method : kMethods) {
    if (matches(fits(bytes, method))) return Protocol::http1;
  }
  if (matches(fits(bytes, kH2Preface.substr(0, kH2BytesEnough)))) return Protocol::h2c;
  return prefix ? Protocol::undecided : Protocol::opaque;
}

std::string_view protocol_name(Protocol protocol) {
  switch (protocol) {
    case Protocol::tls:
      return "tls";
    case Protocol::http1:
      return "http/1";
    case Protocol::h2c:
      return "h2c";
    case Protocol::undecided:
    case Protocol::opaque:
      break;
  }
  return "opaque";
}

}  // namespace sallyport::adapters
