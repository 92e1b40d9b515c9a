#include "simulator/topology/dns_codec.h"

#include <gtest/gtest.h>

#include "reference/base/random.h"

namespace sallyport::sim::topology::dns {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes(std::string_view text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

net::IpAddress ip(const char* text) { return *net::IpAddress::parse(text); }

using namespace std::string_view_literals;

constexpr auto kQuery =
    "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    "\x03"
    "Api\x04"
    "test\x00"
    "\x00\x01\x00\x01"sv;

TEST(DnsCodec, WritesTheQueryThatItReads) {
  const auto written = write_query(0x1234, "Api.test", kA);
  ASSERT_TRUE(written);
  EXPECT_EQ(*written, bytes(kQuery));
}

TEST(DnsCodec, ReadsAQueryInLowerCase) {
  const auto query = parse_query(bytes(kQuery));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->id, 0x1234);
  EXPECT_EQ(query->name, "api.test");
  EXPECT_EQ(query->type, kA);
  EXPECT_FALSE(query->edns);
}

TEST(DnsCodec, ReadsTheSizeThatEdnsAnnounces) {
  auto message = bytes(kQuery);
  message[11] = std::byte{1};
  const auto opt = bytes("\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"sv);
  message.insert(message.end(), opt.begin(), opt.end());
  const auto query = parse_query(message);
  ASSERT_TRUE(query);
  EXPECT_TRUE(query->edns);
  EXPECT_EQ(query->udp_bytes_max, 4096);
}

TEST(DnsCodec, RefusesWhatIsNoQuery) {
  EXPECT_FALSE(parse_query({}));
  auto answer = bytes(kQuery);
  answer[2] = std::byte{0x81};
  EXPECT_FALSE(parse_query(answer));
  auto two = bytes(kQuery);
  two[5] = std::byte{2};
  EXPECT_FALSE(parse_query(two));
  auto cut = bytes(kQuery);
  cut.pop_back();
  EXPECT_FALSE(parse_query(cut));
}

TEST(DnsCodec, RefusesNamesThatCannotBeAskedFor) {
  EXPECT_FALSE(write_query(1, "", kA));
  EXPECT_FALSE(write_query(1, "a..b", kA));
  EXPECT_FALSE(write_query(1, std::string(64, 'a'), kA));
  EXPECT_TRUE(write_query(1, std::string(63, 'a') + ".", kA));
  std::string longest(63, 'a');
  for (int i = 0; i < 3; ++i) longest += "." + std::string(63, 'a');
  EXPECT_FALSE(write_query(1, longest, kA));
}

TEST(DnsCodec, AnswersWithAddressesOfTheTypeAskedFor) {
  const auto query = parse_query(bytes(kQuery));
  const std::vector<net::IpAddress> addresses{ip("20.0.0.1"), ip("fd00::1"), ip("20.0.0.2")};
  const auto answer = parse_answer(write_answer(*query, Rcode::noerror, addresses, 512));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->id, 0x1234);
  EXPECT_EQ(answer->rcode, Rcode::noerror);
  EXPECT_EQ(answer->addresses, (std::vector<net::IpAddress>{ip("20.0.0.1"), ip("20.0.0.2")}));
}

TEST(DnsCodec, AnswersAaaa) {
  const auto query = parse_query(*write_query(7, "api.test", kAaaa));
  const std::vector<net::IpAddress> addresses{ip("fd00::1")};
  const auto answer = parse_answer(write_answer(*query, Rcode::noerror, addresses, 512));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->addresses, addresses);
}

TEST(DnsCodec, RepeatsTheQuestionAsItWasSpelled) {
  const auto written = write_answer(*parse_query(bytes(kQuery)), Rcode::nxdomain, {}, 512);
  const std::string text(reinterpret_cast<const char*>(written.data()), written.size());
  EXPECT_NE(text.find("Api"), std::string::npos);
  EXPECT_EQ(parse_answer(written)->rcode, Rcode::nxdomain);
}

TEST(DnsCodec, TruncatesWhatDoesNotFit) {
  const auto query = parse_query(bytes(kQuery));
  const std::vector<net::IpAddress> many(100, ip("20.0.0.1"));
  const auto answer = parse_answer(write_answer(*query, Rcode::noerror, many, kUdpBytesMax));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->truncated);
  EXPECT_TRUE(answer->addresses.empty());
}

TEST(DnsCodec, RefusesPointersThatLoopOrLeadForward) {
  auto loop = bytes("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xC0\x0C\x00\x01\x00\x01"sv);
  EXPECT_FALSE(parse_query(loop));
  loop[13] = std::byte{0x0E};
  EXPECT_FALSE(parse_query(loop));
  // A label, then a pointer back to that label: it would never end.
  EXPECT_FALSE(
      parse_query(bytes("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"
                        "a\xC0\x0C\x00\x01\x00\x01"sv)));
}

TEST(DnsCodec, SurvivesEveryCutAndEveryChangedOctet) {
  const auto query = parse_query(bytes(kQuery));
  const std::vector<net::IpAddress> addresses{ip("20.0.0.1"), ip("20.0.0.2")};
  const auto whole = write_answer(*query, Rcode::noerror, addresses, 512);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_answer(std::span(whole).first(size))) << size;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      auto changed = whole;
      changed[i] = static_cast<std::byte>(value);
      (void)parse_answer(changed);
      (void)parse_query(changed);
    }
  }
}

TEST(DnsCodec, SurvivesNoise) {
  base::SeededRandom random(1);
  for (int i = 0; i < 20'000; ++i) {
    Bytes noise(random.next() % 80);
    random.fill(noise);
    if (noise.size() > 5) noise[4] = std::byte{0}, noise[5] = std::byte{1};
    (void)parse_answer(noise);
    (void)parse_query(noise);
  }
}

TEST(DnsCodec, NamesTypesAndCodes) {
  EXPECT_EQ(type_to_string(kAaaa), "AAAA");
  EXPECT_EQ(type_to_string(999), "TYPE999");
  EXPECT_EQ(to_string(Rcode::servfail), "SERVFAIL");
  EXPECT_EQ(to_string(static_cast<Rcode>(9)), "RCODE9");
}

}  // namespace
}  // namespace sallyport::sim::topology::dns
