#include "reference/linux/packet_log.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace sallyport::linux {
namespace {

using Bytes = std::vector<std::uint8_t>;

// From 10.0.0.1:4660, sequence 0x01020304, SYN.
Bytes v4_syn() {
  return {0x45, 0,    0,    40,   0, 0, 0, 0, 64, 6, 0, 0, 10,   0,    0, 1, 10, 0, 0, 2,
          0x12, 0x34, 0x23, 0x28, 1, 2, 3, 4, 0,  0, 0, 0, 0x50, 0x02, 0, 0, 0,  0, 0, 0};
}

// One attribute, of a packet message in group 1.
Bytes message(const Bytes& packet, std::uint16_t claimed) {
  Bytes bytes(16 + 4 + 4, 0);
  const auto total = static_cast<std::uint32_t>(bytes.size() + packet.size());
  std::memcpy(bytes.data(), &total, 4);
  const std::uint16_t type = 4 << 8;  // NFNL_SUBSYS_ULOG, NFULNL_MSG_PACKET
  std::memcpy(bytes.data() + 4, &type, 2);
  const std::uint16_t payload = 9;  // NFULA_PAYLOAD
  std::memcpy(bytes.data() + 20, &claimed, 2);
  std::memcpy(bytes.data() + 22, &payload, 2);
  bytes.insert(bytes.end(), packet.begin(), packet.end());
  return bytes;
}

TEST(PacketLog, ReadsTheSenderOfAnIpv4Packet) {
  const auto seen = parse_packet(v4_syn());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->peer.to_string(), "10.0.0.1:4660");
  EXPECT_EQ(seen->sequence, 0x01020304U);
  EXPECT_TRUE(seen->opening);
}

TEST(PacketLog, ASynWithAnAckOpensNothing) {
  Bytes packet = v4_syn();
  packet[33] = 0x12;
  EXPECT_FALSE(parse_packet(packet)->opening);
}

TEST(PacketLog, ReadsTheSenderOfAnIpv6Packet) {
  Bytes packet(40, 0);
  packet[0] = 0x60;
  packet[6] = 6;
  packet[8 + 15] = 1;
  const Bytes v4 = v4_syn();
  packet.insert(packet.end(), v4.begin() + 20, v4.end());
  const auto seen = parse_packet(packet);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->peer.to_string(), "[::1]:4660");
}

TEST(PacketLog, OtherProtocolsAndCutPacketsAreNothing) {
  Bytes udp = v4_syn();
  udp[9] = 17;
  EXPECT_FALSE(parse_packet(udp));
  const Bytes whole = v4_syn();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse_packet(std::span(whole).first(size))) << size;
}

TEST(PacketLog, FindsThePacketInADatagram) {
  const auto packets = parse_log(message(v4_syn(), 44));
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].peer.port, 4660);
}

TEST(PacketLog, LengthsThatLieEndTheReading) {
  EXPECT_TRUE(parse_log(message(v4_syn(), 45)).empty());
  EXPECT_TRUE(parse_log(message(v4_syn(), 3)).empty());
  Bytes longer = message(v4_syn(), 44);
  longer[0] = 0xff;
  EXPECT_TRUE(parse_log(longer).empty());
}

TEST(PacketLog, AnyOctetsAreReadToTheirEnd) {
  std::mt19937 random(7);
  Bytes datagram = message(v4_syn(), 44);
  for (int round = 0; round < 20000; ++round) {
    Bytes bad = datagram;
    bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
    bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
    bad.resize(random() % (bad.size() + 1));
    EXPECT_LE(parse_log(bad).size(), 1U);
  }
}

}  // namespace
}  // namespace sallyport::linux
