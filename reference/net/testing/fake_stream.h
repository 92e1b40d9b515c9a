// A pair of connected in-memory ByteStreams for tests of readers and relays: they remember what was
// written, split reads and writes, and fail at the k-th step, so that fault loops need no sockets.
// Waiting honours deadlines and cancellation as TcpStream does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "reference/net/byte_stream.h"
#include "reference/net/deadlines.h"
#include "reference/net/event.h"

namespace sallyport::net::testing {

// What one end does wrong.
struct Faults {
  // The step (try_read, try_write, readable, writable; counted from 0) that fails; a failing wait
  // reports `cancelled` and ends the stream.
  std::uint64_t fail_at = UINT64_MAX;
  base::Error error{};               // of a failing try_ call; ECONNRESET when not set
  std::size_t read_max = SIZE_MAX;   // octets that one try_read moves
  std::size_t write_max = SIZE_MAX;  // octets that one try_write moves
  bool hesitate = false;             // every other try_ call answers would_block
};

class FakeStream final : public ByteStream {
 public:
  // Octets under way that fill a direction.
  static constexpr std::size_t kCapacity = 256 * 1024;
  struct Wire;

  FakeStream(Executor executor, Deadlines& deadlines, std::shared_ptr<Wire> in,
             std::shared_ptr<Wire> out);
  ~FakeStream() override;

  [[nodiscard]] base::Result<std::size_t> try_read(std::span<std::byte> into) override;
  [[nodiscard]] base::Result<std::size_t> try_write(std::span<const iovec> from) override;
  [[nodiscard]] Task<Ready> readable() override;
  [[nodiscard]] Task<Ready> writable() override;
  void set_deadline(base::TimePoint at) override;
  [[nodiscard]] base::TimePoint deadline() const override;
  void shutdown_write() override;
  void abort() override;
  void close() override;
  void watch_loss(std::function<void()> lost) override;
  [[nodiscard]] std::string local_endpoint() const override { return "192.0.2.1:1"; }
  [[nodiscard]] std::string peer_endpoint() const override { return "192.0.2.2:2"; }

  void set_faults(Faults faults) { faults_ = faults; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  // Everything that this end ever wrote.
  [[nodiscard]] const std::string& written() const;
  // What the other end wrote and this one hasn't read.
  [[nodiscard]] std::string_view unread() const;
  [[nodiscard]] bool ended_writing() const;  // shutdown_write() or close()
  [[nodiscard]] bool aborted() const { return aborted_; }
  [[nodiscard]] bool closed() const;  // by close() or abort()

 private:
  enum class Step { pass, hesitate, fail };
  [[nodiscard]] Step step(bool may_hesitate);
  [[nodiscard]] base::Error fault() const;
  struct Waits;
  static Task<Ready> wait(std::shared_ptr<Waits> waits, std::shared_ptr<Wire> wire, bool to_write);
  [[nodiscard]] Task<Ready> begin_wait(bool to_write);
  void wake();
  static void tell_loss(const std::shared_ptr<Waits>& waits);

  std::shared_ptr<Wire> in_;
  std::shared_ptr<Wire> out_;
  std::shared_ptr<Waits> waits_;
  Faults faults_;
  std::uint64_t steps_ = 0;
  bool hesitated_ = false;
  bool aborted_ = false;
};

using FakePair = std::pair<std::unique_ptr<FakeStream>, std::unique_ptr<FakeStream>>;
[[nodiscard]] FakePair make_fake_pair(Executor executor, Deadlines& deadlines);

}  // namespace sallyport::net::testing
