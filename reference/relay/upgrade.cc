#include "reference/relay/upgrade.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "reference/base/check.h"
#include "reference/http/header_rules.h"
#include "reference/http/text.h"

namespace sallyport::relay {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view kUpgradeFields = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
constexpr std::size_t kOffersMax = 64;
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The elements of a list field over all its lines, without their parameters. False: not a list of
// tokens, or too long. A comma in a parameter's quotes is taken for a separator, and then refused.
bool read_list(const http::Fields& fields, std::string_view name, std::vector<std::string>& out) {
  for (const http::Field& field : fields) {
    if (!http::equal_ignoring_case(field.name, name)) continue;
    const auto take = [&out](std::string_view element) {
      if (element.empty()) return true;
      const std::string_view token = http::trim(element.substr(0, element.find(';')));
      if (!http::is_token(token) || out.size() == kOffersMax) return false;
      out.emplace_back(token);
      return true;
    };
    if (!http::for_each_element(field.value, take)) return false;
  }
  return true;
}

bool read_extensions(const http::Fields& fields, std::vector<std::string>& out) {
  if (!read_list(fields, "sec-websocket-extensions", out)) return false;
  for (std::string& one : out) one = http::lower(one);
  return true;
}

// Sixteen octets in base64: twenty-two digits and two fillers.
bool is_key(std::string_view key) {
  return key.size() == 24 && key.ends_with("==") &&
         key.find_first_not_of(kBase64) == key.size() - 2;
}

// Fields of the handshake that the client says are for its own connection only would not go up.
bool nominates_handshake(const http::Fields& fields) {
  constexpr std::array<std::string_view, 4> kNames = {"sec-websocket-key", "sec-websocket-version",
                                                      "sec-websocket-protocol",
                                                      "sec-websocket-extensions"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&fields](std::string_view name) { return http::is_nominated(fields, name); });
}

bool holds(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

UpgradeRead read_upgrade(const http::RequestHead& head, const http::Framing& framing) {
  UpgradeRead read;
  const auto key = head.field("sec-websocket-key");
  const auto version = head.field("sec-websocket-version");
  const bool has_body = framing.kind == http::BodyKind::chunked || framing.length > 0;
  UpgradeAsked asked;
  if (head.method != "GET" || head.version_minor != 1) {
    read.fault = "an upgrade to WebSocket is a GET of HTTP/1.1";
  } else if (has_body) {
    read.fault = "an upgrade to WebSocket has no body";
  } else if (head.count("upgrade") != 1 ||
             !http::equal_ignoring_case(*head.field("upgrade"), "websocket") ||
             !http::is_nominated(head.fields, "upgrade") || nominates_handshake(head.fields)) {
    read.fault = "Upgrade and Connection don't ask for WebSocket alone";
  } else if (!key || head.count("sec-websocket-key") != 1 || !is_key(*key)) {
    read.fault = "Sec-WebSocket-Key isn't one of 16 octets";
  } else if (!version || head.count("sec-websocket-version") != 1 || *version != "13") {
    read.fault = "Sec-WebSocket-Version isn't 13";
  } else if (!read_list(head.fields, "sec-websocket-protocol", asked.protocols) ||
             !read_extensions(head.fields, asked.extensions)) {
    read.fault = "subprotocols or extensions aren't lists of tokens";
  } else {
    asked.key = *key;
    read.asked = std::move(asked);
  }
  return read;
}

std::string accept_of(std::string_view key) {
  const std::string text = std::string(key).append(kGuid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
  const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(length)};
}

std::string_view switch_fault(const http::AnswerHead& answer, const UpgradeAsked& asked) {
  const http::Fields& fields = answer.fields;
  const auto upgrade = fields.find("upgrade");
  const auto accept = fields.find("sec-websocket-accept");
  if (answer.version_minor != 1 || fields.count("upgrade") != 1 ||
      !http::equal_ignoring_case(*upgrade, "websocket") || !http::is_nominated(fields, "upgrade")) {
    return "it doesn't switch to WebSocket";
  }
  if (!accept || fields.count("sec-websocket-accept") != 1 || *accept != accept_of(asked.key)) {
    return "its Sec-WebSocket-Accept is another key's";
  }
  std::vector<std::string> protocols;
  if (!read_list(fields, "sec-websocket-protocol", protocols) || protocols.size() > 1 ||
      (!protocols.empty() && !holds(asked.protocols, protocols.front()))) {
    return "its subprotocol wasn't offered";
  }
  std::vector<std::string> extensions;
  if (!read_extensions(fields, extensions) ||
      !std::all_of(extensions.begin(), extensions.end(),
                   [&asked](const std::string& one) { return holds(asked.extensions, one); })) {
    return "its extensions weren't offered";
  }
  return {};
}

void add_upgrade_fields(std::string& head) {
  CHECK(head.ends_with("\r\n\r\n"));
  head.insert(head.size() - 2, kUpgradeFields);
}

}  // namespace sallyport::relay
