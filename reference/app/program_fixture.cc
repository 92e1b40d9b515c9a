#include "reference/app/program_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sallyport::app {
namespace {

// Where the child finds its two descriptors; high, so that none of ours has the number.
constexpr int kReadyFd = 200;
constexpr int kAuditFd = 201;

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

Pipe make_pipe() {
  int fds[2] = {-1, -1};
  EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  return {base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool readable(int fd, int ms) {
  pollfd wanted{fd, POLLIN, 0};
  return ::poll(&wanted, 1, ms) == 1;
}

// A socket that blocks, but never for longer than the test is patient.
base::UniqueFd bounded(int fd) {
  const timeval patience{kPatienceMs / 1000, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return base::UniqueFd(fd);
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::string json_answer(std::string_view body, std::string_view fields) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}", fields,
      body.size(), body);
}

std::string chat(std::string_view model) {
  const std::string body = fmt::format(R"({{"model":"{}","messages":[]}})", model);
  return fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: inference.local\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
}

ssize_t Source::receive(char* into, std::size_t size) { return ::read(fd_.get(), into, size); }

bool Source::more() {
  // A whole TLS record, so that none is left where poll() can't see it.
  std::array<char, 16 * 1024> octets;
  const ssize_t got = receive(octets.data(), octets.size());
  if (got < 0) reset_ = errno == ECONNRESET;
  if (got <= 0) return false;
  pending_.append(octets.data(), static_cast<std::size_t>(got));
  return true;
}

std::string Source::read_until(std::string_view end) {
  std::size_t at = pending_.find(end);
  while (at == std::string::npos && speaks_within(kPatienceMs) && more()) at = pending_.find(end);
  const std::size_t size = at == std::string::npos ? pending_.size() : at + end.size();
  std::string text = pending_.substr(0, size);
  pending_.erase(0, size);
  return text;
}

std::string Source::read_to_end() {
  bool goes_on = true;
  while (goes_on && !reset_) {
    EXPECT_TRUE(speaks_within(kPatienceMs)) << "the connection goes on";
    goes_on = speaks_within(0) && more();
  }
  std::string text = std::exchange(pending_, {});
  return reset_ ? text + "<reset>" : text;
}

std::string Source::read_message() {
  constexpr std::string_view kLength = "Content-Length: ";
  std::string message = read_until("\r\n\r\n");
  const std::size_t field = message.find(kLength);
  if (field == std::string::npos) return message;
  const std::size_t length = std::stoul(message.substr(field + kLength.size()));
  while (pending_.size() < length && speaks_within(kPatienceMs) && more()) continue;
  message += pending_.substr(0, length);
  pending_.erase(0, length);
  return message;
}

bool Source::speaks_within(int ms) const { return !pending_.empty() || readable(fd_.get(), ms); }

Connection Connection::to(std::uint16_t port) {
  base::UniqueFd fd = bounded(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(::connect(fd.get(), generic, sizeof address), 0) << port;
  return Connection(std::move(fd));
}

void Connection::send(std::string_view text) {
  const ssize_t sent = ::send(fd(), text.data(), text.size(), MSG_NOSIGNAL);
  EXPECT_EQ(sent, static_cast<ssize_t>(text.size()));
}

TlsConnection::TlsConnection(Connection tunnel, const std::string& ca_file, const std::string& host)
    : Connection(std::move(tunnel)),
      context_(::SSL_CTX_new(TLS_client_method()), &::SSL_CTX_free),
      ssl_(nullptr, &::SSL_free) {
  EXPECT_EQ(::SSL_CTX_load_verify_locations(context_.get(), ca_file.c_str(), nullptr), 1);
  ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  ssl_.reset(::SSL_new(context_.get()));
  ::SSL_set_fd(ssl_.get(), fd());
  ::SSL_set1_host(ssl_.get(), host.c_str());
  ::SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
  EXPECT_EQ(::SSL_connect(ssl_.get()), 1);
}

void TlsConnection::send(std::string_view text) {
  EXPECT_EQ(::SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
            static_cast<int>(text.size()));
}

ssize_t TlsConnection::receive(char* into, std::size_t size) {
  errno = 0;
  return ::SSL_read(ssl_.get(), into, static_cast<int>(size));
}

Upstream::Upstream() : fd_(bounded(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(fd_.get(), generic, size), 0);
  EXPECT_EQ(::listen(fd_.get(), 8), 0);
  EXPECT_EQ(::getsockname(fd_.get(), generic, &size), 0);
  port_ = ntohs(address.sin_port);
}

Connection Upstream::accept() {
  const int fd = ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC);
  EXPECT_GE(fd, 0) << "nobody called";
  return Connection(bounded(fd));
}

bool Upstream::called() const { return readable(fd_.get(), 0); }

void SupervisorProgram::SetUp() {
  std::string pattern = testing::TempDir() + "supervisor.XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  folder_ = pattern;
  ::signal(SIGPIPE, SIG_IGN);
  allow("listed.test");
}

void SupervisorProgram::TearDown() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait();
  }
  if (HasFailure()) fmt::print(stderr, "the program said:\n{}", said());
  std::filesystem::remove_all(folder_);
}

