// What freezing a fake upstream is made of: a gate that all of its connections look at, and a
// stream that neither takes nor gives octets while the gate is shut, though the kernel below it
// goes on. Shared by a listener and its connections. Single-threaded; internal to this folder.
#pragma once

#include <memory>

#include "reference/net/byte_stream.h"
#include "reference/net/event.h"

namespace sallyport::sim::providers {

class Gate {
 public:
  explicit Gate(net::Executor executor) : opened_(executor) {}

  [[nodiscard]] bool frozen() const { return frozen_; }
  void freeze() { frozen_ = true; }
  void thaw();
  // Until it isn't frozen, or the waiting coroutine is cancelled.
  [[nodiscard]] net::Task<void> open();

 private:
  bool frozen_ = false;
  net::Event opened_;
};

class GatedStream final : public net::ByteStream {
 public:
  GatedStream(std::unique_ptr<net::ByteStream> transport, std::shared_ptr<Gate> gate)
      : transport_(std::move(transport)), gate_(std::move(gate)) {}

  [[nodiscard]] base::Result<std::size_t> try_read(std::span<std::byte> into) override;
  [[nodiscard]] base::Result<std::size_t> try_write(std::span<const iovec> from) override;
  [[nodiscard]] net::Task<net::Ready> readable() override;
  [[nodiscard]] net::Task<net::Ready> writable() override;
  void set_deadline(base::TimePoint at) override { transport_->set_deadline(at); }
  [[nodiscard]] base::TimePoint deadline() const override { return transport_->deadline(); }
  void shutdown_write() override { transport_->shutdown_write(); }
  void abort() override { transport_->abort(); }
  void close() override { transport_->close(); }
  [[nodiscard]] std::string local_endpoint() const override { return transport_->local_endpoint(); }
  [[nodiscard]] std::string peer_endpoint() const override { return transport_->peer_endpoint(); }

 private:
  std::unique_ptr<net::ByteStream> transport_;
  std::shared_ptr<Gate> gate_;
};

}  // namespace sallyport::sim::providers
