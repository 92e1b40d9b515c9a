#include "reference/tls/leaf_cache.h"

#include <gtest/gtest.h>

namespace sallyport::tls {
namespace {

TEST(LeafCache, MintsOncePerHostWhateverItsCase) {
  const auto authority = Authority::create(0).value();
  LeafCache cache(authority, 8);
  const Leaf first = cache.get("api.example").value();
  EXPECT_EQ(cache.get("API.Example").value(), first);
  EXPECT_EQ(cache.minted(), 1U);
}

TEST(LeafCache, DropsTheLeastRecentlyUsedAtItsLimit) {
  const auto authority = Authority::create(0).value();
  LeafCache cache(authority, 2);
  const Leaf a = cache.get("a").value();
  const Leaf b = cache.get("b").value();
  EXPECT_EQ(cache.get("a").value(), a);
  ASSERT_TRUE(cache.get("c").has_value());
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(cache.get("a").value(), a);
  EXPECT_NE(cache.get("b").value(), b);
  EXPECT_EQ(cache.minted(), 4U);
}

TEST(LeafCache, DoesNotKeepARefusal) {
  const auto authority = Authority::create(0).value();
  LeafCache cache(authority, 1);
  ASSERT_TRUE(cache.get("a").has_value());
  EXPECT_EQ(cache.get("not a host").error(), TlsErrc::bad_host);
  EXPECT_EQ(cache.size(), 1U);
}

}  // namespace
}  // namespace sallyport::tls