std::string SupervisorProgram::write(const std::string& name, const std::string& text) {
  std::ofstream(path(name)) << text;
  return path(name);
}

void SupervisorProgram::allow(const std::string& host) {
  write("policy.yaml", fmt::format("version: 1\nnetwork_policies:\n  web:\n    endpoints:\n"
                                   "      - {{host: {}, port: 443}}\n"
                                   "    binaries: [{{path: '/**'}}]\n",
                                   host));
}

void SupervisorProgram::launch(const std::string& more, const std::vector<std::string>& flags) {
  const bool controlled = more.find("gateway:") != std::string::npos;
  std::string text = (controlled ? "" : "policy: policy.yaml\n") + more;
  if (more.find("listen:") == std::string::npos) text += "listen: 127.0.0.1:0\n";
  if (more.find("ca_output:") == std::string::npos) text += "ca_output: tls\n";
  const std::string config = write("supervisor.yaml", text);
  std::vector<std::string> words{SALLYPORT_SUPERVISOR, "serve",
                                 "--config",           config,
                                 "--ready-fd",         std::to_string(kReadyFd),
                                 "--audit-fd",         std::to_string(kAuditFd)};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  Pipe ready = make_pipe();
  Pipe audit = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ready.write.get(), kReadyFd);
  posix_spawn_file_actions_adddup2(&actions, audit.write.get(), kAuditFd);
  posix_spawn_file_actions_addopen(&actions, 1, path("said").c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                   0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  EXPECT_EQ(::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  ready_ = Source(std::move(ready.read));
  audit_ = Source(std::move(audit.read));
}

void SupervisorProgram::start(const std::string& more) {
  launch(more);
  ready_line_ = ready_.read_line();
  const std::size_t colon = ready_line_.find(":", ready_line_.find("127.0.0.1"));
  ASSERT_NE(colon, std::string::npos) << ready_line_;
  port_ = static_cast<std::uint16_t>(std::stoi(ready_line_.substr(colon + 1)));
}

void SupervisorProgram::start_with_route(const Upstream& upstream, const std::string& more) {
  write("routes.yaml", fmt::format("routes:\n"
                                   "  - name: local\n"
                                   "    endpoint: http://127.0.0.1:{}/v1\n"
                                   "    model: forced\n"
                                   "    provider_type: openai\n"
                                   "    protocols: [openai_chat_completions, model_discovery]\n"
                                   "    api_key: the-key\n",
                                   upstream.port()));
  start("routes: routes.yaml\n" + more);
}

void SupervisorProgram::signal(int number) const { ASSERT_EQ(::kill(pid_, number), 0); }

int SupervisorProgram::wait() {
  const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!readable(process.get(), kPatienceMs)) {
    ADD_FAILURE() << "it doesn't end";
    ::kill(pid_, SIGKILL);
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string SupervisorProgram::said() const { return read_file(path("said")); }

std::string SupervisorProgram::event(const std::vector<std::string>& texts) {
  for (std::string line = audit_.read_line(); !line.empty(); line = audit_.read_line()) {
    bool all = true;
    for (const std::string& text : texts) all = all && line.find(text) != std::string::npos;
    if (all) return line;
  }
  ADD_FAILURE() << "no such event: " << texts.front();
  return {};
}

std::string SupervisorProgram::ask(std::string_view octets) const {
  Connection client = connect();
  client.send(octets);
  return client.read_to_end();
}

std::unique_ptr<TlsConnection> SupervisorProgram::inference() const {
  Connection tunnel = connect();
  tunnel.send("CONNECT inference.local:443 HTTP/1.1\r\nHost: inference.local:443\r\n\r\n");
  EXPECT_EQ(tunnel.read_until("\r\n\r\n").substr(0, 12), "HTTP/1.1 200");
  return std::make_unique<TlsConnection>(std::move(tunnel), path("tls/openshell-ca.pem"),
                                         "inference.local");
}

}  // namespace sallyport::app
