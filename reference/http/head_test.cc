#include "reference/http/head.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::http {
namespace {

std::string with_line(std::string_view line) {
  return "GET /a HTTP/1.1\r\nHost: a.test\r\n" + std::string(line) + "\r\n\r\n";
}

base::Error error_of(std::string_view head) {
  const auto parsed = parse_request_head(head);
  return parsed ? base::Error() : parsed.error();
}

TEST(Head, ReadsMethodTargetVersionAndFields) {
  const std::string text =
      "POST /v1/x?q=1 HTTP/1.1\r\nHost: a.test:8080\r\nX-A:  b c \t\r\nX-Empty:\r\n\r\n";
  const auto head = parse_request_head(text);
  ASSERT_TRUE(head) << head.error().message();
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/v1/x?q=1");
  EXPECT_EQ(head->version_minor, 1);
  EXPECT_EQ(head->fields.size(), 3U);
  EXPECT_EQ(head->field("x-a"), "b c");
  EXPECT_EQ(head->field("x-empty"), "");
  EXPECT_EQ(head->field("x-none"), std::nullopt);
}

TEST(Head, PointsIntoTheCallersBuffer) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
  const auto head = parse_request_head(text);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->method.data(), text.data());
}

TEST(Head, ReadsConnect) {
  const auto head = parse_request_head("CONNECT a.test:443 HTTP/1.1\r\nHost: b.test:1\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->target, "a.test:443");
}

TEST(Head, RefusesEveryMalformedRequestLine) {
  const std::string rest = "\r\nHost: a.test\r\n\r\n";
  const std::vector<std::pair<std::string, HttpErrc>> rows = {
      {"GET  /a HTTP/1.1", HttpErrc::bad_request_line},
      {"GET /a", HttpErrc::bad_request_line},
      {"GET", HttpErrc::bad_request_line},
      {"", HttpErrc::bad_request_line},
      {" GET /a HTTP/1.1", HttpErrc::bad_method},
      {"GET /a b HTTP/1.1", HttpErrc::bad_request_line},
      {"GET\t/a HTTP/1.1", HttpErrc::bad_request_line},
      {"GET /a\tb HTTP/1.1", HttpErrc::bad_request_line},
      {"GET /a\x7F HTTP/1.1", HttpErrc::bad_request_line},
      {"GET /a HTTP/1.1 ", HttpErrc::bad_request_line},
      {"G:T /a HTTP/1.1", HttpErrc::bad_method},
      {"GET /a HTTP/3.7", HttpErrc::bad_version},
      {"GET /a HTTP/1.2", HttpErrc::bad_version},
      {"GET /a http/1.1", HttpErrc::bad_version},
      {"GET /a HTTP/1.10", HttpErrc::bad_version},
      {"GET /a HTTP/2", HttpErrc::bad_version}};
  for (const auto& [line, want] : rows) EXPECT_EQ(error_of(line + rest), want) << line;
}

TEST(Head, RefusesEveryMalformedField) {
  const std::vector<std::pair<std::string, HttpErrc>> rows = {
      {"X-A : b", HttpErrc::bad_field},
      {"X A: b", HttpErrc::bad_field},
      {": b", HttpErrc::bad_field},
      {"X-A", HttpErrc::bad_field},
      {"X-A: b\r\n c", HttpErrc::folded_line},
      {"X-A: b\r\n\tc", HttpErrc::folded_line},
      {std::string("X-A: b\0c", 8), HttpErrc::control_byte},
      {"X-A: b\x01", HttpErrc::control_byte},
      {"X-A: b\x7F", HttpErrc::control_byte},
      {"X-A: b\nX-B: c", HttpErrc::bare_line_ending},
      {"X-A: b\rX-B: c", HttpErrc::bare_line_ending},
      {"X-A: \xFF", HttpErrc::not_utf8},
      {"X-A: \xC0\xAF", HttpErrc::not_utf8},
      {"Host: a.test", HttpErrc::several_hosts},
      {"hOST: b.test", HttpErrc::several_hosts},
      {"Connection: close,,x", HttpErrc::bad_connection},
      {"Connection: a b", HttpErrc::bad_connection},
      {"Connection: Host", HttpErrc::forbidden_nomination},
      {"Connection: close, Content-Length", HttpErrc::forbidden_nomination},
      {"Connection: TRANSFER-encoding", HttpErrc::forbidden_nomination}};
  for (const auto& [line, want] : rows) EXPECT_EQ(error_of(with_line(line)), want) << line;
}

TEST(Head, ToleratesACommaAtTheEndOfConnection) {
  EXPECT_EQ(error_of(with_line("Connection: close,")), base::Error());
}

TEST(Head, RefusesHostsThatAreNoAuthority) {
  for (const char* host :
       {"", "a b", "u@a.test", "a.test:", "a.test:0", "a.test:65536", "a.test:+1", "a.test/x",
        "[::1", "::1", "a..test", "127.1", "a.test, b.test"}) {
    const std::string head = "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
    EXPECT_EQ(error_of(head), HttpErrc::bad_host) << host;
  }
}

TEST(Head, NeedsAHostInHttp11Only) {
  EXPECT_EQ(error_of("GET / HTTP/1.1\r\n\r\n"), HttpErrc::missing_host);
  EXPECT_EQ(error_of("GET / HTTP/1.0\r\n\r\n"), base::Error());
  EXPECT_EQ(error_of("GET / HTTP/1.0\r\nHost: a.test\r\nHost: a.test\r\n\r\n"),
            HttpErrc::several_hosts);
}

TEST(Head, HoldsAnAbsoluteTargetAgainstHost) {
  const auto error = [](std::string_view target, std::string_view host) {
    return error_of("GET " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) +
                    "\r\n\r\n");
  };
  EXPECT_EQ(error("http://a.test/", "b.test"), HttpErrc::host_mismatch);
  EXPECT_EQ(error("http://a.test:81/", "a.test"), HttpErrc::host_mismatch);
  EXPECT_EQ(error("http://a.test/", "a.test:443"), HttpErrc::host_mismatch);
  EXPECT_EQ(error("http://A.test/", "a.TEST:80"), base::Error());
  EXPECT_EQ(error("https://a.test:443/", "a.test"), base::Error());
  EXPECT_EQ(error("http://[::1]:80/", "[0::1]"), base::Error());
  EXPECT_EQ(error("http://u@a.test/", "a.test"), HttpErrc::userinfo);
}

