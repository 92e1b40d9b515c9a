#include "reference/http/target.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::http {
namespace {

std::string path_of(std::string_view raw, bool allow_encoded_slash = false) {
  TargetOptions options;
  options.allow_encoded_slash = allow_encoded_slash;
  const auto target = canonical_target(raw, options);
  return target ? std::string(target->path()) : "error: " + target.error().message();
}

base::Error error_of(std::string_view raw, bool allow_encoded_slash = false) {
  TargetOptions options;
  options.allow_encoded_slash = allow_encoded_slash;
  const auto target = canonical_target(raw, options);
  return target ? base::Error() : target.error();
}

TEST(Target, HasOneSpelling) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", "/"},
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"/a/", "/a/"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/..", "/"},
      {"/a/b/..", "/a/"},
      {"/a/.", "/a/"},
      {"//v1//chat/completions", "/v1/chat/completions"},
      {"//", "/"},
      {"/a//../b", "/a/b"},
      {"/public/%2e%2e/secret", "/secret"},
      {"/a/%2E/b", "/a/b"},
      {"/v1/%63hat", "/v1/chat"},
      {"/%7euser", "/~user"},
      {"/a%20b", "/a%20b"},
      {"/%c3%a9", "/%C3%A9"},
      {"/%252e%252e/x", "/%252e%252e/x"},
      {"/a%5Cb", "/a%5Cb"},
      {"/a\\b\"", "/a%5Cb%22"},
      {"/v1/chat;x=1/completions;y", "/v1/chat/completions"},
      {"/public/..;v=1/secret", "/secret"},
      {"/a/%2e%2e%3bx/b", "/b"},
      {"/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,="},
      {"https://a.test/x/../y", "/y"},
      {"http://a.test", "/"},
      {"http://a.test?q", "/"}};
  for (const auto& [raw, want] : rows) EXPECT_EQ(path_of(raw), want) << raw;
}

TEST(Target, IsAFixedPoint) {
  for (const char* raw : {"/a/../b//c;x/%7e%2525", "/%c3%a9/", "/a%20b/.."}) {
    const auto once = canonical_target(raw);
    ASSERT_TRUE(once);
    const auto twice = canonical_target(once->text);
    ASSERT_TRUE(twice);
    EXPECT_EQ(twice->text, once->text);
    EXPECT_FALSE(twice->changed);
  }
}

TEST(Target, KeepsTheQueryVerbatim) {
  const auto target = canonical_target("/a/../b?x=%2F..%zz&y=a//b?c");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path(), "/b");
  EXPECT_EQ(target->query(), "x=%2F..%zz&y=a//b?c");
  EXPECT_EQ(target->text, "/b?x=%2F..%zz&y=a//b?c");
  EXPECT_TRUE(target->changed);
  EXPECT_EQ(canonical_target("/a?")->query(), "");
  EXPECT_EQ(canonical_target("/a")->query(), std::nullopt);
  EXPECT_FALSE(canonical_target("/a?b")->changed);
  EXPECT_EQ(canonical_target("/a?u=http://b.test/")->path(), "/a");
}

TEST(Target, RefusesWhatHasNoCanonicalForm) {
  const std::vector<std::pair<std::string, HttpErrc>> rows = {
      {"*", HttpErrc::not_origin_form},
      {"a/b", HttpErrc::not_origin_form},
      {"a.test:443", HttpErrc::not_origin_form},
      {"/a#b", HttpErrc::target_fragment},
      {"/a?b#c", HttpErrc::target_fragment},
      {"/a b", HttpErrc::bad_target_byte},
      {"/a\tb", HttpErrc::bad_target_byte},
      {std::string("/a\0b", 4), HttpErrc::bad_target_byte},
      {"/a\x7F", HttpErrc::bad_target_byte},
      {"/\xC3\xA9", HttpErrc::bad_target_byte},
      {"/a?\xC3\xA9", HttpErrc::bad_target_byte},
      {"/a%00b", HttpErrc::bad_target_byte},
      {"/a%0d%0a", HttpErrc::bad_target_byte},
      {"/a%01", HttpErrc::bad_target_byte},
      {"/a%", HttpErrc::bad_escape},
      {"/a%4", HttpErrc::bad_escape},
      {"/a%4/41", HttpErrc::bad_escape},
      {"/a%zz", HttpErrc::bad_escape},
      {"/a%2Fb", HttpErrc::encoded_slash},
      {"/a%2fb", HttpErrc::encoded_slash},
      {"/..", HttpErrc::above_root},
      {"/a/../..", HttpErrc::above_root},
      {"/%2e%2e/a", HttpErrc::above_root},
      {"/a/..;x/..;y/b", HttpErrc::above_root}};
  for (const auto& [raw, want] : rows) EXPECT_EQ(error_of(raw), want) << raw;
}

