#include "reference/tls/client_hello.h"

#include <gtest/gtest.h>

#include <string_view>

namespace sallyport::tls {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(LooksLikeTls, TakesEveryVersionOfAHandshakeRecord) {
  EXPECT_TRUE(looks_like_tls(bytes({"\x16\x03\x00", 3})));
  EXPECT_TRUE(looks_like_tls(bytes("\x16\x03\x01\x02\x03")));
  EXPECT_TRUE(looks_like_tls(bytes("\x16\x03\x04")));
}

TEST(LooksLikeTls, RefusesAnythingElse) {
  EXPECT_FALSE(looks_like_tls(bytes("GET / HTTP/1.1")));
  EXPECT_FALSE(looks_like_tls(bytes("\x16\x03\x05")));
  EXPECT_FALSE(looks_like_tls(bytes("\x16\x02\x01")));
  EXPECT_FALSE(looks_like_tls(bytes("\x17\x03\x01")));
  EXPECT_FALSE(looks_like_tls(bytes("\x16\x03")));
}

TEST(MayBecomeTls, WaitsWhileThePrefixFits) {
  EXPECT_TRUE(may_become_tls(bytes("")));
  EXPECT_TRUE(may_become_tls(bytes("\x16")));
  EXPECT_TRUE(may_become_tls(bytes("\x16\x03")));
  EXPECT_FALSE(may_become_tls(bytes("G")));
  EXPECT_FALSE(may_become_tls(bytes("\x16\x04")));
}

}  // namespace
}  // namespace sallyport::tls
