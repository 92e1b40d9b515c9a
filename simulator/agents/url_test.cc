// URLs taken apart, good and bad.

#include "simulator/agents/url.h"

#include <gtest/gtest.h>

namespace sallyport::sim::agents {
namespace {

TEST(Url, IsTakenApart) {
  const auto url = Url::parse("https://[::1]:8443/p?q#f");
  ASSERT_TRUE(url.has_value());
  EXPECT_TRUE(url->tls());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->authority(), "[::1]:8443");
  EXPECT_EQ(url->target, "/p?q");
  EXPECT_EQ(url->text, "https://[::1]:8443/p?q");
}

TEST(Url, OfAWebSocketIsItsHttpOne) {
  const auto plain = Url::parse("ws://rt.test/a");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->scheme, "http");
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->text, "http://rt.test/a");
  const auto secure = Url::parse("wss://rt.test");
  ASSERT_TRUE(secure.has_value());
  EXPECT_TRUE(secure->tls());
  EXPECT_EQ(secure->port, 443);
  EXPECT_EQ(secure->text, "https://rt.test");
  EXPECT_EQ(secure->target, "/");
}

TEST(Url, IsRefusedWhereItIsNone) {
  for (const char* bad : {"", "a.test", "ftp://a.test", "http://", "http://a:b", "http://a:0",
                          "http://a:65536", "http://[::1", "http://[::1]x"}) {
    EXPECT_FALSE(Url::parse(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace sallyport::sim::agents
