#include "simulator/topology/dns_client.h"

#include <sys/socket.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

#include "reference/net/deadlines.h"
#include "reference/net/dialer.h"
#include "reference/net/io.h"
#include "reference/net/socket_address.h"
#include "simulator/topology/dns_codec.h"
#include "simulator/topology/hosts.h"

namespace sallyport::sim::topology {
namespace {

using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

// Silence after which a query is sent again.
constexpr std::chrono::seconds kAgainAfter{1};
constexpr std::uint16_t kPort = 53;

// One question to one server.
struct Question {
  const Hosts& hosts;
  net::Executor executor;
  net::Deadlines& deadlines;
  std::string host;
  net::Endpoint server;
  std::uint16_t id;
  std::uint16_t type;
  std::string name;
  std::vector<std::byte> bytes;
  base::TimePoint until;
};

// How a question ended without an answer that can be used.
struct Said {
  std::optional<dns::Answer> answer;
  bool expired = false;
};

bool answers(const std::optional<dns::Answer>& answer, const Question& question) {
  return answer && answer->id == question.id && answer->type == question.type &&
         answer->name == question.name;
}

// Reads what has come; the first that answers the question, or whether the socket is dead.
std::optional<dns::Answer> take_answer(int socket, const Question& question, bool& dead) {
  std::array<std::byte, 4096> buffer;
  for (;;) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) {
      dead = errno != EAGAIN && errno != EINTR;
      return std::nullopt;
    }
    auto answer = dns::parse_answer(std::span(buffer).first(static_cast<std::size_t>(size)));
    if (answers(answer, question)) return answer;
  }
}

net::Task<Said> ask_udp(const Question& question) {
  Said said;
  auto socket = question.hosts.socket(question.host, AF_INET, SOCK_DGRAM);
  if (!socket) co_return said;
  const auto to = net::to_socket_address(question.server);
  if (::connect(socket->get(), to.get(), to.length) != 0) co_return said;
  Descriptor descriptor(question.executor, socket->release());
  net::Deadline bound(question.deadlines, [&descriptor] {
    boost::system::error_code ignored;
    descriptor.cancel(ignored);
  });
  while (question.deadlines.now() < question.until) {
    const ssize_t sent = ::send(descriptor.native_handle(), question.bytes.data(),
                                question.bytes.size(), MSG_NOSIGNAL);
    // Refused or without a route: nobody will answer.
    if (sent < 0) co_return said;
    const auto again =
        std::min<base::TimePoint>(question.deadlines.now() + kAgainAfter, question.until);
    bound.set(again);
    while (question.deadlines.now() < again) {
      auto [error] = co_await descriptor.async_wait(Descriptor::wait_read, net::kAwait);
      if (error) break;
      bool dead = false;
      said.answer = take_answer(descriptor.native_handle(), question, dead);
      if (said.answer || dead) co_return said;
    }
  }
  said.expired = true;
  co_return said;
}

// One message with its length before it; nothing when the stream has ended, or the time.
net::Task<std::optional<std::vector<std::byte>>> read_message(net::ByteStream& stream) {
  std::vector<std::byte> message(2);
  bool sized = false;
  for (std::size_t size = 0; size < message.size();) {
    const auto room = std::span(message).subspan(size);
    const auto got = co_await net::read_some(stream, room);
    if (!got || *got == 0) co_return std::nullopt;
    size += *got;
    if (sized || size < 2) continue;
    sized = true;
    size = 0;
    message.resize(std::to_integer<std::size_t>(message[0]) << 8 |
                   std::to_integer<std::size_t>(message[1]));
  }
  co_return message;
}

net::Task<Said> ask_tcp(const Question& question) {
  Said said;
  auto socket = question.hosts.socket(question.host, AF_INET, SOCK_STREAM);
  if (!socket) co_return said;
  auto connected = co_await net::connect_fd(question.executor, question.deadlines,
                                            std::move(*socket), question.server, question.until);
  said.expired = !connected && question.deadlines.now() >= question.until;
  if (!connected) co_return said;
  auto& stream = **connected;
  stream.set_deadline(question.until);
  std::string request;
  request.push_back(static_cast<char>(question.bytes.size() >> 8 & 0xFF));
  request.push_back(static_cast<char>(question.bytes.size() & 0xFF));
  request.append(reinterpret_cast<const char*>(question.bytes.data()), question.bytes.size());
  const auto written = co_await net::write_all(stream, request);
  if (!written) co_return said;
  // What answers another question is read past, as over UDP.
  while (!said.answer) {
    const auto message = co_await read_message(stream);
    if (!message) break;
    auto answer = dns::parse_answer(*message);
    if (answers(answer, question)) said.answer = std::move(answer);
  }
  said.expired = !said.answer && question.deadlines.now() >= question.until;
  co_return said;
}

net::Task<Said> ask(const Question& question) {
  Said said = co_await ask_udp(question);
  if (!said.answer || !said.answer->truncated) co_return said;
  co_return co_await ask_tcp(question);
}

std::optional<net::Endpoint> server_of(const HostSpec& host) {
  if (host.resolver == "none" || host.resolver.empty()) return std::nullopt;
  const auto address =
      net::IpAddress::parse(host.resolver == "world" ? "127.0.0.53" : host.resolver);
  if (!address) return std::nullopt;
  return net::Endpoint{*address, kPort};
}

std::string lower(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

// What needs no question: a literal, the hosts file, localhost.
bool known(const HostSpec& host, const std::string& name, Lookup& found) {
  if (const auto literal = net::IpAddress::parse(name)) {
    found.addresses.push_back(*literal);
    return true;
  }
  for (const auto& [alias, address] : host.hosts_file) {
    if (lower(alias) == name) found.addresses.push_back(address);
  }
  if (found.addresses.empty() && name == "localhost") {
    found.addresses.push_back(net::IpAddress::v4(127U << 24 | 1));
    if (host.ipv6 != Ipv6::disabled) found.addresses.push_back(*net::IpAddress::parse("::1"));
  }
  found.from_hosts_file = !found.addresses.empty();
  return found.from_hosts_file;
}

}  // namespace

net::Task<Lookup> lookup(const Hosts& hosts, net::Executor executor, net::Deadlines& deadlines,
                         std::string host, std::string name, base::TimePoint deadline) {
  Lookup found;
  name = lower(std::move(name));
  if (known(hosts.spec(host), name, found)) co_return found;
  const auto server = server_of(hosts.spec(host));
  if (!server) co_return found;
  std::uint16_t id = 1;
  for (const std::uint16_t type : std::array{dns::kA, dns::kAaaa}) {
    auto bytes = dns::write_query(id, name, type);
    if (!bytes) co_return found;
    const Question question{hosts, executor, deadlines,         host,    *server, id++,
                            type,  name,     std::move(*bytes), deadline};
    const Said said = co_await ask(question);
    found.expired = found.expired || said.expired;
    // Who didn't answer for one type won't for the other: a stub resolver gives up here too.
    if (!said.answer) co_return found;
    const auto rcode = dns::to_string(said.answer->rcode);
    if (found.rcode.empty() || !said.answer->addresses.empty()) found.rcode = rcode;
    const auto& addresses = said.answer->addresses;
    found.addresses.insert(found.addresses.end(), addresses.begin(), addresses.end());
    if (said.answer->rcode == dns::Rcode::nxdomain) co_return found;
  }
  co_return found;
}

}  // namespace sallyport::sim::topology
