#include "simulator/providers/proxy.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "reference/net/both.h"
#include "reference/net/dialer.h"
#include "reference/net/io.h"
#include "simulator/providers/answer_head.h"

namespace sallyport::sim::providers {
namespace {

constexpr base::Duration kReach = std::chrono::seconds(5);
constexpr std::size_t kRelayed = 256U << 10U;  // octets of a client that wait for the origin

using Piece = std::array<std::byte, 16384>;

std::string_view text_of(const Piece& piece, std::size_t size) {
  return {reinterpret_cast<const char*>(piece.data()), size};
}

// What a hop says to the next, and no further.
bool for_one_hop(std::string_view name) {
  for (const std::string_view known :
       {"connection", "proxy-connection", "proxy-authorization", "keep-alive", "te",
        "transfer-encoding", "content-length", "host", "upgrade", "expect"}) {
    if (wire::equal_names(name, known)) return true;
  }
  return false;
}

std::string request_text(const wire::HttpMessage& message, std::string_view authority) {
  const std::string query = message.query();
  std::string out = fmt::format("{} {}{}{} HTTP/1.1\r\nHost: {}\r\n", message.method,
                                message.path(), query.empty() ? "" : "?", query, authority);
  for (const auto& [name, value] : message.headers) {
    if (!for_one_hop(name)) out += fmt::format("{}: {}\r\n", name, value);
  }
  if (message.framing != wire::HttpMessage::Framing::none) {
    out += fmt::format("Content-Length: {}\r\n", message.body.size());
  }
  const auto* const upgrade = wire::find_header(message.headers, "upgrade");
  if (upgrade != nullptr) {
    out += fmt::format("Connection: Upgrade\r\nUpgrade: {}\r\n", *upgrade);
  } else {
    out += "Connection: close\r\n";
  }
  return out + "\r\n" + message.body;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text, std::uint16_t default_port) {
  if (const auto user = text.rfind('@'); user != std::string_view::npos) return std::nullopt;
  Authority authority;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    authority.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    authority.host = text.substr(0, text.find(':'));
    rest = text.substr(authority.host.size());
  }
  constexpr std::size_t kNameMax = 253;
  if (authority.host.empty() || authority.host.size() > kNameMax) return std::nullopt;
  authority.port = default_port;
  if (!rest.empty()) {
    rest.remove_prefix(1);
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), authority.port);
    if (error != std::errc{} || end != rest.data() + rest.size()) return std::nullopt;
  }
  if (authority.port == 0) return std::nullopt;
  return authority;
}

net::Task<bool> Proxy::serve() {
  if (on_.request().message.method == "CONNECT") co_return co_await tunnel();
  co_return co_await forward();
}

net::Task<bool> Proxy::answer(int status, std::string_view why) {
  Answer said;
  said.status = status;
  said.body = std::string(why);
  const Plan how = plan_of(on_, said);
  const std::string text = head_of(on_, said, how) + how.body;
  on_.note_response(status);
  const bool sent = co_await client_.send(text);
  co_return sent && !how.close;
}

net::Task<bool> Proxy::reach(Authority authority) {
  const base::TimePoint deadline = on_.in(kReach);
  std::vector<net::IpAddress> addresses;
  if (const auto literal = net::IpAddress::parse(authority.host)) {
    addresses.push_back(*literal);
  } else if (on_.environment().resolve) {
    addresses = co_await on_.environment().resolve(authority.host, deadline);
  }
  if (addresses.empty()) {
    keep_ = co_await answer(502, "no address for that host\n");
    co_return false;
  }
  std::vector<net::Endpoint> endpoints;
  for (const net::IpAddress& address : addresses) endpoints.push_back({address, authority.port});
  const Environment& environment = on_.environment();
  net::TcpDialer dialer(environment.executor, environment.deadlines,
                        environment.sockets ? environment.sockets : net::make_stream_socket);
  auto dialled = co_await dialer.dial_tcp(std::move(endpoints), deadline);
  if (dialled) {
    origin_ = std::move(*dialled);
    co_return true;
  }
  const bool late = dialled.error() == boost::system::errc::timed_out;
  keep_ = co_await answer(late ? 504 : 502, "that host can't be reached\n");
  co_return false;
}

