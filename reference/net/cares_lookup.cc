#include "reference/net/cares_lookup.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstring>
#include <map>

#include "reference/net/event.h"

namespace sallyport::net {
namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

constexpr int kAddressesMax = 64;  // of one type; what the answer holds beyond is not looked at
constexpr int kInternet = 1;       // the DNS class IN
constexpr int kTypeA = 1;
constexpr int kTypeAaaa = 28;

// A server is given up after a third of its share of the bound at first, two thirds the second
// time, so that all servers were asked twice when the bound ends.
int first_timeout_ms(base::Duration bound, std::size_t servers) {
  const auto all = std::chrono::duration_cast<std::chrono::milliseconds>(bound).count();
  const auto share = all / static_cast<std::int64_t>(3 * servers);
  return static_cast<int>(std::clamp<std::int64_t>(share, 10, 60'000));
}

std::string servers_csv(const std::vector<Endpoint>& servers) {
  std::string csv;
  for (const Endpoint& server : servers) {
    if (!csv.empty()) csv += ',';
    csv += server.to_string();
  }
  return csv;
}

std::vector<IpAddress> parse_a(const unsigned char* answer, int length, int& status) {
  std::array<ares_addrttl, kAddressesMax> found{};
  int count = kAddressesMax;
  std::vector<IpAddress> result;
  status = ares_parse_a_reply(answer, length, nullptr, found.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
    result.push_back(IpAddress::v4(ntohl(found[static_cast<std::size_t>(i)].ipaddr.s_addr)));
  }
  return result;
}

std::vector<IpAddress> parse_aaaa(const unsigned char* answer, int length, int& status) {
  std::array<ares_addr6ttl, kAddressesMax> found{};
  int count = kAddressesMax;
  std::vector<IpAddress> result;
  status = ares_parse_aaaa_reply(answer, length, nullptr, found.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &found[static_cast<std::size_t>(i)].ip6addr, octets.size());
    result.push_back(IpAddress::v6(octets));
  }
  return result;
}

}  // namespace

// Shared with the handlers of its sockets.
struct CaresLookup::Channel : std::enable_shared_from_this<CaresLookup::Channel> {
  Channel(Executor loop, Deadlines& all, base::Duration bound)
      : executor(loop),
        deadlines(all),
        ends_at(all.now() + bound),
        deadline(all, [this] { tick(); }),
        changed(loop) {}
  ~Channel() { shut(); }

  // One of the two questions.
  struct Question {
    Channel* channel = nullptr;
    bool v6 = false;
    bool answered = false;
    int status = ARES_ENODATA;
    std::vector<IpAddress> addresses;
  };

  bool open(const std::vector<Endpoint>& servers, base::Duration bound) {
    // All that c-ares would look up in resolv.conf is set here, so that it reads no file.
    ares_options options{};
    in_addr placeholder{};
    placeholder.s_addr = htonl(INADDR_LOOPBACK);
    std::string lookups = "b";
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    options.timeout = first_timeout_ms(bound, servers.size());
    options.tries = 2;
    options.ndots = 1;
    options.servers = &placeholder;
    options.nservers = 1;
    options.lookups = lookups.data();
    options.sock_state_cb = &Channel::on_socket;
    options.sock_state_cb_data = this;
    const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                     ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST |
                     ARES_OPT_NOROTATE | ARES_OPT_SOCK_STATE_CB;
    if (ares_init_options(&ares, &options, mask) != ARES_SUCCESS) return false;
    return ares_set_servers_ports_csv(ares, servers_csv(servers).c_str()) == ARES_SUCCESS;
  }

  void ask(const std::string& name) {
    a.channel = aaaa.channel = this;
    aaaa.v6 = true;
    ares_query(ares, name.c_str(), kInternet, kTypeA, &Channel::on_answer, &a);
    ares_query(ares, name.c_str(), kInternet, kTypeAaaa, &Channel::on_answer, &aaaa);
    watch_time();
  }

  static void on_answer(void* self, int status, int /*timeouts*/, unsigned char* answer,
                        int length) {
    auto& question = *static_cast<Question*>(self);
    if (status == ARES_SUCCESS) {
      question.addresses =
          question.v6 ? parse_aaaa(answer, length, status) : parse_a(answer, length, status);
    }
    question.status = status;
    question.answered = true;
    question.channel->changed.notify();
  }

  // c-ares opens, changes its interest in, and closes (neither) a socket.
  static void on_socket(void* self, ares_socket_t fd, int wants_read, int wants_write) {
    auto& channel = *static_cast<Channel*>(self);
    if (wants_read == 0 && wants_write == 0) {
      channel.forget(fd);
      return;
    }
    auto& socket = channel.sockets[fd];
    if (!socket) {
      socket = std::make_shared<Socket>(channel.executor);
      base::Error error;
      socket->descriptor.assign(fd, error);
      if (error) return;  // the query then ends by its time
    }
    socket->wants_read = wants_read != 0;
    socket->wants_write = wants_write != 0;
    channel.watch(fd, socket);
  }

