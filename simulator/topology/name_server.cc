#include "simulator/topology/name_server.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/net/deadlines.h"
#include "reference/net/io.h"
#include "reference/net/listener.h"
#include "reference/net/tcp.h"
#include "simulator/journal/journal.h"
#include "simulator/topology/dns_codec.h"
#include "simulator/topology/dns_zone.h"
#include "simulator/topology/hosts.h"

namespace sallyport::sim::topology {
namespace {

using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

const net::Endpoint kAt{net::IpAddress::v4(127U << 24 | 53), 53};
// Of one TCP connection, from accept to its end.
constexpr std::chrono::seconds kConnectionBound{10};
// Answers of one turn of the loop.
constexpr int kDatagramsPerTurn = 64;

// Streams at a time: who asks for more has lost his way.
constexpr std::size_t kStreamsMax = 1024;

}  // namespace

class NameServer::Impl : public std::enable_shared_from_this<NameServer::Impl> {
 public:
  Impl(net::Executor on, net::Deadlines& deadlines_, journal::Journal& journal, Zone zone_)
      : executor(on), deadlines(deadlines_), journal_(journal), zone(std::move(zone_)) {}

  struct Udp {
    Udp(net::Executor on, int fd, std::string host_) : socket(on, fd), host(std::move(host_)) {}
    Descriptor socket;
    std::string host;
  };
  struct Tcp {
    Tcp(net::Executor on, net::Deadlines& deadlines, base::UniqueFd fd, std::string host_)
        : listener(on, deadlines, std::move(fd)), host(std::move(host_)) {}
    net::TcpListener listener;
    std::string host;
  };

  // The answer to one query's bytes; nothing when there is none to give.
  std::optional<std::vector<std::byte>> answer(std::span<const std::byte> bytes,
                                               const std::string& host, bool over_tcp) {
    const auto query = dns::parse_query(bytes);
    if (!query) return refuse(bytes, host, over_tcp);
    const Fault* const fault = fault_for(query->name);
    DnsSaid said = fault == nullptr
                       ? zone.ask(query->name, query->type, over_tcp)
                       : zone.ask_under(fault->fault.kind, query->name, query->type, over_tcp);
    const std::size_t room = over_tcp ? dns::kMessageBytesMax : query->udp_bytes_max;
    auto reply = dns::write_answer(*query, said.rcode, said.addresses, room);
    if (dns::is_truncated(reply)) said.addresses.clear();
    if (said.truncated) dns::set_truncated(reply);
    if (said.wrong_id) dns::change_id(reply);
    const Hit hit{host, record(*query, said, host, over_tcp), deadlines.now()};
    const bool untouched =
        fault != nullptr && over_tcp && fault->fault.kind == DnsFault::Kind::truncated;
    if (fault != nullptr && !untouched && fault->on_hit) {
      // It may lift this very fault.
      const OnHit told = fault->on_hit;
      told(hit);
    }
    if (said.silent) return std::nullopt;
    return reply;
  }

  void answer_datagrams(Udp& udp) {
    std::array<std::byte, 4096> buffer;
    for (int i = 0; i < kDatagramsPerTurn; ++i) {
      sockaddr_storage from{};
      socklen_t length = sizeof from;
      const int socket = udp.socket.native_handle();
      const ssize_t size = ::recvfrom(socket, buffer.data(), buffer.size(), MSG_DONTWAIT,
                                      reinterpret_cast<sockaddr*>(&from), &length);
      if (size < 0) return;
      const auto reply =
          answer(std::span(buffer).first(static_cast<std::size_t>(size)), udp.host, false);
      if (!reply) continue;
      // A client that is gone shows here as an error: it wants no answer any more.
      [[maybe_unused]] const ssize_t sent =
          ::sendto(socket, reply->data(), reply->size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&from), length);
    }
  }

  void stop() {
    stopped = true;
    boost::system::error_code ignored;
    for (auto& udp : udps) {
      if (udp.socket.is_open()) udp.socket.close(ignored);
    }
    for (auto& tcp : tcps) tcp.listener.close();
    for (auto& [number, stream] : streams) stream->abort();
  }

  net::Executor executor;
  net::Deadlines& deadlines;
  std::list<Udp> udps;
  std::list<Tcp> tcps;
  std::map<std::uint64_t, std::shared_ptr<net::TcpStream>> streams;
  std::uint64_t next_stream = 1;
  bool stopped = false;
  std::function<std::string(const std::string&, const std::string&)> step_of;

  struct Fault {
    std::string name;
    DnsFault fault;
    OnHit on_hit;
  };
  std::vector<Fault> faults;  // the latest last

 private:
  const Fault* fault_for(const std::string& name) const {
    const auto fits = [&name](const Fault& one) {
      return one.fault.name.empty() || one.fault.name == name;
    };
    const auto found = std::find_if(faults.rbegin(), faults.rend(), fits);
    return found == faults.rend() ? nullptr : &*found;
  }

  // What isn't a question that we answer.
  std::optional<std::vector<std::byte>> refuse(std::span<const std::byte> bytes,
                                               const std::string& host, bool over_tcp) {
    auto refusal = dns::write_refusal(bytes);
    if (!refusal) return std::nullopt;
    DnsSaid said;
    said.rcode = refusal->first;
    record({}, said, host, over_tcp, false);
    return std::move(refusal->second);
  }

