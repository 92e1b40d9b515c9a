#include "simulator/agents/request_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulator/wire/http_reader.h"
#include "simulator/wire/websocket.h"

namespace sallyport::sim::agents {
namespace {

constexpr std::size_t kChunk = 16U << 10U;

std::string chunked(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, kChunk);
    out += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    body.remove_prefix(piece.size());
  }
  return out + "0\r\n\r\n";
}

}  // namespace

std::string grow(std::string_view nonce, std::uint64_t size) {
  const std::string_view seed = nonce.empty() ? std::string_view("x") : nonce;
  std::string out;
  out.reserve(size);
  while (out.size() < size) {
    out.append(seed.substr(0, std::min<std::uint64_t>(seed.size(), size - out.size())));
  }
  return out;
}

RequestText request_text(const RequestSpec& spec, const Url& url, bool absolute,
                         std::string_view nonce) {
  RequestText made;
  const bool has_body = spec.body || spec.json || spec.size;
  if (spec.body) made.body = *spec.body;
  if (spec.json) made.body = *spec.json;
  if (spec.size) made.body = grow(nonce, *spec.size);
  made.method = !spec.method.empty() ? spec.method : (has_body ? "POST" : "GET");

  made.head = fmt::format("{} {} HTTP/1.1\r\n", made.method, absolute ? url.text : url.target);
  const auto add = [&](std::string_view name, std::string_view value) {
    if (wire::find_header(spec.headers, name) == nullptr) {
      made.head += fmt::format("{}: {}\r\n", name, value);
    }
  };
  add("Host", url.host_line());
  add("User-Agent", fmt::format("sallyport {}", nonce));
  add("Accept", "*/*");
  if (has_body) {
    const std::string_view type = spec.json ? "application/json" : "text/plain";
    add("Content-Type", spec.size ? std::string_view("application/octet-stream") : type);
    const bool framed = wire::find_header(spec.headers, "transfer-encoding") != nullptr;
    if (spec.chunked) {
      add("Transfer-Encoding", "chunked");
    } else if (!framed) {
      add("Content-Length", std::to_string(made.body.size()));
    }
    if (spec.expect_continue) add("Expect", "100-continue");
    if (spec.chunked) made.body = chunked(made.body);
  }
  for (const auto& [name, value] : spec.headers) {
    made.head += fmt::format("{}: {}\r\n", name, value);
  }
  made.head += "\r\n";
  return made;
}

std::string upgrade_text(const WebSocketSpec& spec, const Url& url, bool absolute,
                         std::string_view nonce, std::string_view key) {
  std::string head = fmt::format("GET {} HTTP/1.1\r\n", absolute ? url.text : url.target);
  const auto add = [&](std::string_view name, std::string_view value) {
    if (wire::find_header(spec.headers, name) == nullptr) {
      head += fmt::format("{}: {}\r\n", name, value);
    }
  };
  add("Host", url.host_line());
  add("User-Agent", fmt::format("sallyport {}", nonce));
  add("Upgrade", "websocket");
  add("Connection", "Upgrade");
  add("Sec-WebSocket-Key", key);
  add("Sec-WebSocket-Version", "13");
  if (!spec.subprotocols.empty()) {
    add("Sec-WebSocket-Protocol", fmt::format("{}", fmt::join(spec.subprotocols, ", ")));
  }
  if (spec.deflate) add("Sec-WebSocket-Extensions", wire::kDeflateExtension);
  for (const auto& [name, value] : spec.headers) head += fmt::format("{}: {}\r\n", name, value);
  return head + "\r\n";
}

std::string connect_text(const Url& url, std::string_view nonce) {
  return fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\nUser-Agent: sallyport {1}\r\n\r\n",
                     url.authority(), nonce);
}

}  // namespace sallyport::sim::agents
