#include "simulator/runner/ambient.h"

#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

TEST(Secrets, AreFoundPlain) {
  EXPECT_TRUE(SecretForms("sk-canary-0123").in("authorization: Bearer sk-canary-0123\r\n"));
  EXPECT_FALSE(SecretForms("sk-canary-0123").in("authorization: Bearer sk-canary-0124\r\n"));
}

TEST(Secrets, AreFoundInBase64AtEveryAlignment) {
  // printf 'u:sk-canary-0123' | base64, and with one and two octets before it
  EXPECT_TRUE(SecretForms("sk-canary-0123").in("Basic dTpzay1jYW5hcnktMDEyMw=="));
  EXPECT_TRUE(SecretForms("sk-canary-0123").in("Basic YWI6c2stY2FuYXJ5LTAxMjM="));
  EXPECT_TRUE(SecretForms("sk-canary-0123").in("Basic c2stY2FuYXJ5LTAxMjM="));
  EXPECT_FALSE(SecretForms("sk-canary-0123").in("Basic dTpub3RoaW5nIHRvIHNlZQ=="));
}

TEST(Secrets, AreFoundInHexadecimalAndPercentEncoded) {
  EXPECT_TRUE(SecretForms("sk-can").in("x=736b2d63616e;"));
  EXPECT_TRUE(SecretForms("sk-can").in("x=736B2D63616E;"));
  EXPECT_TRUE(SecretForms("sk-can").in("?k=%73%6b%2d%63%61%6e"));
  EXPECT_TRUE(SecretForms("sk-can").in("?k=%73%6B%2D%63%61%6E"));
  EXPECT_FALSE(SecretForms("sk-can").in("?k=%73%6B%2D%63%61%6F"));
}

TEST(Secrets, AreLookedForInManyTextsWithoutBeingWorkedOutAnew) {
  const SecretForms forms("sk-canary-0123");
  for (const char* text : {"sk-canary-0123", "dTpzay1jYW5hcnktMDEyMw==", "x sk-canary-0123 y"}) {
    EXPECT_TRUE(forms.in(text)) << text;
    EXPECT_FALSE(forms.in("")) << text;
  }
}

TEST(Secrets, TooShortToBeTellingAreNeverFound) { EXPECT_FALSE(SecretForms("abc").in("abcabc")); }

}  // namespace
}  // namespace sallyport::sim::runner
