#include "reference/credentials/base64.h"

#include <gtest/gtest.h>

namespace sallyport::credentials {
namespace {

TEST(Base64, TurnsEveryLengthThereAndBack) {
  // RFC 4648, section 10.
  const std::pair<std::string, std::string> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : rows) {
    EXPECT_EQ(encode_base64(plain), encoded);
    EXPECT_EQ(decode_base64(encoded), plain) << encoded;
  }
}

TEST(Base64, KeepsOctetsOfAnyValue) {
  const std::string octets("\x00\xFF\x80\x7F", 4);
  EXPECT_EQ(decode_base64(encode_base64(octets)), octets);
}

TEST(Base64, ReadsWhatLacksItsPadding) { EXPECT_EQ(decode_base64("Zm9vYg"), "foob"); }

TEST(Base64, RefusesWhatIsNone) {
  EXPECT_FALSE(decode_base64("Z"));
  EXPECT_FALSE(decode_base64("Zm9v Yg"));
  EXPECT_FALSE(decode_base64("Zm=v"));
  EXPECT_FALSE(decode_base64("Zm9v==="));
  EXPECT_FALSE(decode_base64("user:secret"));
}

}  // namespace
}  // namespace sallyport::credentials
