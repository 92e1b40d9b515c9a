// What WebSocket needs of other crafts: compression, UTF-8, and the handshake's hash.

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "simulator/wire/websocket.h"

namespace sallyport::sim::wire {
namespace {

constexpr int kRawWindow = -15;  // raw deflate, the largest window
constexpr std::string_view kFlushed("\x00\x00\xff\xff", 4);
constexpr std::size_t kPiece = 16U << 10U;

// zlib takes octets to read as not const.
Bytef* octets(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

std::string base64(const unsigned char* bytes, int size) {
  std::string out(static_cast<std::size_t>((size + 2) / 3 * 4) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, size);
  out.resize(static_cast<std::size_t>(length));
  return out;
}

struct Digest {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
};

Digest sha1(std::string_view text) {
  Digest digest;
  EVP_Digest(text.data(), text.size(), digest.bytes.data(), &digest.size, EVP_sha1(), nullptr);
  return digest;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

bool any_line_has(const HeaderList& headers, std::string_view name, std::string_view word) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& line) {
    return equal_names(line.first, name) && lower(line.second).find(word) != std::string::npos;
  });
}

}  // namespace

std::string deflate_message(std::string_view bytes) {
  z_stream stream{};
  std::string out;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawWindow, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return out;
  }
  stream.next_in = octets(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::array<Bytef, kPiece> piece;  // NOLINT: filled before it is read
  do {
    stream.next_out = piece.data();
    stream.avail_out = kPiece;
    deflate(&stream, Z_SYNC_FLUSH);
    out.append(reinterpret_cast<const char*>(piece.data()), kPiece - stream.avail_out);
  } while (stream.avail_out == 0);
  deflateEnd(&stream);
  if (out.ends_with(kFlushed)) out.resize(out.size() - kFlushed.size());
  return out;
}

std::optional<std::string> inflate_message(std::string_view bytes, std::uint64_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, kRawWindow) != Z_OK) return std::nullopt;
  const std::string whole = std::string(bytes) + std::string(kFlushed);
  stream.next_in = octets(whole);
  stream.avail_in = static_cast<uInt>(whole.size());
  std::string out;
  std::array<Bytef, kPiece> piece;  // NOLINT: filled before it is read
  int result = Z_OK;
  bool between = false;
  do {
    stream.next_out = piece.data();
    stream.avail_out = kPiece;
    result = inflate(&stream, Z_SYNC_FLUSH);
    out.append(reinterpret_cast<const char*>(piece.data()), kPiece - stream.avail_out);
    // 128: stopped between two blocks, where a flush leaves it; elsewhere something is missing. A
    // call that finds nothing to do forgets it.
    if (result == Z_OK) between = (static_cast<unsigned>(stream.data_type) & 128U) != 0;
  } while (result == Z_OK && stream.avail_out == 0 && out.size() <= bytes_max);
  const bool flushed = (result == Z_OK || result == Z_BUF_ERROR) && stream.avail_in == 0 && between;
  inflateEnd(&stream);
  if (!(flushed || result == Z_STREAM_END) || out.size() > bytes_max) return std::nullopt;
  return out;
}

bool is_utf8(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto lead = static_cast<std::uint8_t>(bytes[at++]);
    if (lead < 0x80) continue;
    const int more = lead >= 0xf0 ? 3 : (lead >= 0xe0 ? 2 : 1);
    if (lead < 0xc2 || lead > 0xf4) return false;
    std::uint32_t point = lead & (more == 3 ? 0x07U : (more == 2 ? 0x0fU : 0x1fU));
    for (int left = more; left > 0; --left) {
      if (at == bytes.size()) return false;
      const auto next = static_cast<std::uint8_t>(bytes[at++]);
      if ((next & 0xc0U) != 0x80U) return false;
      point = point << 6U | (next & 0x3fU);
    }
    const bool overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    if (overlong || surrogate || point > 0x10ffff) return false;
  }
  return true;
}

std::string websocket_key(std::string_view nonce) { return base64(sha1(nonce).bytes.data(), 16); }

std::string websocket_accept(std::string_view key) {
  // The constant that RFC 6455, section 1.3, names.
  const Digest digest = sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  return base64(digest.bytes.data(), static_cast<int>(digest.size));
}

bool asks_for_websocket(const HttpMessage& request) {
  return request.method == "GET" && any_line_has(request.headers, "upgrade", "websocket") &&
         any_line_has(request.headers, "connection", "upgrade") &&
         find_header(request.headers, "sec-websocket-key") != nullptr;
}

bool names_deflate(const HeaderList& headers) {
  return any_line_has(headers, "sec-websocket-extensions", "permessage-deflate");
}

}  // namespace sallyport::sim::wire
