#include "reference/relay/upgrade.h"

#include <gtest/gtest.h>

namespace sallyport::relay {
namespace {

// Of RFC 6455, 1.3.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

constexpr std::string_view kHost = "Host: a\r\n";
constexpr std::string_view kUpgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
constexpr std::string_view kRest =
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

std::string joined(std::initializer_list<std::string_view> pieces) {
  std::string out;
  for (const std::string_view piece : pieces) out += piece;
  return out;
}

UpgradeRead read(const std::string& text) {
  const auto head = http::parse_request_head(text);
  EXPECT_TRUE(head) << text;
  const auto framing = http::request_framing(*head);
  EXPECT_TRUE(framing) << text;
  return read_upgrade(*head, *framing);
}

UpgradeRead read_with(std::string_view lines, std::string_view line = "GET / HTTP/1.1\r\n") {
  return read(joined({line, kHost, lines, "\r\n"}));
}

std::string fault_of(std::string_view fields, const UpgradeAsked& asked) {
  const auto answer =
      http::parse_answer_head(joined({"HTTP/1.1 101 Switching Protocols\r\n", fields, "\r\n"}));
  EXPECT_TRUE(answer);
  return std::string(switch_fault(*answer, asked));
}

TEST(UpgradeRequest, IsReadWithWhatItOffers) {
  const auto upgrade = read_with(joined({kUpgrade, kRest,
                                         "Sec-WebSocket-Protocol: chat, Super\r\n"
                                         "Sec-WebSocket-Protocol: third\r\n"
                                         "Sec-WebSocket-Extensions: Permessage-Deflate; "
                                         "client_max_window_bits, x-other\r\n"}));
  ASSERT_TRUE(upgrade.asked) << upgrade.fault;
  EXPECT_EQ(upgrade.asked->key, kKey);
  EXPECT_EQ(upgrade.asked->protocols, (std::vector<std::string>{"chat", "Super", "third"}));
  EXPECT_EQ(upgrade.asked->extensions, (std::vector<std::string>{"permessage-deflate", "x-other"}));
}

TEST(UpgradeRequest, MayDeclareABodyOfNothing) {
  EXPECT_TRUE(read_with(joined({kUpgrade, kRest, "Content-Length: 0\r\n"})).asked);
}

TEST(UpgradeRequest, IsRefusedInEveryOtherForm) {
  const std::string whole = joined({kUpgrade, kRest});
  EXPECT_FALSE(read_with(whole, "POST / HTTP/1.1\r\n").asked);
  EXPECT_FALSE(read_with(whole, "GET / HTTP/1.0\r\n").asked);
  for (const std::string& lines : {
           joined({whole, "Content-Length: 1\r\n"}),
           joined({whole, "Transfer-Encoding: chunked\r\n"}),
           joined({kRest, "Connection: Upgrade\r\nUpgrade: websocket, x\r\n"}),
           joined({whole, "Upgrade: websocket\r\n"}),
           joined({kRest, "Upgrade: websocket\r\n"}),
           joined({whole, "Connection: Sec-WebSocket-Key\r\n"}),
           joined({kUpgrade, "Sec-WebSocket-Version: 13\r\n"}),
           joined({kUpgrade, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"}),
           joined({whole, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"}),
           joined({whole, "Sec-WebSocket-Version: 13\r\n"}),
           joined({kUpgrade, "Sec-WebSocket-Key: short==\r\nSec-WebSocket-Version: 13\r\n"}),
           joined({kUpgrade,
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=a\r\nSec-WebSocket-Version: 13\r\n"}),
           joined({kUpgrade,
                   "Sec-WebSocket-Key: dGhlIHNhbXB*ZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"}),
           joined({kUpgrade,
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n"}),
           joined({whole, "Sec-WebSocket-Protocol: a b\r\n"}),
           joined({whole, "Sec-WebSocket-Extensions: x;y=\"a,b c\"\r\n"}),
       }) {
    const UpgradeRead upgrade = read_with(lines);
    EXPECT_FALSE(upgrade.asked) << lines;
    EXPECT_FALSE(upgrade.fault.empty()) << lines;
  }
}

TEST(UpgradeAccept, IsTheOneOfTheStandardsExample) { EXPECT_EQ(accept_of(kKey), kAccept); }

class SwitchAnswer : public ::testing::Test {
 protected:
  SwitchAnswer() {
    asked_.key = kKey;
    asked_.protocols = {"chat"};
    asked_.extensions = {"permessage-deflate"};
  }
  [[nodiscard]] std::string fault(std::string_view more) const {
    return fault_of(joined({"Connection: Upgrade\r\nUpgrade: websocket\r\n",
                            "Sec-WebSocket-Accept: ", kAccept, "\r\n", more}),
                    asked_);
  }
  UpgradeAsked asked_;
};

TEST_F(SwitchAnswer, FitsWithAllThatWasOffered) {
  EXPECT_EQ(fault(""), "");
  EXPECT_EQ(fault("Sec-WebSocket-Protocol: chat\r\n"
                  "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n"),
            "");
}

TEST_F(SwitchAnswer, IsRefusedWithWhatWasNotOffered) {
  EXPECT_NE(fault("Sec-WebSocket-Protocol: other\r\n"), "");
  EXPECT_NE(fault("Sec-WebSocket-Protocol: Chat\r\n"), "");
  EXPECT_NE(fault("Sec-WebSocket-Protocol: chat, chat\r\n"), "");
  EXPECT_NE(fault("Sec-WebSocket-Extensions: x-webkit\r\n"), "");
  asked_.protocols.clear();
  asked_.extensions.clear();
  EXPECT_NE(fault("Sec-WebSocket-Protocol: chat\r\n"), "");
  EXPECT_NE(fault("Sec-WebSocket-Extensions: permessage-deflate\r\n"), "");
}

TEST_F(SwitchAnswer, IsRefusedWhenItIsNotTheAnswerToThisRequest) {
  const std::string accept = joined({"Sec-WebSocket-Accept: ", kAccept, "\r\n"});
  EXPECT_NE(fault_of("Connection: Upgrade\r\nUpgrade: websocket\r\n", asked_), "");
  EXPECT_NE(fault_of(joined({"Connection: Upgrade\r\n", accept}), asked_), "");
  EXPECT_NE(fault_of(joined({"Upgrade: websocket\r\n", accept}), asked_), "");
  EXPECT_NE(fault_of(joined({"Connection: Upgrade\r\nUpgrade: h2c\r\n", accept}), asked_), "");
  EXPECT_NE(fault(joined({"Sec-WebSocket-Accept: ", kAccept, "\r\n"})), "");
  asked_.key = "AAAAAAAAAAAAAAAAAAAAAA==";
  EXPECT_NE(fault(""), "");
}

TEST(UpgradeFields, StandBeforeTheHeadsEnd) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  add_upgrade_fields(head);
  EXPECT_EQ(head, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

}  // namespace
}  // namespace sallyport::relay
