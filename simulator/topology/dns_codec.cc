#include "simulator/topology/dns_codec.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sallyport::sim::topology::dns {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kOpt = 41;
constexpr std::uint16_t kFlagAnswer = 0x8000;
constexpr std::uint16_t kFlagAuthoritative = 0x0400;
constexpr std::uint16_t kFlagTruncated = 0x0200;
constexpr std::uint16_t kFlagRecursionDesired = 0x0100;
constexpr std::uint16_t kFlagRecursionAvailable = 0x0080;
constexpr std::uint16_t kOpcodeMask = 0x7800;
constexpr std::uint8_t kPointer = 0xC0;

char lower(std::byte octet) {
  const char c = static_cast<char>(octet);
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Walks a message; after the first read past its end everything reads as failed.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t position() const { return at_; }

  std::uint8_t u8() {
    if (at_ >= bytes_.size()) failed_ = true;
    return failed_ ? 0 : static_cast<std::uint8_t>(bytes_[at_++]);
  }
  std::uint16_t u16() {
    const auto high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  void skip(std::size_t count) {
    if (count > bytes_.size() - at_) failed_ = true;
    if (!failed_) at_ += count;
  }
  std::span<const std::byte> take(std::size_t count) {
    const std::size_t from = at_;
    skip(count);
    return failed_ ? std::span<const std::byte>() : bytes_.subspan(from, count);
  }

  // Pointers may only lead backwards from where they stand, so a name ends.
  std::string name() {
    std::string text;
    std::size_t from = at_;
    std::size_t limit = bytes_.size();
    bool followed = false;
    for (;;) {
      if (from >= limit) return fail();
      const auto length = static_cast<std::uint8_t>(bytes_[from]);
      if ((length & kPointer) == kPointer) {
        if (from + 1 >= bytes_.size()) return fail();
        const std::size_t target = static_cast<std::size_t>(length & ~kPointer) << 8 |
                                   static_cast<std::uint8_t>(bytes_[from + 1]);
        if (!followed) at_ = from + 2;
        if (target >= from) return fail();
        followed = true;
        limit = from;
        from = target;
        continue;
      }
      if (length > kLabelBytesMax || from + 1 + length > limit) return fail();
      if (length == 0) break;
      if (!text.empty()) text.push_back('.');
      for (std::size_t i = 0; i < length; ++i) text.push_back(lower(bytes_[from + 1 + i]));
      if (text.size() > kNameBytesMax) return fail();
      from += 1 + static_cast<std::size_t>(length);
    }
    if (!followed) at_ = from + 1;
    return text;
  }

 private:
  std::string fail() {
    failed_ = true;
    return {};
  }
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

struct Header {
  std::uint16_t id, flags, questions, answers, authorities, additionals;
};

Header read_header(Reader& reader) {
  Header header{};
  header.id = reader.u16();
  header.flags = reader.u16();
  header.questions = reader.u16();
  header.answers = reader.u16();
  header.authorities = reader.u16();
  header.additionals = reader.u16();
  return header;
}

void put_u16(std::vector<std::byte>& out, unsigned value) {
  out.push_back(static_cast<std::byte>(value >> 8 & 0xFF));
  out.push_back(static_cast<std::byte>(value & 0xFF));
}

void put_header(std::vector<std::byte>& out, const Header& header) {
  for (const unsigned value : {header.id, header.flags, header.questions, header.answers,
                               header.authorities, header.additionals}) {
    put_u16(out, value);
  }
}

bool put_name(std::vector<std::byte>& out, std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kNameBytesMax) return false;
  while (true) {
    const auto dot = name.find('.');
    const auto label = name.substr(0, dot);
    if (label.empty() || label.size() > kLabelBytesMax) return false;
    out.push_back(static_cast<std::byte>(label.size()));
    for (const char c : label) out.push_back(static_cast<std::byte>(c));
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  out.push_back(std::byte{0});
  return true;
}

// The OPT record among what follows the question; what is malformed there is passed over.
void read_edns(Reader& reader, const Header& header, Query& query) {
  const unsigned records =
      unsigned{header.answers} + unsigned{header.authorities} + unsigned{header.additionals};
  for (unsigned i = 0; i < records && !reader.failed(); ++i) {
    reader.name();
    const auto type = reader.u16();
    const auto klass = reader.u16();
    reader.skip(4);
    reader.skip(reader.u16());
    if (reader.failed() || type != kOpt) continue;
    query.edns = true;
    query.udp_bytes_max = std::max<std::uint16_t>(klass, kUdpBytesMax);
  }
}

std::optional<net::IpAddress> read_address(std::uint16_t type, std::span<const std::byte> data) {
  std::array<std::uint8_t, 16> octets{};
  if (data.size() > octets.size()) return std::nullopt;
  std::memcpy(octets.data(), data.data(), data.size());
  if (type == kA && data.size() == 4) {
    return net::IpAddress::v4(std::uint32_t{octets[0]} << 24 | std::uint32_t{octets[1]} << 16 |
                              std::uint32_t{octets[2]} << 8 | octets[3]);
  }
  if (type == kAaaa && data.size() == 16) return net::IpAddress::v6(octets);
  return std::nullopt;
}

}  // namespace

std::string to_string(Rcode rcode) {
  switch (rcode) {
    case Rcode::noerror:
      return "NOERROR";
    case Rcode::formerr:
      return "FORMERR";
    case Rcode::servfail:
      return "SERVFAIL";
    case Rcode::nxdomain:
      return "NXDOMAIN";
    case Rcode::notimp:
      return "NOTIMP";
    case Rcode::refused:
      return "REFUSED";
  }
  return "RCODE" + std::to_string(static_cast<int>(rcode));
}

std::string type_to_string(std::uint16_t type) {
  switch (type) {
    case kA:
      return "A";
    case 2:
      return "NS";
    case kCname:
      return "CNAME";
    case 6:
      return "SOA";
    case 12:
      return "PTR";
    case 15:
      return "MX";
    case 16:
      return "TXT";
    case kAaaa:
      return "AAAA";
    case 33:
      return "SRV";
    case 64:
      return "SVCB";
    case 65:
      return "HTTPS";
    default:
      return "TYPE" + std::to_string(type);
  }
}

std::optional<Query> parse_query(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  const Header header = read_header(reader);
  if (reader.failed() || (header.flags & (kFlagAnswer | kOpcodeMask)) != 0 ||
      header.questions != 1) {
    return std::nullopt;
  }
  Query query;
  query.id = header.id;
  query.recursion_desired = (header.flags & kFlagRecursionDesired) != 0;
  query.name = reader.name();
  query.type = reader.u16();
  const std::uint16_t klass = reader.u16();
  if (reader.failed() || klass != kClassIn) return std::nullopt;
  const auto question = bytes.subspan(kHeaderBytes, reader.position() - kHeaderBytes);
  query.question.assign(question.begin(), question.end());
  read_edns(reader, header, query);
  return query;
}

std::optional<std::pair<Rcode, std::vector<std::byte>>> write_refusal(
    std::span<const std::byte> bytes) {
  Reader reader(bytes);
  const Header header = read_header(reader);
  if (reader.failed() || (header.flags & kFlagAnswer) != 0) return std::nullopt;
  Rcode rcode = Rcode::formerr;
  if ((header.flags & kOpcodeMask) != 0) {
    rcode = Rcode::notimp;
  } else if (header.questions == 1) {
    reader.name();
    reader.u16();
    const std::uint16_t klass = reader.u16();
    if (!reader.failed() && klass != kClassIn) rcode = Rcode::refused;
  }
  const unsigned kept = header.flags & (kOpcodeMask | kFlagRecursionDesired);
  const unsigned flags = kFlagAnswer | kept | static_cast<unsigned>(rcode);
  std::vector<std::byte> out;
  put_header(out, {header.id, static_cast<std::uint16_t>(flags), 0, 0, 0, 0});
  return std::pair(rcode, std::move(out));
}

std::optional<Answer> parse_answer(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  const Header header = read_header(reader);
  if (reader.failed() || (header.flags & kFlagAnswer) == 0 || header.questions != 1) {
    return std::nullopt;
  }
  Answer answer;
  answer.id = header.id;
  answer.truncated = (header.flags & kFlagTruncated) != 0;
  answer.rcode = static_cast<Rcode>(header.flags & 0x0F);
  answer.name = reader.name();
  answer.type = reader.u16();
  reader.u16();
  for (unsigned i = 0; i < header.answers && !reader.failed(); ++i) {
    reader.name();
    const auto type = reader.u16();
    reader.skip(6);
    const auto data = reader.take(reader.u16());
    if (reader.failed() || type != answer.type) continue;
    if (const auto address = read_address(type, data)) answer.addresses.push_back(*address);
  }
  if (reader.failed()) return std::nullopt;
  return answer;
}

std::optional<std::vector<std::byte>> write_query(std::uint16_t id, std::string_view name,
                                                  std::uint16_t type) {
  std::vector<std::byte> out;
  put_header(out, {id, kFlagRecursionDesired, 1, 0, 0, 0});
  if (!put_name(out, name)) return std::nullopt;
  put_u16(out, type);
  put_u16(out, kClassIn);
  return out;
}

std::vector<std::byte> write_answer(const Query& query, Rcode rcode,
                                    std::span<const net::IpAddress> addresses,
                                    std::size_t bytes_max) {
  std::vector<net::IpAddress> fitting;
  for (const auto& address : addresses) {
    if (query.type == (address.is_v4() ? kA : kAaaa)) fitting.push_back(address);
  }
  unsigned flags =
      kFlagAnswer | kFlagAuthoritative | kFlagRecursionAvailable | static_cast<unsigned>(rcode);
  if (query.recursion_desired) flags |= kFlagRecursionDesired;
  const std::size_t record = 12 + (query.type == kA ? 4 : 16);
  const std::size_t edns = query.edns ? 11 : 0;
  if (kHeaderBytes + query.question.size() + edns + fitting.size() * record > bytes_max) {
    fitting.clear();
    flags |= kFlagTruncated;
  }
  std::vector<std::byte> out;
  put_header(out, {query.id, static_cast<std::uint16_t>(flags), 1,
                   static_cast<std::uint16_t>(fitting.size()), 0,
                   static_cast<std::uint16_t>(query.edns ? 1 : 0)});
  out.insert(out.end(), query.question.begin(), query.question.end());
  for (const auto& address : fitting) {
    put_u16(out, unsigned{kPointer} << 8 | kHeaderBytes);
    put_u16(out, query.type);
    put_u16(out, kClassIn);
    put_u16(out, 0);
    put_u16(out, 0);
    const std::size_t size = address.is_v4() ? 4 : 16;
    put_u16(out, static_cast<unsigned>(size));
    for (std::size_t i = 0; i < size; ++i) out.push_back(std::byte{address.octets()[i]});
  }
  if (query.edns) {
    out.push_back(std::byte{0});
    put_u16(out, kOpt);
    put_u16(out, static_cast<unsigned>(kMessageBytesMax));
    put_u16(out, 0);
    put_u16(out, 0);
    put_u16(out, 0);
  }
  return out;
}

bool is_truncated(std::span<const std::byte> answer) {
  return answer.size() >= kHeaderBytes &&
         (answer[2] & static_cast<std::byte>(kFlagTruncated >> 8)) != std::byte{0};
}

void set_truncated(std::span<std::byte> answer) {
  if (answer.size() >= kHeaderBytes) answer[2] |= static_cast<std::byte>(kFlagTruncated >> 8);
}

void change_id(std::span<std::byte> answer) {
  if (answer.size() >= kHeaderBytes) answer[1] ^= std::byte{1};
}

}  // namespace sallyport::sim::topology::dns
