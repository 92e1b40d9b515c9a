#include "reference/relay/upstream_pool.h"

#include <gtest/gtest.h>

#include <array>

#include "reference/inference/routes.h"
#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"

namespace sallyport::relay {
namespace {

class OneGeneration final : public GenerationSource {
 public:
  std::shared_ptr<const egress::Generation> current() const override { return now; }
  std::shared_ptr<const egress::Generation> now;
};

class UpstreamPoolTest : public ::testing::Test {
 protected:
  UpstreamPoolTest() { install(); }
  // New routes decide from now on.
  void install() {
    auto next = std::make_shared<egress::Generation>();
    next->routes = std::make_shared<const inference::Routes>();
    install(next);
  }
  void install(std::shared_ptr<egress::Generation> next) {
    generations_.now = std::move(next);
    generations_.news().tell();
  }
  [[nodiscard]] const inference::Routes* routes() const { return generations_.now->routes.get(); }
  net::testing::FakeStream* give(UpstreamPool& pool, const UpstreamKey& key,
                                 const inference::Routes* under) {
    auto [near, far] = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
    far_.push_back(std::move(far));
    net::testing::FakeStream* const stream = near.get();
    pool.give(key, under, std::move(near));
    return stream;
  }
  // Whether the far end of the n-th connection that was given sees its end.
  [[nodiscard]] bool ended(std::size_t n) {
    std::array<std::byte, 1> octet{};
    const auto got = far_.at(n)->try_read(octet);
    return !got && got.error() != net::StreamErrc::would_block;
  }

  net::testing::TestLoop loop_;
  base::StderrLog log_{base::LogLevel::error};
  OneGeneration generations_;
  std::vector<std::unique_ptr<net::testing::FakeStream>> far_;
  const UpstreamKey a_{true, "a.test", {{}, 443}};
};

TEST_F(UpstreamPoolTest, GivesTheConnectionThatCameLast) {
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_);
  const auto* const first = give(pool, a_, routes());
  const auto* const second = give(pool, a_, routes());
  EXPECT_EQ(pool.take(a_, routes()).get(), second);
  EXPECT_EQ(pool.take(a_, routes()).get(), first);
  EXPECT_EQ(pool.take(a_, routes()), nullptr);
}

TEST_F(UpstreamPoolTest, KeepsEndpointsApart) {
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_);
  give(pool, a_, routes());
  EXPECT_EQ(pool.take({false, "a.test", {{}, 443}}, routes()), nullptr);
  EXPECT_EQ(pool.take({true, "b.test", {{}, 443}}, routes()), nullptr);
  EXPECT_EQ(pool.take({true, "a.test", {{}, 8443}}, routes()), nullptr);
  EXPECT_EQ(pool.size(), 1U);
}

TEST_F(UpstreamPoolTest, ClosesTheOneThatWaitedLongestOverItsBound) {
  PoolBounds bounds;
  bounds.connections_max = 2;
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_, bounds);
  for (int i = 0; i < 3; ++i) give(pool, a_, routes());
  EXPECT_EQ(pool.size(), 2U);
  EXPECT_TRUE(ended(0));
  EXPECT_FALSE(ended(1));
}

TEST_F(UpstreamPoolTest, KeepsNoneWhereNoneMayBeKept) {
  PoolBounds bounds;
  bounds.connections_max = 0;
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_, bounds);
  give(pool, a_, routes());
  EXPECT_EQ(pool.size(), 0U);
  EXPECT_TRUE(ended(0));
}

TEST_F(UpstreamPoolTest, ClosesWhatWaitedTooLong) {
  PoolBounds bounds;
  bounds.idle = std::chrono::milliseconds(5);
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_, bounds);
  give(pool, a_, routes());
  give(pool, a_, routes());
  bool later = false;
  net::Deadline end(loop_.deadlines, [&later] { later = true; });
  end.set(loop_.in(20));
  loop_.run_until(later);
  EXPECT_EQ(pool.size(), 0U);
  EXPECT_TRUE(ended(0));
  EXPECT_TRUE(ended(1));
}

TEST_F(UpstreamPoolTest, ClosesAllWhenOtherRoutesDecide) {
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_);
  give(pool, a_, routes());
  install();
  EXPECT_EQ(pool.size(), 0U);
  EXPECT_TRUE(ended(0));
}

TEST_F(UpstreamPoolTest, KeepsAllWhenOnlySomethingElseChanges) {
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_);
  give(pool, a_, routes());
  install(std::make_shared<egress::Generation>(*generations_.now));
  EXPECT_NE(pool.take(a_, routes()), nullptr);
}

TEST_F(UpstreamPoolTest, TakesNothingBackThatIsOfOlderRoutesAndGivesThemNone) {
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_);
  const auto older = generations_.now;
  install();
  give(pool, a_, older->routes.get());
  EXPECT_EQ(pool.size(), 0U);
  EXPECT_TRUE(ended(0));
  give(pool, a_, routes());
  EXPECT_EQ(pool.take(a_, older->routes.get()), nullptr);
}

TEST_F(UpstreamPoolTest, KeepsNothingWithoutRoutes) {
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_);
  install(std::make_shared<egress::Generation>());
  give(pool, a_, nullptr);
  EXPECT_EQ(pool.size(), 0U);
  EXPECT_EQ(pool.take(a_, nullptr), nullptr);
}

TEST_F(UpstreamPoolTest, ClosesAConnectionAsSoonAsItsPeerEndsIt) {
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_);
  give(pool, a_, routes());
  const auto* const other = give(pool, a_, routes());
  far_.front()->close();
  loop_.poll();
  EXPECT_EQ(pool.size(), 1U);
  EXPECT_EQ(pool.take(a_, routes()).get(), other);
}

TEST_F(UpstreamPoolTest, ClosesAConnectionWhosePeerSpeaksUnasked) {
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_);
  give(pool, a_, routes());
  ASSERT_TRUE(loop_.run(net::write_all(*far_.front(), "HTTP/1.1 408 Late\r\n\r\n")));
  loop_.poll();
  EXPECT_EQ(pool.size(), 0U);
  EXPECT_TRUE(ended(0));
}

TEST_F(UpstreamPoolTest, LeavesAConnectionThatWasTakenToItsTaker) {
  UpstreamPool pool(loop_.executor(), loop_.deadlines, log_, generations_);
  give(pool, a_, routes());
  const auto stream = pool.take(a_, routes());
  ASSERT_TRUE(loop_.run(net::write_all(*far_.front(), "answer")));
  loop_.poll();
  std::array<std::byte, 16> octets{};
  EXPECT_EQ(stream->try_read(octets).value(), 6U);
}

}  // namespace
}  // namespace sallyport::relay
