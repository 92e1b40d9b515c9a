#include "reference/net/testing/fake_stream.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>

#include "reference/base/check.h"

namespace sallyport::net::testing {

// One direction. Either end's state is its own; this is what lies between.
struct FakeStream::Wire {
  std::string all;        // everything ever written
  std::size_t taken = 0;  // of it, what the reader has
  bool ended = false;     // no more will be written
  bool reset = false;     // either end aborted
  bool unwanted = false;  // the reader closed: writing is refused
  std::weak_ptr<Event> reader;
  std::weak_ptr<Event> writer;
  std::weak_ptr<Waits> at_reader;

  [[nodiscard]] std::size_t under_way() const { return all.size() - taken; }
  void wake() const {
    if (const auto event = reader.lock()) event->notify();
    if (const auto event = writer.lock()) event->notify();
  }
};

// What a pending wait uses, so that it may outlive the stream.
struct FakeStream::Waits {
  Waits(Executor executor, Deadlines& deadlines)
      : loop(executor),
        changed(std::make_shared<Event>(executor)),
        deadline(deadlines, [this] { changed->notify(); }) {}
  Executor loop;
  std::shared_ptr<Event> changed;
  Deadline deadline;
  std::function<void()> lost;
  bool closed = false;
};

FakeStream::FakeStream(Executor executor, Deadlines& deadlines, std::shared_ptr<Wire> in,
                       std::shared_ptr<Wire> out)
    : in_(std::move(in)),
      out_(std::move(out)),
      waits_(std::make_shared<Waits>(executor, deadlines)) {
  in_->reader = waits_->changed;
  in_->at_reader = waits_;
  out_->writer = waits_->changed;
}

FakeStream::~FakeStream() { close(); }

FakeStream::Step FakeStream::step(bool may_hesitate) {
  if (steps_++ == faults_.fail_at) return Step::fail;
  if (!may_hesitate || !faults_.hesitate) return Step::pass;
  hesitated_ = !hesitated_;
  return hesitated_ ? Step::hesitate : Step::pass;
}

base::Error FakeStream::fault() const {
  return faults_.error ? faults_.error : base::Error(ECONNRESET, boost::system::system_category());
}

base::Result<std::size_t> FakeStream::try_read(std::span<std::byte> into) {
  CHECK(!into.empty());
  if (waits_->closed) return base::Error(ECANCELED, boost::system::generic_category());
  const Step next = step(true);
  if (next == Step::fail) {
    const base::Error error = fault();
    abort();
    return error;
  }
  if (next == Step::hesitate) return StreamErrc::would_block;
  if (in_->reset) return base::Error(ECONNRESET, boost::system::system_category());
  const std::size_t count = std::min({into.size(), in_->under_way(), faults_.read_max});
  if (count == 0) return in_->ended ? StreamErrc::end_of_stream : StreamErrc::would_block;
  const auto bytes = std::as_bytes(std::span(in_->all)).subspan(in_->taken, count);
  std::copy(bytes.begin(), bytes.end(), into.begin());
  in_->taken += count;
  in_->wake();
  return count;
}

base::Result<std::size_t> FakeStream::try_write(std::span<const iovec> from) {
  CHECK(!from.empty());
  if (waits_->closed) return base::Error(ECANCELED, boost::system::generic_category());
  const Step next = step(true);
  if (next == Step::fail) {
    const base::Error error = fault();
    abort();
    return error;
  }
  if (next == Step::hesitate) return StreamErrc::would_block;
  if (out_->reset || out_->ended || out_->unwanted)
    return base::Error(EPIPE, boost::system::system_category());
  std::size_t room =
      std::min(kCapacity - std::min(out_->under_way(), kCapacity), faults_.write_max);
  if (room == 0) return StreamErrc::would_block;
  std::size_t count = 0;
  for (const iovec& piece : from) {
    const std::size_t part = std::min(piece.iov_len, room);
    out_->all.append(static_cast<const char*>(piece.iov_base), part);
    room -= part;
    count += part;
  }
  out_->wake();
  return count;
}

Task<Ready> FakeStream::readable() { return begin_wait(false); }
Task<Ready> FakeStream::writable() { return begin_wait(true); }

Task<Ready> FakeStream::begin_wait(bool to_write) {
  if (step(false) == Step::fail) abort();
  return wait(waits_, to_write ? out_ : in_, to_write);
}

Task<Ready> FakeStream::wait(std::shared_ptr<Waits> waits, std::shared_ptr<Wire> wire,
                             bool to_write) {
  for (;;) {
    if (waits->closed) co_return Ready::cancelled;
    const bool ready = to_write ? wire->under_way() < kCapacity || wire->unwanted
                                : wire->under_way() > 0 || wire->ended;
    if (ready || wire->reset) co_return Ready::ready;
    if (waits->deadline.passed()) co_return Ready::expired;
    const bool woken = co_await waits->changed->wait();
    if (!woken) co_return Ready::cancelled;
  }
}

void FakeStream::set_deadline(base::TimePoint at) {
  if (!waits_->closed) waits_->deadline.set(at);
}

base::TimePoint FakeStream::deadline() const { return waits_->deadline.at(); }

void FakeStream::wake() {
  in_->wake();
  out_->wake();
}

void FakeStream::shutdown_write() {
  if (waits_->closed) return;
  out_->ended = true;
  wake();
}

void FakeStream::abort() {
  if (waits_->closed) return;
  waits_->closed = aborted_ = true;
  waits_->lost = nullptr;
  waits_->deadline.set(base::TimePoint::max());
  in_->reset = out_->reset = true;
  wake();
  tell_loss(out_->at_reader.lock());
}

void FakeStream::tell_loss(const std::shared_ptr<Waits>& waits) {
  if (!waits || !waits->lost) return;
  asio::post(waits->loop, [waits] {
    if (!waits->closed && waits->lost) std::exchange(waits->lost, nullptr)();
  });
}

void FakeStream::watch_loss(std::function<void()> lost) {
  waits_->lost = std::move(lost);
  if (in_->reset) tell_loss(waits_);
}

void FakeStream::close() {
  if (waits_->closed) return;
  waits_->closed = true;
  waits_->lost = nullptr;
  waits_->deadline.set(base::TimePoint::max());
  in_->unwanted = true;
  out_->ended = true;
  wake();
}

const std::string& FakeStream::written() const { return out_->all; }

std::string_view FakeStream::unread() const {
  return std::string_view(in_->all).substr(in_->taken);
}

bool FakeStream::closed() const { return waits_->closed; }
bool FakeStream::ended_writing() const { return out_->ended; }

FakePair make_fake_pair(Executor executor, Deadlines& deadlines) {
  const auto there = std::make_shared<FakeStream::Wire>();
  const auto back = std::make_shared<FakeStream::Wire>();
  return {std::make_unique<FakeStream>(executor, deadlines, back, there),
          std::make_unique<FakeStream>(executor, deadlines, there, back)};
}

}  // namespace sallyport::net::testing
