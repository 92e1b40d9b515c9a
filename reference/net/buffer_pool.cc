#include "reference/net/buffer_pool.h"

#include <utility>

#include "reference/base/check.h"

namespace sallyport::net {

BufferPool::BufferPool(std::size_t kept_max) : shelf_(std::make_shared<Shelf>()) {
  shelf_->kept_max = kept_max;
}

BufferPool::Lease BufferPool::lend() {
  Block block;
  if (shelf_->free.empty()) {
    block = std::make_unique_for_overwrite<std::byte[]>(kBufferBytes);
  } else {
    block = std::move(shelf_->free.back());
    shelf_->free.pop_back();
  }
  ++shelf_->lent;
  return {shelf_, std::move(block)};
}

BufferPool::Lease::Lease(std::shared_ptr<Shelf> shelf, Block block)
    : shelf_(std::move(shelf)), block_(std::move(block)) {}

BufferPool::Lease& BufferPool::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    give_back();
    shelf_ = std::move(other.shelf_);
    block_ = std::move(other.block_);
  }
  return *this;
}

BufferPool::Lease::~Lease() { give_back(); }

std::span<std::byte> BufferPool::Lease::bytes() const {
  CHECK(block_ != nullptr);
  return {block_.get(), kBufferBytes};
}

void BufferPool::Lease::give_back() {
  if (!block_) return;
  --shelf_->lent;
  if (shelf_->free.size() < shelf_->kept_max) shelf_->free.push_back(std::move(block_));
  block_.reset();
  shelf_.reset();
}

}  // namespace sallyport::net
