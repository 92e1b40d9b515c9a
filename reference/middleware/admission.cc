#include "reference/middleware/admission.h"

#include <list>

#include "reference/net/event.h"

namespace sallyport::middleware {

struct Admission::Impl {
  struct Waiter {
    explicit Waiter(net::Executor executor) : turn(executor) {}
    net::Event turn;
    bool granted = false;
  };

  net::Executor executor;
  std::size_t permits_max;
  std::size_t waiters_max;
  std::size_t used = 0;
  bool closed = false;
  std::list<std::shared_ptr<Waiter>> queue;  // the first is next

  // A permit goes from hand to hand: who comes new can't overtake who waits.
  void give_back() {
    if (queue.empty() || closed) {
      --used;
      return;
    }
    const std::shared_ptr<Waiter> next = queue.front();
    queue.pop_front();
    next->granted = true;
    next->turn.notify();
  }
};

namespace {

// A place in the queue. However the coroutine ends that holds it, the place isn't left behind, nor
// a permit that was handed to it and not taken.
template <class Impl>
class Place {
 public:
  explicit Place(std::shared_ptr<Impl> impl)
      : impl_(std::move(impl)), waiter_(std::make_shared<typename Impl::Waiter>(impl_->executor)) {
    impl_->queue.push_back(waiter_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (waiter_->granted) {
      if (!taken_) impl_->give_back();
    } else {
      impl_->queue.remove(waiter_);
    }
  }
  [[nodiscard]] bool waits() const { return !waiter_->granted && !impl_->closed; }
  [[nodiscard]] net::Task<bool> wait() { return waiter_->turn.wait(); }
  [[nodiscard]] bool take() {
    taken_ = waiter_->granted;
    return taken_;
  }

 private:
  std::shared_ptr<Impl> impl_;
  std::shared_ptr<typename Impl::Waiter> waiter_;
  bool taken_ = false;
};

}  // namespace

Admission::Admission(net::Executor executor, std::size_t permits_max, std::size_t waiters_max)
    : impl_(std::make_shared<Impl>(Impl{executor, permits_max, waiters_max, 0, false, {}})) {}

Admission::~Admission() {
  impl_->closed = true;
  for (const auto& waiter : impl_->queue) waiter->turn.notify();
}

net::Task<Admission::Permit> Admission::acquire() {
  const std::shared_ptr<Impl> impl = impl_;  // it may outlast the Admission
  if (impl->used < impl->permits_max) {
    ++impl->used;
    co_return Permit(impl);
  }
  if (impl->queue.size() >= impl->waiters_max) co_return Permit();
  Place<Impl> place(impl);
  while (place.waits()) {
    const bool woken = co_await place.wait();
    if (!woken) break;
  }
  if (!place.take()) co_return Permit();
  co_return Permit(impl);
}

std::size_t Admission::held() const { return impl_->used; }
std::size_t Admission::waiting() const { return impl_->queue.size(); }

Admission::Permit& Admission::Permit::operator=(Permit&& other) noexcept {
  if (this == &other) return *this;
  release();
  of_ = std::move(other.of_);
  return *this;
}

void Admission::Permit::release() {
  if (of_ == nullptr) return;
  const std::shared_ptr<Impl> of = std::move(of_);
  of_ = nullptr;
  of->give_back();
}

}  // namespace sallyport::middleware
