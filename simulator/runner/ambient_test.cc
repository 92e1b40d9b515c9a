#include "simulator/runner/ambient.h"

#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

TEST(Secrets, AreFoundPlain) {
  EXPECT_TRUE(holds_secret("authorization: Bearer sk-canary-0123\r\n", "sk-canary-0123"));
  EXPECT_FALSE(holds_secret("authorization: Bearer sk-canary-0124\r\n", "sk-canary-0123"));
}

TEST(Secrets, AreFoundInBase64AtEveryAlignment) {
  // printf 'u:sk-canary-0123' | base64, and with one and two octets before it
  EXPECT_TRUE(holds_secret("Basic dTpzay1jYW5hcnktMDEyMw==", "sk-canary-0123"));
  EXPECT_TRUE(holds_secret("Basic YWI6c2stY2FuYXJ5LTAxMjM=", "sk-canary-0123"));
  EXPECT_TRUE(holds_secret("Basic c2stY2FuYXJ5LTAxMjM=", "sk-canary-0123"));
  EXPECT_FALSE(holds_secret("Basic dTpub3RoaW5nIHRvIHNlZQ==", "sk-canary-0123"));
}

TEST(Secrets, TooShortToBeTellingAreNeverFound) { EXPECT_FALSE(holds_secret("abcabc", "abc")); }

}  // namespace
}  // namespace sallyport::sim::runner