TEST(Target, RefusesALongPathButNotALongQuery) {
  EXPECT_EQ(error_of("/" + std::string(4095, 'a')), base::Error());
  EXPECT_EQ(error_of("/" + std::string(4096, 'a')), HttpErrc::target_too_long);
  EXPECT_EQ(error_of("/" + std::string(2000, '"')), HttpErrc::target_too_long);
  EXPECT_EQ(error_of("/?" + std::string(6000, 'a')), base::Error());
}

TEST(Target, KeepsAnEncodedSlashThatIsOptedIn) {
  EXPECT_EQ(path_of("/v1/models/a%2fb", true), "/v1/models/a%2Fb");
  EXPECT_EQ(path_of("/a%2F%2Fb", true), "/a%2F%2Fb");
}

TEST(Target, RefusesADotSegmentBehindAnEncodedSlash) {
  for (const char* raw :
       {"/a/x%2F..", "/a/..%2Fx", "/a/x%2f%2e%2e%2fy", "/a/x%2F.", "/a/x%2F..;z", "/a/.%2F"})
    EXPECT_EQ(error_of(raw, true), HttpErrc::hidden_dot_segment) << raw;
  EXPECT_EQ(path_of("/v1/models/x%2F/../../files", true), "/v1/files");
}

TEST(AbsoluteForm, IsTakenApart) {
  const auto target = parse_absolute_form("HTTP://A.test:8080/x?y");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->scheme, "http");
  EXPECT_EQ(target->authority, (Authority{"a.test", 8080}));
  EXPECT_EQ(target->path_and_query, "/x?y");
  EXPECT_EQ(parse_absolute_form("http://h")->path_and_query, "");
  EXPECT_EQ(parse_absolute_form("http://h?q")->path_and_query, "?q");
  EXPECT_EQ(parse_absolute_form("http://h")->authority.port, 80);
  EXPECT_EQ(parse_absolute_form("https://h/")->authority.port, 443);
  EXPECT_EQ(parse_absolute_form("http://[::1]:80/")->authority.host, "::1");
  EXPECT_EQ(parse_absolute_form("ftp://h/")->scheme, "ftp");
}

TEST(AbsoluteForm, RefusesTheRest) {
  const std::vector<std::pair<std::string, HttpErrc>> rows = {
      {"/a", HttpErrc::not_absolute_form},
      {"*", HttpErrc::not_absolute_form},
      {"a.test:80", HttpErrc::not_absolute_form},
      {"://a.test/", HttpErrc::not_absolute_form},
      {"/x?u=http://a.test/", HttpErrc::not_absolute_form},
      {"http://a.test/#f", HttpErrc::target_fragment},
      {"http:///x", HttpErrc::bad_authority},
      {"http://:80/", HttpErrc::bad_authority},
      {"http://a:b/", HttpErrc::bad_authority},
      {"http://a:/", HttpErrc::bad_authority},
      {"http://[::1/", HttpErrc::bad_authority},
      {"http://a\\b/", HttpErrc::bad_authority},
      {"http://u:p@a.test/", HttpErrc::userinfo}};
  for (const auto& [raw, want] : rows) {
    const auto target = parse_absolute_form(raw);
    ASSERT_FALSE(target) << raw;
    EXPECT_EQ(target.error(), want) << raw;
  }
}

}  // namespace
}  // namespace sallyport::http