  struct Socket {
    explicit Socket(Executor executor) : descriptor(executor) {}
    Descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool reading = false;  // a wait is pending
    bool writing = false;
  };

  void forget(ares_socket_t fd) {
    const auto found = sockets.find(fd);
    if (found == sockets.end()) return;
    if (found->second->descriptor.is_open()) found->second->descriptor.release();
    sockets.erase(found);
  }

  void watch(ares_socket_t fd, const std::shared_ptr<Socket>& socket) {
    if (socket->wants_read && !socket->reading) {
      socket->reading = true;
      socket->descriptor.async_wait(
          Descriptor::wait_read, [self = weak_from_this(), fd, socket](const base::Error& error) {
            socket->reading = false;
            const auto channel = self.lock();
            if (channel && !error) channel->process(fd, socket, fd, ARES_SOCKET_BAD);
          });
    }
    if (socket->wants_write && !socket->writing) {
      socket->writing = true;
      socket->descriptor.async_wait(
          Descriptor::wait_write, [self = weak_from_this(), fd, socket](const base::Error& error) {
            socket->writing = false;
            const auto channel = self.lock();
            if (channel && !error) channel->process(fd, socket, ARES_SOCKET_BAD, fd);
          });
    }
  }

  void process(ares_socket_t fd, const std::shared_ptr<Socket>& socket, ares_socket_t read,
               ares_socket_t write) {
    if (ares == nullptr || !socket->descriptor.is_open()) return;
    ares_process_fd(ares, read, write);
    if (socket->descriptor.is_open()) watch(fd, socket);
    watch_time();
  }

  void tick() {
    if (ares == nullptr) return;
    if (deadlines.now() >= ends_at) {
      late = true;
      changed.notify();
      return;
    }
    ares_process_fd(ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    watch_time();
  }

  // The next time at which c-ares, or we, give something up.
  void watch_time() {
    timeval most{3600, 0};
    timeval next{};
    const timeval* wait = ares_timeout(ares, &most, &next);
    // c-ares counts in milliseconds, and does nothing when it is asked a little early.
    const base::Duration span = std::chrono::seconds{wait->tv_sec} +
                                std::chrono::microseconds{wait->tv_usec} +
                                std::chrono::milliseconds{1};
    deadline.set(std::min(ends_at, deadlines.now() + span));
  }

  void shut() {
    if (ares == nullptr) return;
    ares_destroy(std::exchange(ares, nullptr));  // answers what is open, releases the sockets
    deadline.set(base::TimePoint::max());
  }

  Executor executor;
  Deadlines& deadlines;
  base::TimePoint ends_at;
  Deadline deadline;
  Event changed;
  std::map<ares_socket_t, std::shared_ptr<Socket>> sockets;
  ares_channel ares = nullptr;
  Question a;
  Question aaaa;
  bool late = false;
};

namespace {

// What to report when neither question brought an address.
ResolveErrc worse(int first, int second) {
  const auto is = [first, second](int status) { return first == status || second == status; };
  if (is(ARES_ENOTFOUND)) return ResolveErrc::not_found;  // the name isn't there, for any type
  if (is(ARES_EBADNAME)) return ResolveErrc::malformed;
  if (is(ARES_ETIMEOUT)) return ResolveErrc::timed_out;
  if (first == ARES_ENODATA && second == ARES_ENODATA) return ResolveErrc::not_found;
  return ResolveErrc::server_failed;
}

}  // namespace

CaresLookup::CaresLookup(Executor executor, Deadlines& deadlines, base::Duration bound)
    : channel_(std::make_shared<Channel>(executor, deadlines, bound)) {}

CaresLookup::~CaresLookup() { channel_->shut(); }

Task<base::Result<std::vector<IpAddress>>> CaresLookup::ask(const std::vector<Endpoint>& servers,
                                                            std::string name) {
  const std::shared_ptr<Channel> channel = channel_;
  const base::Duration bound = channel->ends_at - channel->deadlines.now();
  if (!channel->open(servers, bound)) co_return ResolveErrc::server_failed;
  channel->ask(name);
  while (!channel->late && !(channel->a.answered && channel->aaaa.answered)) {
    const bool woken = co_await channel->changed.wait();
    if (!woken) break;
  }
  std::vector<IpAddress> found = channel->a.addresses;
  found.insert(found.end(), channel->aaaa.addresses.begin(), channel->aaaa.addresses.end());
  if (!found.empty()) co_return found;
  const int first = channel->a.answered ? channel->a.status : int{ARES_ETIMEOUT};
  const int second = channel->aaaa.answered ? channel->aaaa.status : int{ARES_ETIMEOUT};
  co_return worse(first, second);
}

}  // namespace sallyport::net