  // The step that caused it.
  std::string record(const dns::Query& query, const DnsSaid& said, const std::string& host,
                     bool over_tcp, bool readable = true) {
    std::string answer;
    for (const auto& address : said.addresses) {
      if (!answer.empty()) answer.push_back(' ');
      answer += address.to_string();
    }
    journal::Event event;
    event.source = "dns";
    event.source_type = "dns";
    event.kind = "query";
    event.from = host;
    if (step_of) event.step = step_of(query.name, host);
    std::string step = event.step;
    event.fields["name"] = query.name;
    event.fields["type"] = readable ? dns::type_to_string(query.type) : std::string();
    event.fields["rcode"] = said.silent ? std::string() : dns::to_string(said.rcode);
    event.fields["answer"] = answer;
    event.fields["transport"] = std::string(over_tcp ? "tcp" : "udp");
    journal_.append(std::move(event));
    return step;
  }

  journal::Journal& journal_;

 public:
  DnsZone zone;
};

namespace {

using Shared = std::shared_ptr<NameServer::Impl>;

net::Task<void> serve_datagrams(Shared server, NameServer::Impl::Udp& udp) {
  while (!server->stopped) {
    auto [error] = co_await udp.socket.async_wait(Descriptor::wait_read, net::kAwait);
    if (error || server->stopped) co_return;
    server->answer_datagrams(udp);
  }
}

// All of `into`, or false.
net::Task<bool> read_exactly(net::ByteStream& stream, std::span<std::byte> into) {
  while (!into.empty()) {
    const auto size = co_await net::read_some(stream, into);
    if (!size || *size == 0) co_return false;
    into = into.subspan(*size);
  }
  co_return true;
}

net::Task<void> answer_stream(Shared server, net::TcpStream& stream, std::string host) {
  stream.set_deadline(server->deadlines.now() + kConnectionBound);
  for (;;) {
    std::array<std::byte, 2> prefix;
    if (!co_await read_exactly(stream, prefix)) co_return;
    const auto size =
        std::to_integer<std::size_t>(prefix[0]) << 8 | std::to_integer<std::size_t>(prefix[1]);
    std::vector<std::byte> query(size);
    if (!co_await read_exactly(stream, query)) co_return;
    const auto reply = server->answer(query, host, true);
    if (!reply) continue;
    std::string bytes;
    bytes.push_back(static_cast<char>(reply->size() >> 8 & 0xFF));
    bytes.push_back(static_cast<char>(reply->size() & 0xFF));
    bytes.append(reinterpret_cast<const char*>(reply->data()), reply->size());
    const auto written = co_await net::write_all(stream, bytes);
    if (!written) co_return;
  }
}

net::Task<void> serve_stream(Shared server, std::shared_ptr<net::TcpStream> stream,
                             std::string host) {
  const std::uint64_t number = server->next_stream++;
  server->streams[number] = stream;
  co_await answer_stream(server, *stream, host);
  stream->close();
  server->streams.erase(number);
}

net::Task<void> serve_connections(Shared server, NameServer::Impl::Tcp& tcp) {
  while (!server->stopped) {
    auto accepted = co_await tcp.listener.accept();
    if (!accepted || server->stopped) co_return;
    std::shared_ptr<net::TcpStream> stream = std::move(*accepted);
    if (server->streams.size() >= kStreamsMax) continue;
    auto serving = serve_stream(server, std::move(stream), tcp.host);
    net::asio::co_spawn(server->executor, std::move(serving), net::asio::detached);
  }
}

}  // namespace

NameServer::NameServer(net::Executor executor, net::Deadlines& deadlines, journal::Journal& journal,
                       Zone zone)
    : impl_(std::make_shared<Impl>(executor, deadlines, journal, std::move(zone))) {}

NameServer::~NameServer() { stop(); }

void NameServer::stop() { impl_->stop(); }

base::Result<void> NameServer::start(const Hosts& hosts) {
  std::set<std::string> served;  // namespaces, by their owner
  for (const auto& name : hosts.names()) {
    if (hosts.spec(name).resolver != "world" || !hosts.stands(name)) continue;
    if (!hosts.spec(hosts.owner(name)).loopback_up) continue;
    if (!served.insert(hosts.owner(name)).second) continue;
    auto udp = hosts.bind_udp(name, kAt);
    if (!udp) return udp.error();
    auto tcp = hosts.listen_tcp(name, kAt);
    if (!tcp) return tcp.error();
    impl_->udps.emplace_back(impl_->executor, udp->release(), name);
    impl_->tcps.emplace_back(impl_->executor, impl_->deadlines, std::move(*tcp), name);
    net::asio::co_spawn(impl_->executor, serve_datagrams(impl_, impl_->udps.back()),
                        net::asio::detached);
    net::asio::co_spawn(impl_->executor, serve_connections(impl_, impl_->tcps.back()),
                        net::asio::detached);
  }
  return {};
}

void NameServer::change(const Zone& merged, const std::vector<std::string>& removed) {
  impl_->zone.change(merged, removed);
}

void NameServer::begin_fault(const std::string& fault_name, DnsFault fault, OnHit on_hit) {
  for (const auto& one : impl_->faults) CHECK(one.name != fault_name);
  impl_->faults.push_back({fault_name, std::move(fault), std::move(on_hit)});
}

bool NameServer::lift_fault(const std::string& fault_name) {
  return std::erase_if(impl_->faults,
                       [&fault_name](const auto& one) { return one.name == fault_name; }) > 0;
}

void NameServer::set_step_of(
    std::function<std::string(const std::string& name, const std::string& host)> f) {
  impl_->step_of = std::move(f);
}

}  // namespace sallyport::sim::topology
