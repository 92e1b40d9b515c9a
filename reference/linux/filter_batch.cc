#include "reference/linux/filter_batch.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "reference/base/check.h"

namespace sallyport::linux {
namespace {

// Octets of a packet that are told: its headers.
constexpr std::uint32_t kToldOctets = 128;
// As nft names the types of addresses in what it lists.
constexpr std::uint32_t kTypeOfV4 = 7;
constexpr std::uint32_t kTypeOfV6 = 8;

std::span<const std::uint8_t> octets_of(const net::IpAddress& address) {
  return std::span(address.octets()).first(address.is_v4() ? 4 : 16);
}

}  // namespace

FilterBatch::FilterBatch(std::string table) : table_(std::move(table)) {
  boundary(NFNL_MSG_BATCH_BEGIN);
}

void FilterBatch::append(const void* data, std::size_t size) {
  const auto* const bytes = static_cast<const std::uint8_t*>(data);
  octets_.insert(octets_.end(), bytes, bytes + size);
  octets_.resize(NLMSG_ALIGN(octets_.size()));
}

void FilterBatch::boundary(std::uint16_t type) {
  nlmsghdr head{};
  head.nlmsg_len = NLMSG_LENGTH(sizeof(nfgenmsg));
  head.nlmsg_type = type;
  head.nlmsg_flags = NLM_F_REQUEST;
  head.nlmsg_seq = ++sequence_;
  nfgenmsg family{};
  family.nfgen_family = AF_UNSPEC;
  family.version = NFNETLINK_V0;
  family.res_id = htons(NFNL_SUBSYS_NFTABLES);
  append(&head, sizeof head);
  append(&family, sizeof family);
}

void FilterBatch::message(std::uint16_t type, std::uint16_t flags, const Inside& attributes) {
  last_message_ = octets_.size();
  nlmsghdr head{};
  head.nlmsg_type = static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type);
  head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_CREATE | flags);
  head.nlmsg_seq = ++sequence_;
  nfgenmsg family{};
  family.nfgen_family = NFPROTO_INET;
  family.version = NFNETLINK_V0;
  append(&head, sizeof head);
  append(&family, sizeof family);
  attributes();
  head.nlmsg_len = static_cast<std::uint32_t>(octets_.size() - last_message_);
  std::memcpy(octets_.data() + last_message_, &head, sizeof head);
}

void FilterBatch::attribute(std::uint16_t type, std::span<const std::uint8_t> value) {
  nlattr head{};
  head.nla_type = type;
  head.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + value.size());
  append(&head, sizeof head);
  append(value.data(), value.size());
}

void FilterBatch::text(std::uint16_t type, std::string_view value) {
  std::vector<std::uint8_t> ended(value.begin(), value.end());
  ended.push_back(0);
  attribute(type, ended);
}

void FilterBatch::number(std::uint16_t type, std::uint32_t value) {
  std::array<std::uint8_t, 4> octets{};
  const std::uint32_t ordered = htonl(value);
  std::memcpy(octets.data(), &ordered, octets.size());
  attribute(type, octets);
}

void FilterBatch::short_number(std::uint16_t type, std::uint16_t value) {
  const std::array<std::uint8_t, 2> octets{static_cast<std::uint8_t>(value >> 8),
                                           static_cast<std::uint8_t>(value & 0xff)};
  attribute(type, octets);
}

void FilterBatch::nest(std::uint16_t type, const Inside& attributes) {
  const std::size_t at = octets_.size();
  attribute(static_cast<std::uint16_t>(type | NLA_F_NESTED), {});
  attributes();
  const std::size_t length = octets_.size() - at;
  CHECK(length <= 0xffff);
  const auto told = static_cast<std::uint16_t>(length);
  std::memcpy(octets_.data() + at, &told, sizeof told);
}

void FilterBatch::expression(const char* name, const Inside& attributes) {
  nest(NFTA_LIST_ELEM, [&] {
    text(NFTA_EXPR_NAME, name);
    nest(NFTA_EXPR_DATA, attributes);
  });
}

void FilterBatch::make_table() {
  message(NFT_MSG_NEWTABLE, NLM_F_EXCL, [&] { text(NFTA_TABLE_NAME, table_); });
}

