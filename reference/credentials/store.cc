#include "reference/credentials/store.h"

#include <algorithm>
#include <set>

#include "reference/credentials/base64.h"
#include "reference/credentials/placeholder.h"

namespace sallyport::credentials {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::uint16_t kHttpsPort = 443;
// RFC 3986, 2.3, and what a path's segment may hold besides, but `;`, which begins parameters.
constexpr std::string_view kUnreserved = "-._~";
constexpr std::string_view kSegment = "-._~!$&'()*+,=:@";
constexpr std::string_view kOtherSegment = "/\\?#";

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string encoded(std::string_view text, std::string_view plain) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() * 3);
  for (const char c : text) {
    if (is_alphanumeric(c) || plain.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kDigits[octet >> 4U]);
    out.push_back(kDigits[octet & 0xFU]);
  }
  return out;
}

std::string as_it_is(std::string_view text) { return std::string(text); }
std::string in_segment(std::string_view text) { return encoded(text, kSegment); }
std::string in_query(std::string_view text) { return encoded(text, kUnreserved); }

bool shows_marker(std::string_view text) { return text.find(kMarker) != std::string_view::npos; }

Resolved refused(Refusal refusal, std::string_view key = {}) {
  Resolved resolved;
  resolved.refusal = refusal;
  resolved.key = key;
  return resolved;
}

bool is_basic(std::string_view word) {
  constexpr std::string_view kBasic = "basic";
  return std::equal(word.begin(), word.end(), kBasic.begin(), kBasic.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// What a field's value may hold, and no server's parser stumbles over: no control octets at all.
bool is_sendable(std::string_view value) {
  return !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet == 0x7F || (octet < 0x20 && c != '\t');
  });
}

bool in_clear_on_https(const Endpoint& endpoint) {
  return endpoint.clear && endpoint.port == kHttpsPort;
}

bool is_bound_by_policy(const Credential& credential, const Endpoint& endpoint) {
  return credential.bindings.empty() && !credential.provider.empty() &&
         std::find(endpoint.providers.begin(), endpoint.providers.end(), credential.provider) !=
             endpoint.providers.end();
}

bool may_go(const Credential& credential, const Endpoint& endpoint) {
  if (in_clear_on_https(endpoint)) return false;
  return is_bound_by_policy(credential, endpoint) ||
         std::any_of(credential.bindings.begin(), credential.bindings.end(),
                     [&](const Binding& binding) { return allows(binding, endpoint); });
}

bool is_expired(const Credential& credential, std::int64_t now_ms) {
  return credential.expires_at_ms > 0 && credential.expires_at_ms <= now_ms;
}

}  // namespace

Store::Store(std::uint64_t revision, std::vector<Credential> all)
    : revision_(revision), revisions_{revision} {
  std::set<std::string> twice;
  for (Credential& credential : all) {
    if (!is_usable_key(credential.key)) continue;
    std::string key = credential.key;
    if (!all_.emplace(key, std::move(credential)).second) twice.insert(std::move(key));
  }
  for (const std::string& key : twice) all_.erase(key);
  for (const auto& [key, credential] : all_) {
    issued_[key].push_back(Issued{revision, credential.identity});
  }
}

std::map<std::string, std::string> Store::environment() const {
  std::map<std::string, std::string> variables;
  for (const auto& [key, credential] : all_) {
    variables.emplace(key, write_placeholder(revision_, key));
  }
  return variables;
}

Store Store::succeed(const Store& before, Store next) {
  std::vector<std::uint64_t> revisions = before.revisions_;
  std::erase(revisions, next.revision_);
  revisions.push_back(next.revision_);
  if (revisions.size() > kRevisionsMax) revisions.erase(revisions.begin());
  for (const auto& [key, issued] : before.issued_) {
    const auto now = next.all_.find(key);
    const bool held = now != next.all_.end();
    for (const Issued& one : issued) {
      const bool recent =
          std::find(revisions.begin(), revisions.end(), one.revision) != revisions.end();
      const bool same = !held || now->second.identity == one.identity;
      // What `next` holds was issued under its own revision already.
      const bool again = held && one.revision == next.revision_;
      if (recent && same && !again) next.issued_[key].push_back(one);
    }
  }
  next.revisions_ = std::move(revisions);
  return next;
}

const Credential* Store::find(std::string_view key, std::uint64_t revision) const {
  const auto credential = all_.find(key);
  const auto issued = issued_.find(key);
  if (credential == all_.end() || issued == issued_.end()) return nullptr;
  for (const Issued& one : issued->second) {
    if (one.revision == revision && one.identity == credential->second.identity) {
      return &credential->second;
    }
  }
  return nullptr;
}

Resolved Store::resolve_token(std::string_view token, const Endpoint& endpoint,
                              std::int64_t now_ms) const {
  const auto placeholder = read_placeholder(token);
  if (!placeholder) return refused(Refusal::unavailable);
  const Credential* credential = find(placeholder->key, placeholder->revision);
  if (credential == nullptr) return refused(Refusal::unavailable);
  if (!may_go(*credential, endpoint)) return refused(Refusal::endpoint_mismatch, credential->key);
  const std::string_view value = credential->value.reveal();
  if (is_expired(*credential, now_ms) || !is_sendable(value)) {
    return refused(Refusal::unavailable, credential->key);
  }
  Resolved resolved;
  resolved.value = value;
  return resolved;
}