TEST(Head, TakesAPathThatContainsAUrlForAPath) {
  EXPECT_EQ(error_of("GET /proxy/http://b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n"), base::Error());
}

TEST(Head, RefusesABlockThatIsMoreOrLessThanOneHead) {
  EXPECT_TRUE(error_of(""));
  EXPECT_TRUE(error_of("GET / HTTP/1.1\r\nHost: a.test\r\n"));
  EXPECT_TRUE(error_of("GET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET / HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(error_of("\r\n\r\n"));
}

TEST(Head, BoundsTheNumberOfFields) {
  std::string head = "GET / HTTP/1.1\r\nHost: a.test\r\n";
  for (std::size_t i = 0; i < kFieldsMax; ++i) head += "a:b\r\n";
  EXPECT_EQ(error_of(head + "\r\n"), HttpErrc::too_many_fields);
}

TEST(Head, KnowsWhoKeepsTheConnection) {
  const auto keeps = [](std::string_view version, std::string_view connection) {
    const std::string head = "GET / " + std::string(version) +
                             "\r\nHost: a.test\r\nConnection: " + std::string(connection) +
                             "\r\n\r\n";
    return parse_request_head(head)->keeps_alive();
  };
  EXPECT_TRUE(keeps("HTTP/1.1", "x"));
  EXPECT_FALSE(keeps("HTTP/1.1", "x, Close"));
  EXPECT_FALSE(keeps("HTTP/1.0", "x"));
  EXPECT_TRUE(keeps("HTTP/1.0", "Keep-Alive"));
}

TEST(HeadScanner, FindsTheSameEndHoweverTheBytesArrive) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\nGET /next";
  const std::size_t end = bytes.size() - 9;
  EXPECT_EQ(find_head_end(bytes), end);
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    HeadScanner scanner(8192);
    std::optional<std::size_t> found;
    for (std::size_t have = step; !found; have += step) {
      const auto scanned = scanner.scan(std::string_view(bytes).substr(0, have));
      ASSERT_TRUE(scanned);
      found = *scanned;
    }
    EXPECT_EQ(*found, end) << step;
  }
}

TEST(HeadScanner, SaysEarlyThatALineEndingIsBare) {
  for (const char* bytes : {"GET / HTTP/1.1\n", "GET / HTTP/1.1\rH", "\n", "a\r\n\rb"}) {
    HeadScanner scanner(8192);
    const auto scanned = scanner.scan(bytes);
    ASSERT_FALSE(scanned) << bytes;
    EXPECT_EQ(scanned.error(), HttpErrc::bare_line_ending);
  }
}

TEST(HeadScanner, AcceptsAHeadOfExactlyTheLimit) {
  const std::string head = "GET / HTTP/1.0\r\n\r\n";
  HeadScanner fits(head.size());
  EXPECT_EQ(*fits.scan(head + "more"), head.size());
  HeadScanner small(head.size() - 1);
  EXPECT_EQ(small.scan(head).error(), HttpErrc::head_too_long);
  HeadScanner later(head.size());
  EXPECT_EQ(*later.scan(head.substr(0, head.size() - 1)), std::nullopt);
}

}  // namespace
}  // namespace sallyport::http