void FilterBatch::make_output_chain(const std::string& chain, std::int32_t priority) {
  message(NFT_MSG_NEWCHAIN, 0, [&] {
    text(NFTA_CHAIN_TABLE, table_);
    text(NFTA_CHAIN_NAME, chain);
    nest(NFTA_CHAIN_HOOK, [&] {
      number(NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
      number(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(priority));
    });
    number(NFTA_CHAIN_POLICY, NF_ACCEPT);
    text(NFTA_CHAIN_TYPE, "filter");
  });
}

void FilterBatch::make_address_set(const std::string& set,
                                   const std::vector<net::IpAddress>& addresses) {
  CHECK(!addresses.empty());
  const bool v4 = addresses.front().is_v4();
  message(NFT_MSG_NEWSET, 0, [&] {
    text(NFTA_SET_TABLE, table_);
    text(NFTA_SET_NAME, set);
    number(NFTA_SET_FLAGS, 0);
    number(NFTA_SET_KEY_TYPE, v4 ? kTypeOfV4 : kTypeOfV6);
    number(NFTA_SET_KEY_LEN, v4 ? 4 : 16);
    // Any number: it is the messages' own reference.
    number(NFTA_SET_ID, v4 ? 4 : 6);
    nest(NFTA_SET_DESC,
         [&] { number(NFTA_SET_DESC_SIZE, static_cast<std::uint32_t>(addresses.size())); });
  });
  // A list is one attribute, whose length has sixteen bits.
  constexpr std::size_t kMost = 1024;
  for (std::size_t at = 0; at < addresses.size(); at += kMost) {
    const auto part = std::span(addresses).subspan(at, std::min(kMost, addresses.size() - at));
    message(NFT_MSG_NEWSETELEM, 0, [&] {
      text(NFTA_SET_ELEM_LIST_TABLE, table_);
      text(NFTA_SET_ELEM_LIST_SET, set);
      nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
        for (const net::IpAddress& address : part) {
          CHECK(address.is_v4() == v4);
          nest(NFTA_LIST_ELEM, [&] {
            nest(NFTA_SET_ELEM_KEY, [&] { attribute(NFTA_DATA_VALUE, octets_of(address)); });
          });
        }
      });
    });
  }
}

void FilterBatch::require_family(bool v4) {
  expression("meta", [&] {
    number(NFTA_META_DREG, NFT_REG_1);
    number(NFTA_META_KEY, NFT_META_NFPROTO);
  });
  const std::array<std::uint8_t, 1> family{
      static_cast<std::uint8_t>(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6)};
  expression("cmp", [&] {
    number(NFTA_CMP_SREG, NFT_REG_1);
    number(NFTA_CMP_OP, NFT_CMP_EQ);
    nest(NFTA_CMP_DATA, [&] { attribute(NFTA_DATA_VALUE, family); });
  });
}

void FilterBatch::load_destination(bool v4) {
  constexpr std::uint32_t kOffsetInV4 = 16;
  constexpr std::uint32_t kOffsetInV6 = 24;
  expression("payload", [&] {
    number(NFTA_PAYLOAD_DREG, NFT_REG_1);
    number(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
    number(NFTA_PAYLOAD_OFFSET, v4 ? kOffsetInV4 : kOffsetInV6);
    number(NFTA_PAYLOAD_LEN, v4 ? 4 : 16);
  });
}

void FilterBatch::skip_network(const net::Cidr& network) {
  const auto address = octets_of(network.network());
  std::array<std::uint8_t, 16> mask{};
  for (int bit = 0; bit < network.prefix(); ++bit)
    mask[static_cast<std::size_t>(bit / 8)] |= static_cast<std::uint8_t>(0x80 >> (bit % 8));
  const std::array<std::uint8_t, 16> zero{};
  expression("bitwise", [&] {
    number(NFTA_BITWISE_SREG, NFT_REG_1);
    number(NFTA_BITWISE_DREG, NFT_REG_2);
    number(NFTA_BITWISE_LEN, static_cast<std::uint32_t>(address.size()));
    nest(NFTA_BITWISE_MASK,
         [&] { attribute(NFTA_DATA_VALUE, std::span(mask).first(address.size())); });
    nest(NFTA_BITWISE_XOR,
         [&] { attribute(NFTA_DATA_VALUE, std::span(zero).first(address.size())); });
  });
  expression("cmp", [&] {
    number(NFTA_CMP_SREG, NFT_REG_2);
    number(NFTA_CMP_OP, NFT_CMP_NEQ);
    nest(NFTA_CMP_DATA, [&] { attribute(NFTA_DATA_VALUE, address); });
  });
}

void FilterBatch::skip_set(const std::string& set) {
  expression("lookup", [&] {
    text(NFTA_LOOKUP_SET, set);
    number(NFTA_LOOKUP_SREG, NFT_REG_1);
    number(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
  });
}

void FilterBatch::add_log_rule(const std::string& chain, bool v4, const std::string& set,
                               const std::vector<net::Cidr>& networks, std::uint16_t group) {
  message(NFT_MSG_NEWRULE, NLM_F_APPEND, [&] {
    text(NFTA_RULE_TABLE, table_);
    text(NFTA_RULE_CHAIN, chain);
    nest(NFTA_RULE_EXPRESSIONS, [&] {
      require_family(v4);
      load_destination(v4);
      if (!set.empty()) skip_set(set);
      for (const net::Cidr& network : networks) {
        CHECK(network.network().is_v4() == v4);
        skip_network(network);
      }
      expression("log", [&] {
        short_number(NFTA_LOG_GROUP, group);
        number(NFTA_LOG_SNAPLEN, kToldOctets);
        short_number(NFTA_LOG_QTHRESHOLD, 1);
      });
    });
  });
}

std::vector<std::uint8_t> FilterBatch::octets() && {
  nlmsghdr last{};
  std::memcpy(&last, octets_.data() + last_message_, sizeof last);
  last.nlmsg_flags |= NLM_F_ACK;
  std::memcpy(octets_.data() + last_message_, &last, sizeof last);
  boundary(NFNL_MSG_BATCH_END);
  return std::move(octets_);
}

}  // namespace sallyport::linux
