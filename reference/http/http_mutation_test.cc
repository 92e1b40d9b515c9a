// Every parser of the module against every prefix and every single-octet mutation of some seeds:
// whatever they answer, they answer, and what they accept is sound.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "reference/http/chunk_scanner.h"
#include "reference/http/framing.h"
#include "reference/http/header_rules.h"
#include "reference/http/text.h"

namespace sallyport::http {
namespace {

void for_each_mutation(const std::string& seed, const std::function<void(std::string_view)>& feed) {
  for (std::size_t size = 0; size <= seed.size(); ++size)
    feed(std::string_view(seed).substr(0, size));
  std::string mutant = seed;
  for (std::size_t at = 0; at < seed.size(); ++at) {
    for (int octet = 0; octet < 256; ++octet) {
      mutant[at] = static_cast<char>(octet);
      feed(mutant);
    }
    mutant[at] = seed[at];
  }
}

void expect_sound_target(std::string_view raw) {
  TargetOptions options;
  options.allow_encoded_slash = true;
  const auto target = canonical_target(raw, options);
  if (!target) return;
  const auto again = canonical_target(target->text, options);
  ASSERT_TRUE(again) << raw;
  EXPECT_EQ(again->text, target->text) << raw;
  EXPECT_EQ(target->path().find("//"), std::string_view::npos) << raw;
  EXPECT_EQ((std::string(target->path()) + "/").find("/../"), std::string::npos) << raw;
}

void feed_request(std::string_view bytes) {
  HeadScanner scanner(256);
  const auto end = scanner.scan(bytes);
  const auto head = parse_request_head(bytes);
  if (!head) return;
  ASSERT_TRUE(end && *end) << bytes;
  EXPECT_EQ(**end, bytes.size());
  const auto framing = request_framing(*head);
  const auto target = canonical_target(head->target);
  if (!framing || !target) return;
  // What goes upstream must be a head by the same grammar, and framed in the same way.
  const std::string onward = build_tunnel_head(*head, *target, *framing);
  const auto again = parse_request_head(onward);
  ASSERT_TRUE(again) << onward;
  EXPECT_EQ(*request_framing(*again), *framing);
}

TEST(HttpMutation, RequestHeads) {
  for_each_mutation(
      "POST /a/../b%20c?d HTTP/1.1\r\nHost: a.test:80\r\nConnection: x, close\r\nx: \xC3\xA9\r\n"
      "Content-Length: 12\r\n\r\n",
      feed_request);
  for_each_mutation(
      "GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n",
      feed_request);
}

TEST(HttpMutation, AnswerHeads) {
  for_each_mutation("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\nX-A: b\r\n\r\n",
                    [](std::string_view bytes) {
                      const auto head = parse_answer_head(bytes);
                      if (!head) return;
                      const auto framing =
                          answer_framing("GET", head->status, head->version_minor, head->fields);
                      if (!framing) return;
                      AnswerHeadOptions options;
                      options.framing = *framing;
                      ASSERT_TRUE(parse_answer_head(build_answer_head(*head, options))) << bytes;
                    });
}

TEST(HttpMutation, ChunkedBodies) {
  const std::string seed =
      "5;a=b\r\nhello\r\n1a\r\n01234567890123456789012345\r\n0\r\nX: y\r\n\r\n";
  for_each_mutation(seed, [](std::string_view bytes) {
    ChunkScanner whole;
    std::size_t taken = 0;
    while (taken < bytes.size() && !whole.done()) {
      const auto step = whole.next(bytes.substr(taken));
      if (!step) return;
      ASSERT_GT(step->consumed, 0U);
      taken += step->consumed;
    }
    EXPECT_LE(whole.payload_bytes(), bytes.size());
  });
}

TEST(HttpMutation, Targets) {
  for_each_mutation("/a/%2e%2e/b;c=d/./e%2Ff//g%20?h=i/../j", expect_sound_target);
  for_each_mutation("http://a.test:80/b%2fc/..", expect_sound_target);
}

TEST(HttpMutation, Authorities) {
  for (const char* seed : {"a-b.test:443", "[fe80::1:2]:80", "10.0.0.1:8080"}) {
    for_each_mutation(seed, [](std::string_view bytes) {
      const auto authority = parse_authority(bytes);
      if (!authority) return;
      const auto again = parse_authority(authority->to_string());
      ASSERT_TRUE(again) << bytes;
      EXPECT_EQ(*again, *authority);
    });
  }
}

}  // namespace
}  // namespace sallyport::http
