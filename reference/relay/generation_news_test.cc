#include "reference/relay/generation_news.h"

#include <gtest/gtest.h>

#include <memory>

namespace sallyport::relay {
namespace {

using Watch = GenerationNews::Watch;

TEST(GenerationNews, ReachWhoeverWatchesEachTime) {
  GenerationNews news;
  int first = 0;
  int second = 0;
  const Watch one(news, [&first] { ++first; });
  const Watch two(news, [&second] { ++second; });
  news.tell();
  news.tell();
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 2);
}

TEST(GenerationNews, ReachNobodyWhoHasGone) {
  GenerationNews news;
  int told = 0;
  {
    const Watch watch(news, [&told] { ++told; });
  }
  news.tell();
  EXPECT_EQ(told, 0);
}

TEST(GenerationNews, MayEndAnyWatchAndBeginOthers) {
  GenerationNews news;
  int told = 0;
  std::unique_ptr<Watch> own;
  std::unique_ptr<Watch> next;
  std::unique_ptr<Watch> begun;
  own = std::make_unique<Watch>(news, [&] {
    begun = std::make_unique<Watch>(news, [&told] { told += 100; });
    next.reset();
    own.reset();
  });
  next = std::make_unique<Watch>(news, [&told] { ++told; });
  news.tell();
  EXPECT_EQ(told, 0);
  news.tell();
  EXPECT_EQ(told, 100);
}

}  // namespace
}  // namespace sallyport::relay
