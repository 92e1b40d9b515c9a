#include "simulator/providers/gate.h"

namespace sallyport::sim::providers {

void Gate::thaw() {
  frozen_ = false;
  opened_.notify();
}

net::Task<void> Gate::open() {
  while (frozen_) {
    const bool woken = co_await opened_.wait();
    if (!woken) co_return;
  }
}

base::Result<std::size_t> GatedStream::try_read(std::span<std::byte> into) {
  if (gate_->frozen()) return net::make_error_code(net::StreamErrc::would_block);
  return transport_->try_read(into);
}

base::Result<std::size_t> GatedStream::try_write(std::span<const iovec> from) {
  if (gate_->frozen()) return net::make_error_code(net::StreamErrc::would_block);
  return transport_->try_write(from);
}

net::Task<net::Ready> GatedStream::readable() {
  while (true) {
    const net::Ready ready = co_await transport_->readable();
    if (ready != net::Ready::ready || !gate_->frozen()) co_return ready;
    co_await gate_->open();
  }
}

net::Task<net::Ready> GatedStream::writable() {
  while (true) {
    const net::Ready ready = co_await transport_->writable();
    if (ready != net::Ready::ready || !gate_->frozen()) co_return ready;
    co_await gate_->open();
  }
}

}  // namespace sallyport::sim::providers
