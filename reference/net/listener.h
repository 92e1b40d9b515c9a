// Accepts TCP connections on a listening socket that was made by whoever chose its namespace.
// Survives a shortage of descriptors or memory by backing off. Single-threaded, one accept() at a
// time.
#pragma once

#include <memory>
#include <optional>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"
#include "reference/net/tcp.h"

namespace sallyport::net {

// What an errno of accept(2) asks for. Follows the field system's accept loop (NVIDIA/OpenShell,
// proxy.rs), which lost its listener for good on EMFILE before that.
enum class AcceptError {
  retry,     // this connection was lost before it was accepted, the listener is well: at once again
  back_off,  // the machine lacks something: again after a growing pause
  unknown,   // as back_off, but five in a row end the listener
  fatal,     // the socket is no listener (any more)
};
[[nodiscard]] AcceptError classify_accept_error(int error_number);

// Pause before the next accept: the n-th in a row is first * 2^n, never more than `most`.
struct AcceptBackOff {
  base::Duration first = std::chrono::milliseconds{100};
  base::Duration most = std::chrono::seconds{5};
};

class TcpListener {
 public:
  TcpListener(Executor executor, Deadlines& deadlines, base::UniqueFd listening,
              AcceptBackOff back_off = {});
  ~TcpListener();
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  // A listening socket in the caller's network namespace: SO_REUSEADDR, close-on-exec,
  // non-blocking; an IPv6 one takes no IPv4. Port 0 lets the kernel choose. Errors are errno's.
  [[nodiscard]] static base::Result<base::UniqueFd> bind(const Endpoint& at, int backlog = 1024);

  // The next connection, without a deadline. operation_canceled after close(), when the listener
  // is destroyed, or when the waiting coroutine is cancelled; other errors are final too.
  [[nodiscard]] Task<base::Result<std::unique_ptr<TcpStream>>> accept();
  // Closes the socket and wakes accept(). What was accepted stays. Idempotent.
  void close();
  // Where it listens, the chosen port included. 0.0.0.0:0 after close().
  [[nodiscard]] Endpoint local_endpoint() const;

 private:
  struct Core;
  static Task<base::Result<std::unique_ptr<TcpStream>>> accept_from(std::shared_ptr<Core> core);
  static Task<bool> pause(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace sallyport::net
