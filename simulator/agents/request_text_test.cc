#include "simulator/agents/request_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::agents {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Url, IsTakenApart) {
  const auto url = *Url::parse("https://api.test:8443/a?b#c");
  EXPECT_EQ(url.host, "api.test");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/a?b");
  EXPECT_EQ(url.text, "https://api.test:8443/a?b");
  EXPECT_EQ(url.host_line(), "api.test:8443");
  EXPECT_EQ(Url::parse("http://h?x")->target, "/?x");
  EXPECT_EQ(Url::parse("http://[::1]:80/")->host, "::1");
  EXPECT_EQ(Url::parse("http://[::1]/")->host_line(), "[::1]");
  EXPECT_EQ(Url::parse("https://h")->authority(), "h:443");
}

TEST(Url, IsRefusedWhenItIsNone) {
  for (const char* text : {"", "h", "ftp://h/", "http://", "http://h:0/", "http://h:x/",
                           "http://h:70000/", "http://[::1", "http://[::1]x/"}) {
    EXPECT_FALSE(Url::parse(text).has_value()) << text;
  }
}

TEST(RequestText, HasTheDefaultsUnlessTheStepNamesThem) {
  RequestSpec spec;
  const auto url = *Url::parse("http://a.test/x");
  EXPECT_EQ(request_text(spec, url, false, "n").head,
            "GET /x HTTP/1.1\r\nHost: a.test\r\nUser-Agent: sallyport n\r\nAccept: */*\r\n\r\n");
  spec.headers = {{"hOST", "b"}, {"Accept", "x"}};
  EXPECT_EQ(
      request_text(spec, url, true, "n").head,
      "GET http://a.test/x HTTP/1.1\r\nUser-Agent: sallyport n\r\nhOST: b\r\nAccept: x\r\n\r\n");
}

TEST(RequestText, FramesABody) {
  RequestSpec spec;
  spec.body = "hello";
  const auto url = *Url::parse("http://a.test/");
  const auto whole = request_text(spec, url, false, "n");
  EXPECT_THAT(whole.head, StartsWith("POST / "));
  EXPECT_THAT(whole.head, HasSubstr("Content-Type: text/plain\r\nContent-Length: 5\r\n"));
  spec.chunked = true;
  const auto chunked = request_text(spec, url, false, "n");
  EXPECT_THAT(chunked.head, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(chunked.body, "5\r\nhello\r\n0\r\n\r\n");
}

TEST(Grow, RepeatsTheNonceToTheOctet) {
  EXPECT_EQ(grow("abc", 7), "abcabca");
  EXPECT_EQ(grow("abc", 0), "");
  EXPECT_EQ(grow("", 2), "xx");
}

}  // namespace
}  // namespace sallyport::sim::agents