// Every token in what `encoded` stands for is replaced, and the whole encoded again.
std::optional<Resolved> Store::resolve_basic(std::string_view scheme, std::string_view encoded,
                                             const Endpoint& endpoint, std::int64_t now_ms) const {
  const auto decoded = decode_base64(encoded);
  if (!decoded || !holds_placeholder(*decoded)) return std::nullopt;
  Resolved resolved = resolve_text(*decoded, Spelling{as_it_is, as_it_is}, endpoint, now_ms);
  if (resolved.refusal != Refusal::none) return resolved;
  resolved.value = std::string(scheme) + " " + encode_base64(resolved.value);
  return resolved;
}

std::optional<Resolved> Store::resolve_field(std::string_view value, const Endpoint& endpoint,
                                             std::int64_t now_ms) const {
  const std::size_t blank = value.find_first_of(kBlanks);
  const std::string_view word = value.substr(0, blank);
  std::string_view rest;
  if (blank != std::string_view::npos) {
    rest = value.substr(std::min(value.find_first_not_of(kBlanks, blank), value.size()));
  }
  if (!holds_placeholder(value)) {
    if (rest.empty() || !is_basic(word)) return std::nullopt;
    return resolve_basic(word, rest, endpoint, now_ms);
  }
  if (rest.empty()) return resolve_token(word, endpoint, now_ms);
  if (holds_placeholder(word)) return refused(Refusal::unavailable);
  Resolved resolved = resolve_token(rest, endpoint, now_ms);
  if (resolved.refusal == Refusal::none) {
    resolved.value.insert(0, std::string(value.substr(0, value.size() - rest.size())));
  }
  return resolved;
}

// An alias, or a placeholder that is percent-encoded, beside the tokens is never a value of ours,
// and not to be sent on.
Resolved Store::resolve_text(std::string_view text, const Spelling& spelling,
                             const Endpoint& endpoint, std::int64_t now_ms) const {
  Resolved resolved;
  while (!text.empty()) {
    const std::string_view literal = text.substr(0, text.find(kMarker));
    if (holds_placeholder(literal)) return refused(Refusal::unavailable);
    resolved.value.append(spelling.literal(literal));
    text.remove_prefix(literal.size());
    if (text.empty()) break;
    const std::size_t size = token_size(text);
    const Resolved one = resolve_token(text.substr(0, size), endpoint, now_ms);
    if (one.refusal != Refusal::none) return one;
    resolved.value.append(spelling.value(one.value));
    text.remove_prefix(size);
  }
  return resolved;
}

Resolved Store::resolve_segment(std::string_view segment, const Endpoint& endpoint,
                                std::int64_t now_ms) const {
  const std::string decoded = percent_decoded(segment);
  const Resolved plain = resolve_text(decoded, Spelling{as_it_is, as_it_is}, endpoint, now_ms);
  if (plain.refusal != Refusal::none) return plain;
  // The value must stay within its segment, however often a reader decodes or resolves.
  const auto added = [&](char c) {
    return std::count(plain.value.begin(), plain.value.end(), c) !=
           std::count(decoded.begin(), decoded.end(), c);
  };
  if (plain.value == "." || plain.value == ".." ||
      std::any_of(kOtherSegment.begin(), kOtherSegment.end(), added)) {
    return refused(Refusal::unavailable);
  }
  Resolved resolved;
  resolved.value = in_segment(plain.value);
  return resolved;
}

// What stands around a token that shows stays as it was sent; escapes hide one only if all is
// decoded.
Resolved Store::resolve_parameter(std::string_view parameter, const Endpoint& endpoint,
                                  std::int64_t now_ms) const {
  const std::size_t equals = parameter.find('=');
  if (equals == std::string_view::npos || holds_placeholder(parameter.substr(0, equals))) {
    return refused(Refusal::unavailable);
  }
  const std::string_view value = parameter.substr(equals + 1);
  Resolved resolved =
      shows_marker(value)
          ? resolve_text(value, Spelling{as_it_is, in_query}, endpoint, now_ms)
          : resolve_text(percent_decoded(value), Spelling{in_query, in_query}, endpoint, now_ms);
  if (resolved.refusal == Refusal::none) {
    resolved.value.insert(0, std::string(parameter.substr(0, equals + 1)));
  }
  return resolved;
}

std::optional<Resolved> Store::resolve_target(std::string_view target, const Endpoint& endpoint,
                                              std::int64_t now_ms) const {
  if (!holds_placeholder(target)) return std::nullopt;
  const std::size_t path_end = std::min(target.find('?'), target.size());
  Resolved whole;
  std::size_t at = 0;
  while (at < target.size()) {
    const bool in_path = at <= path_end;
    const std::size_t next = in_path ? std::min(target.find('/', at), path_end)
                                     : std::min(target.find('&', at), target.size());
    const std::string_view part = target.substr(at, next - at);
    if (holds_placeholder(part)) {
      const Resolved one = in_path ? resolve_segment(part, endpoint, now_ms)
                                   : resolve_parameter(part, endpoint, now_ms);
      if (one.refusal != Refusal::none) return one;
      whole.value.append(one.value);
    } else {
      whole.value.append(part);
    }
    if (next < target.size()) whole.value.push_back(target[next]);
    at = next + 1;
  }
  return whole;
}

bool Store::binds(const Endpoint& endpoint) const {
  return std::any_of(all_.begin(), all_.end(), [&](const auto& entry) {
    const Credential& credential = entry.second;
    return is_bound_by_policy(credential, endpoint) ||
           std::any_of(credential.bindings.begin(), credential.bindings.end(),
                       [&](const Binding& binding) { return leads_to(binding, endpoint); });
  });
}

}  // namespace sallyport::credentials
