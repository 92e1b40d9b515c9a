#include "simulator/runner/secrets.h"

#include "simulator/runner/secret_forms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

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

// A key as they are minted.
constexpr const char* kKey = "sk-canary-00112233445566778899aabbccddeeff";

std::string gzip(std::string text) {
  std::string out(text.size() + 200, '\0');
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

TEST(Secrets, AreFoundInPartPercentEncoded) {
  EXPECT_TRUE(SecretForms(kKey).in("k=sk%2Dcanary-00112233445566778899aabbccdd%65%65%66f"));
  EXPECT_FALSE(SecretForms("sk-canary-0").in("100% of it, 5%-6%, %zz%"));
}

TEST(Secrets, AreFoundInJsonEscapes) {
  EXPECT_TRUE(SecretForms("sk-canary-0/1").in(R"({"k":"sk\u002dcanary-0\/1"})"));
  EXPECT_FALSE(SecretForms("sk-canary-0").in(R"(a\)"));
  EXPECT_FALSE(SecretForms("sk-canary-0").in(R"(\u00)"));
}

TEST(Secrets, AreFoundInGzipAlsoBehindAHeadAndCutShort) {
  const std::string body = gzip(std::string("{\"key\": \"") + kKey + "\"}" + std::string(300, 'x'));
  EXPECT_TRUE(SecretForms(kKey).in(body));
  EXPECT_TRUE(SecretForms(kKey).in("POST / HTTP/1.1\r\n\r\n" + body));
  EXPECT_TRUE(SecretForms(kKey).in(body.substr(0, body.size() - 9)));
  EXPECT_FALSE(SecretForms(kKey).in(gzip("nothing to see")));
  EXPECT_FALSE(SecretForms(kKey).in(std::string("\x1f\x8b\x08 not gzip at all")));
}

TEST(Secrets, AreFoundInJsonInsideGzip) {
  EXPECT_TRUE(SecretForms("sk-canary-0/1").in(gzip(R"({"k":"sk-canary\u002d0\/1"})")));
}

TEST(Secrets, ThatUnpackToManyMegabytesAreLookedForInTheFirstOnes) {
  EXPECT_EQ(gunzipped(gzip(std::string(6UL * 1024 * 1024, 'a'))).size(), 4UL * 1024 * 1024);
}

TEST(Secrets, AreFoundByAnySeventeenOctetsAfterWhatAllKeysBeginWith) {
  const std::string key = kKey;
  const SecretForms forms(key);
  for (std::size_t at = 10; at + 17 <= key.size(); ++at)
    EXPECT_TRUE(forms.in("<" + key.substr(at, 17) + ">")) << at;
  EXPECT_FALSE(forms.in("sk-canary-ffffffffffffffffffffffffffffffff"));
}

journal::Event event(const std::string& kind, const std::string& connection,
                     journal::Fields fields) {
  journal::Event one;
  one.source = "other";
  one.kind = kind;
  one.connection = connection;
  one.fields = std::move(fields);
  return one;
}

TEST(GatheredPieces, OfAConnectionAreOneText) {
  const journal::Event first = event("bytes", "other#1", {{"data", std::string("sk-ca")}});
  const journal::Event between = event("bytes", "other#2", {{"data", std::string("xyz")}});
  const journal::Event second = event("bytes", "other#1", {{"data", std::string("nary-1")}});
  const auto texts = gathered({&first, &between, &second});
  EXPECT_EQ(texts.at("octets on other#1"), "sk-canary-1");
  EXPECT_EQ(texts.at("octets on other#2"), "xyz");
}

TEST(GatheredPieces, OfSeveralConnectionsBodiesAndNamesAreOneTextToo) {
  const journal::Event first = event("request", "other#1", {{"body", std::string("sk-ca")}});
  const journal::Event second = event("request", "other#2", {{"body", std::string("nary-1")}});
  const journal::Event frame = event("message", "other#3", {{"text", std::string("sk-ca")}});
  const journal::Event next = event("message", "other#4", {{"text", std::string("nary-1")}});
  const journal::Event name = event("query", "", {{"name", std::string("sk-ca.evil.test")}});
  const journal::Event more = event("query", "", {{"name", std::string("nary-1.evil.test")}});
  const auto texts = gathered({&first, &second, &frame, &next, &name, &more});
  EXPECT_EQ(texts.at("bodies"), "sk-canary-1");
  EXPECT_EQ(texts.at("messages"), "sk-canary-1");
  EXPECT_EQ(texts.at("names"), "sk-canary-1");
}

}  // namespace
}  // namespace sallyport::sim::runner
