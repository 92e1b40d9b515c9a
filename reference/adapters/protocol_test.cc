#include "reference/adapters/protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::adapters {
namespace {

Protocol of(std::string_view text) { return classify(std::as_bytes(std::span(text))); }

TEST(Protocol, KnowsTlsByThreeBytesOfARecord) {
  EXPECT_EQ(of(std::string_view("\x16\x03\x01", 3)), Protocol::tls);
  EXPECT_EQ(of(std::string_view("\x16\x03\x04\x02\x00", 5)), Protocol::tls);
}

TEST(Protocol, TakesARecordVersionAboveThreeFourForOpaque) {
  EXPECT_EQ(of(std::string_view("\x16\x03\x05", 3)), Protocol::opaque);
  EXPECT_EQ(of(std::string_view("\x15\x03\x01", 3)), Protocol::opaque);
}

TEST(Protocol, IsUndecidedOnPrefixesOfTls) {
  EXPECT_EQ(of(std::string_view("\x16", 1)), Protocol::undecided);
  EXPECT_EQ(of(std::string_view("\x16\x03", 2)), Protocol::undecided);
}

TEST(Protocol, KnowsEachOfTheNineMethodsAtItsSpace) {
  for (const std::string method :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"}) {
    EXPECT_EQ(of(method + " /"), Protocol::http1) << method;
    for (std::size_t size = 1; size <= method.size(); ++size) {
      EXPECT_EQ(of(method.substr(0, size)), Protocol::undecided) << method.substr(0, size);
    }
  }
}

TEST(Protocol, TakesALowerCaseOrUnknownMethodForOpaque) {
  EXPECT_EQ(of("get / HTTP/1.1"), Protocol::opaque);
  EXPECT_EQ(of("GETX /"), Protocol::opaque);
  EXPECT_EQ(of("BREW /pot"), Protocol::opaque);
}

TEST(Protocol, KnowsHttp2PriorKnowledgeByEightBytes) {
  EXPECT_EQ(of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Protocol::h2c);
  EXPECT_EQ(of("PRI * HT"), Protocol::h2c);
  EXPECT_EQ(of("PRI * H"), Protocol::undecided);
}

TEST(Protocol, TakesServerFirstGreetingsForOpaque) {
  EXPECT_EQ(of("SSH-2.0-OpenSSH_9.2\r\n"), Protocol::opaque);
  EXPECT_EQ(of("EHLO me\r\n"), Protocol::opaque);
}

TEST(Protocol, IsUndecidedOnNothing) { EXPECT_EQ(of(""), Protocol::undecided); }

}  // namespace
}  // namespace sallyport::adapters
