#include "reference/net/buffer_pool.h"

#include <gtest/gtest.h>

#include <optional>

namespace sallyport::net {
namespace {

TEST(BufferPool, LendsAgainWhatCameBack) {
  BufferPool pool;
  const std::byte* first = nullptr;
  {
    const auto lease = pool.lend();
    first = lease.bytes().data();
    EXPECT_EQ(lease.bytes().size(), BufferPool::kBufferBytes);
    EXPECT_EQ(pool.lent(), 1U);
  }
  EXPECT_EQ(pool.lent(), 0U);
  EXPECT_EQ(pool.lend().bytes().data(), first);
}

TEST(BufferPool, KeepsNoMoreThanItsLimit) {
  BufferPool pool(1);
  {
    const auto first = pool.lend();
    const auto second = pool.lend();
    EXPECT_EQ(pool.lent(), 2U);
  }
  EXPECT_EQ(pool.kept(), 1U);
}

TEST(BufferPool, ALeaseMayOutliveThePool) {
  std::optional<BufferPool> pool(std::in_place);
  auto lease = pool->lend();
  pool.reset();
  lease.bytes()[0] = std::byte{1};
  lease.give_back();
  EXPECT_FALSE(lease);
}

TEST(BufferPool, AMovedLeaseGoesBackOnce) {
  BufferPool pool;
  auto first = pool.lend();
  auto second = std::move(first);
  second = pool.lend();
  EXPECT_EQ(pool.lent(), 1U);
}

}  // namespace
}  // namespace sallyport::net