net::Task<bool> Proxy::tunnel() {
  const auto authority = parse_authority(on_.request().message.target, 0);
  if (!authority) co_return co_await answer(400, "CONNECT takes HOST:PORT\n");
  const bool reached = co_await reach(*authority);
  if (!reached) co_return keep_;
  on_.note_response(200);
  const bool sent = co_await client_.send("HTTP/1.1 200 Connection established\r\n\r\n");
  if (sent) co_await relay();
  co_return false;
}

net::Task<bool> Proxy::forward() {
  constexpr std::string_view kScheme = "http://";
  const wire::HttpMessage& message = on_.request().message;
  const std::string_view target = message.target;
  if (!target.starts_with(kScheme)) {
    co_return co_await answer(400, "a proxy takes CONNECT or http://HOST/PATH\n");
  }
  const std::string_view rest = target.substr(kScheme.size());
  const std::string_view host = rest.substr(0, rest.find_first_of("/?"));
  const auto authority = parse_authority(host, 80);
  if (!authority) co_return co_await answer(400, "that target has no HOST:PORT\n");
  if (message.body_size > message.body.size()) {
    co_return co_await answer(413, "that body is more than is kept\n");
  }
  const bool reached = co_await reach(*authority);
  if (!reached) co_return keep_;
  const std::string text = request_text(message, host);
  const auto wrote = co_await net::write_all(*origin_, text);
  if (!wrote) co_return co_await answer(502, "that host ended the connection\n");
  net::Task<void> watching = watch_client();
  net::Task<void> passing = pass_answer();
  co_await net::both(std::move(passing), std::move(watching));
  if (switched_) co_await relay();
  co_return keep_ && !switched_;
}

net::Task<void> Proxy::watch_client() {
  while (!client_.broken() && !origin_done_) co_await client_.changed();
  if (!origin_done_) origin_->abort();
}

net::Task<void> Proxy::pass_answer() {
  wire::HttpReader reader(wire::HttpReader::Kind::answer, on_.request().message.method);
  Piece piece;  // NOLINT: filled before it is read
  bool goes_on = true;
  while (goes_on && !reader.done()) {
    const auto got = co_await net::read_some(*origin_, piece);
    if (!got || *got == 0) break;
    const std::string_view octets = text_of(piece, *got);
    reader.feed(octets);
    if (reader.head_done()) on_.note_response(reader.message().status);
    goes_on = co_await client_.send(octets);
  }
  if (!reader.done()) reader.finish();
  if (!on_.response_noted() && !client_.broken()) {
    keep_ = co_await answer(502, "that host gave no answer\n");
  } else {
    switched_ = goes_on && reader.message().status == 101;
    keep_ = goes_on && on_.request().keeps_alive && reader.keeps_alive() &&
            reader.state() == wire::HttpReader::State::complete &&
            reader.message().framing != wire::HttpMessage::Framing::until_close;
  }
  origin_done_ = true;  // for the watch; where it switched, the relay begins anew
  client_.wake();
}

net::Task<void> Proxy::relay() {
  client_.set_inbox_max(kRelayed);
  origin_done_ = false;
  net::Task<void> up = to_origin();
  net::Task<void> down = to_client();
  co_await net::both(std::move(up), std::move(down));
}

net::Task<void> Proxy::to_origin() {
  bool ended = false;
  while (!client_.broken() && !(ended && origin_done_)) {
    if (client_.inbox().empty()) {
      if (client_.peer_ended() && !ended) {
        ended = true;
        origin_->shutdown_write();
        continue;
      }
      co_await client_.changed();
      continue;
    }
    const std::string octets = client_.take_inbox();
    const auto wrote = co_await net::write_all(*origin_, octets);
    if (wrote.has_error()) {
      client_.reset();
      co_return;
    }
  }
  if (client_.broken()) origin_->abort();
}

net::Task<void> Proxy::to_client() {
  Piece piece;  // NOLINT: filled before it is read
  while (true) {
    const auto got = co_await net::read_some(*origin_, piece);
    if (!got) {
      if (!client_.broken()) client_.reset();
      co_return;
    }
    if (*got == 0) break;
    const bool sent = co_await client_.send(text_of(piece, *got));
    if (!sent) {
      origin_->abort();
      co_return;
    }
  }
  origin_done_ = true;
  client_.half_close();
  client_.wake();
}

}  // namespace sallyport::sim::providers
