// Buffers of 64 KiB that the loop lends while a connection is busy. Owned by main; single-threaded.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace sallyport::net {

class BufferPool {
 public:
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  // Keeps at most `kept_max` buffers that nobody has; lends any number.
  explicit BufferPool(std::size_t kept_max = 64);

 private:
  using Block = std::unique_ptr<std::byte[]>;
  struct Shelf {
    std::size_t kept_max = 0;
    std::size_t lent = 0;
    std::vector<Block> free;
  };

 public:
  // Goes back when it is destroyed, also after the pool. Its content is not cleared.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease();
    [[nodiscard]] explicit operator bool() const { return block_ != nullptr; }
    [[nodiscard]] std::span<std::byte> bytes() const;
    void give_back();

   private:
    friend class BufferPool;
    Lease(std::shared_ptr<Shelf> shelf, Block block);
    std::shared_ptr<Shelf> shelf_;
    Block block_;
  };

  [[nodiscard]] Lease lend();
  [[nodiscard]] std::size_t lent() const { return shelf_->lent; }
  [[nodiscard]] std::size_t kept() const { return shelf_->free.size(); }

 private:
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace sallyport::net
