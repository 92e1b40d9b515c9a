#include "reference/credentials/store.h"

#include <algorithm>
#include <set>

#include "reference/credentials/base64.h"
#include "reference/credentials/placeholder.h"

namespace sallyport::credentials {
namespace {

constexpr std::string_view kBlanks = " \t";

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
  const bool bound = std::any_of(credential->bindings.begin(), credential->bindings.end(),
                                 [&](const Binding& binding) { return allows(binding, endpoint); });
  if (!bound) return refused(Refusal::endpoint_mismatch, credential->key);
  const std::string_view value = credential->value.reveal();
  if (is_expired(*credential, now_ms) || !is_sendable(value)) {
    return refused(Refusal::unavailable, credential->key);
  }
  Resolved resolved;
  resolved.value = value;
  return resolved;
}

// Every token in what `encoded` stands for is replaced, and the whole encoded again. An alias, or a
// placeholder that is percent-encoded, beside them is never a value of ours, and not to be sent on.
std::optional<Resolved> Store::resolve_basic(std::string_view scheme, std::string_view encoded,
                                             const Endpoint& endpoint, std::int64_t now_ms) const {
  const auto decoded = decode_base64(encoded);
  if (!decoded || !holds_placeholder(*decoded)) return std::nullopt;
  std::string plain;
  std::string_view rest = *decoded;
  while (!rest.empty()) {
    const std::string_view literal = rest.substr(0, rest.find(kMarker));
    if (holds_placeholder(literal)) return refused(Refusal::unavailable);
    plain.append(literal);
    rest.remove_prefix(literal.size());
    if (rest.empty()) break;
    const std::size_t size = token_size(rest);
    Resolved one = resolve_token(rest.substr(0, size), endpoint, now_ms);
    if (one.refusal != Refusal::none) return one;
    plain.append(one.value);
    rest.remove_prefix(size);
  }
  Resolved resolved;
  resolved.value = std::string(scheme) + " " + encode_base64(plain);
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

}  // namespace sallyport::credentials
