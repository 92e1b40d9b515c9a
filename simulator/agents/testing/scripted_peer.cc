#include "simulator/agents/testing/scripted_peer.h"

#include <array>
#include <boost/asio/post.hpp>
#include <utility>

#include "reference/base/check.h"
#include "reference/net/io.h"
#include "simulator/wire/http_reader.h"
#include "simulator/wire/websocket.h"

namespace sallyport::sim::agents::testing {
namespace {

base::UniqueFd loopback_socket() {
  auto fd = net::TcpListener::bind(*net::Endpoint::parse("127.0.0.1:0"));
  CHECK(fd.has_value());
  return std::move(*fd);
}

std::string switching(const std::string& head, const Act& act) {
  wire::HttpReader reader(wire::HttpReader::Kind::request);
  reader.feed(head);
  const std::string* const key = wire::find_header(reader.message().headers, "sec-websocket-key");
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         wire::websocket_accept(key == nullptr ? std::string() : *key) + "\r\n" + act.extra +
         "\r\n" + act.bytes;
}

}  // namespace

ScriptedPeer::ScriptedPeer(ClientBench& bench, std::vector<Act> acts)
    : bench_(bench),
      acts_(std::move(acts)),
      listener_(bench.loop.executor(), bench.loop.deadlines, loopback_socket()),
      tasks_(bench.loop.executor(), bench.log) {
  tasks_.spawn(accept_all());
}

ScriptedPeer::~ScriptedPeer() {
  net::asio::post(bench_.loop.executor(), [this] { tasks_.force(); });
  bench_.loop.poll();
}

std::string ScriptedPeer::url(const std::string& scheme) const {
  return scheme + "://" + endpoint().to_string() + "/path";
}

void ScriptedPeer::settle() {
  bench_.loop.poll();
  while (open_ > 0) bench_.loop.poll();
}

net::Task<void> ScriptedPeer::accept_all() {
  while (true) {
    auto accepted = co_await listener_.accept();
    if (!accepted) co_return;
    ++open_;
    tasks_.spawn(play(std::move(*accepted)));
  }
}

net::Task<bool> ScriptedPeer::await(net::TcpStream& client, std::string text, std::size_t& from) {
  std::array<std::byte, 65536> piece;  // NOLINT: filled before it is read
  while (true) {
    const auto at = text.empty() ? std::string::npos : received_.find(text, from);
    if (at != std::string::npos) {
      from = at + text.size();
      co_return true;
    }
    const auto got = co_await net::read_some(client, piece);
    if (!got || *got == 0) co_return false;
    received_.append(reinterpret_cast<const char*>(piece.data()), *got);
    reads_.push_back(*got);
  }
}

net::Task<void> ScriptedPeer::play(std::unique_ptr<net::TcpStream> client) {
  std::size_t from = received_.size();
  for (const Act& act : acts_) {
    switch (act.kind) {
      case Act::Kind::send:
        (void)co_await net::write_all(*client, act.bytes);
        break;
      case Act::Kind::expect:
        (void)co_await await(*client, act.bytes, from);
        break;
      case Act::Kind::upgrade: {
        const std::size_t begin = from;
        (void)co_await await(*client, "\r\n\r\n", from);
        const std::string answer = switching(received_.substr(begin, from - begin), act);
        (void)co_await net::write_all(*client, answer);
        break;
      }
      case Act::Kind::fin:
        client->shutdown_write();
        break;
      case Act::Kind::reset:
        client->abort();
        break;
      case Act::Kind::hold:
        (void)co_await await(*client, std::string(), from);
        break;
    }
  }
  --open_;
}

}  // namespace sallyport::sim::agents::testing
