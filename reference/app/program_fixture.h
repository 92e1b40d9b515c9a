// For this folder's tests: the built sallyport-supervisor in a folder of its own, and the two ends
// that a user would have: a client with or without TLS, and an upstream. All waits are bounded.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/unique_fd.h"

namespace sallyport::app {

constexpr int kPatienceMs = 20'000;

// Reads what comes until `end` has been read, or a number of octets behind it; all of it, and what
// came so far when the peer closes or patience is over.
class Source {
 public:
  explicit Source(base::UniqueFd fd = {}) : fd_(std::move(fd)) {}
  virtual ~Source() = default;
  Source(Source&&) = default;
  Source& operator=(Source&&) = default;

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Up to and with `end`; what follows stays for the next call.
  std::string read_until(std::string_view end);
  std::string read_line() { return read_until("\n"); }
  // Everything up to the peer's end; a reset is told as "<reset>".
  std::string read_to_end();
  // A head and the body that its Content-Length declares.
  std::string read_message();
  // Whether octets, or the end, come within `ms`.
  [[nodiscard]] bool speaks_within(int ms) const;

 protected:
  // As read(2).
  virtual ssize_t receive(char* into, std::size_t size);

 private:
  // More into `pending_`; false at the end.
  bool more();

  base::UniqueFd fd_;
  std::string pending_;
  bool reset_ = false;
};

// One TCP connection.
class Connection : public Source {
 public:
  using Source::Source;
  static Connection to(std::uint16_t port);
  virtual void send(std::string_view text);
};

// TLS over a connection whose CONNECT has been answered.
class TlsConnection final : public Connection {
 public:
  TlsConnection(Connection tunnel, const std::string& ca_file, const std::string& host);
  void send(std::string_view text) override;

 protected:
  ssize_t receive(char* into, std::size_t size) override;

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

// A listener on loopback whose connections the test serves itself.
class Upstream {
 public:
  Upstream();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  Connection accept();
  // Whether somebody has connected and wasn't accepted.
  [[nodiscard]] bool called() const;

 private:
  base::UniqueFd fd_;
  std::uint16_t port_ = 0;
};

class SupervisorProgram : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string write(const std::string& name, const std::string& text);
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  // A policy file with one endpoint, 443 of `host`.
  void allow(const std::string& host);
  // `serve` with this configuration, with a policy unless it names a gateway, and what else it
  // doesn't say.
  void launch(const std::string& more, const std::vector<std::string>& flags = {});
  // The same, until it is ready.
  void start(const std::string& more = "");
  // A route to `upstream`, and the program with it.
  void start_with_route(const Upstream& upstream, const std::string& more = "");
  void signal(int number) const;
  // The exit code; SIGABRT's and the like from 128 on.
  int wait();
  // What it said on stdout and stderr.
  [[nodiscard]] std::string said() const;

  // The next event that has all these texts in it.
  std::string event(const std::vector<std::string>& texts);
  // A connection to the proxy.
  [[nodiscard]] Connection connect() const { return Connection::to(port_); }
  // What a client of its own gets for these octets, until the connection ends.
  std::string ask(std::string_view octets) const;
  // TLS to inference.local.
  std::unique_ptr<TlsConnection> inference() const;

  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  std::string ready_line_;
  Source ready_;
  Source audit_;
  std::string folder_;
};

std::string read_file(const std::string& path);
// A whole answer of an upstream.
std::string json_answer(std::string_view body, std::string_view fields = "");
// A request for a chat completion, of `model`.
std::string chat(std::string_view model);

}  // namespace sallyport::app
