#include "reference/gateway/stored.h"

#include <openssl/crypto.h>

#include <utility>

#include "reference/gateway/fingerprint.h"
#include "sallyport/gateway/v1/stored.pb.h"

namespace sallyport::gateway {
namespace {

constexpr std::string_view kProvider = "provider";
constexpr std::string_view kRoute = "route";
constexpr std::string_view kSandbox = "sandbox";
constexpr std::string_view kTokens = "tokens";
constexpr std::string_view kRegistrations = "registrations";
constexpr std::string_view kPolicy = "policy";
constexpr std::string_view kStart = "start";
constexpr std::string_view kSeed = "seed";

void write(const CredentialEndpoint& from, v1::StoredEndpoint& to) {
  to.set_host(from.host);
  to.set_port(from.port);
  to.set_path(from.path);
}

CredentialEndpoint read(const v1::StoredEndpoint& from) {
  return {from.host(), static_cast<std::uint16_t>(from.port()), from.path()};
}

v1::StoredProvider message_of(const Provider& from) {
  v1::StoredProvider to;
  to.set_id(from.id);
  to.set_name(from.name);
  to.set_type(from.type);
  for (const auto& [key, value] : from.credentials) {
    auto& entry = *to.add_credentials();
    entry.set_key(key);
    entry.set_value(std::string(value.reveal()));
  }
  for (const auto& [key, value] : from.config) {
    auto& entry = *to.add_config();
    entry.set_key(key);
    entry.set_value(value);
  }
  for (const auto& [key, at_ms] : from.expires_at_ms) {
    auto& entry = *to.add_expiries();
    entry.set_key(key);
    entry.set_at_ms(at_ms);
  }
  for (const CredentialEndpoint& endpoint : from.endpoints) write(endpoint, *to.add_endpoints());
  to.set_created_at_ms(from.created_at_ms);
  to.set_version(from.version);
  return to;
}

Provider record_of(const v1::StoredProvider& from) {
  Provider to;
  to.id = from.id();
  to.name = from.name();
  to.type = from.type();
  for (const auto& entry : from.credentials()) {
    to.credentials.emplace(entry.key(), base::Secret(entry.value()));
  }
  for (const auto& entry : from.config()) to.config.emplace(entry.key(), entry.value());
  for (const auto& entry : from.expiries()) to.expires_at_ms.emplace(entry.key(), entry.at_ms());
  for (const auto& endpoint : from.endpoints()) to.endpoints.push_back(read(endpoint));
  to.created_at_ms = from.created_at_ms();
  to.version = from.version();
  return to;
}

v1::StoredRoute message_of(const Route& from) {
  v1::StoredRoute to;
  to.set_provider(from.provider);
  to.set_model(from.model);
  to.set_timeout_s(from.timeout_s);
  to.set_version(from.version);
  return to;
}

Route record_of(const v1::StoredRoute& from) {
  return {from.provider(), from.model(), from.timeout_s(), from.version()};
}

v1::StoredRegistrations message_of(const std::vector<Registration>& from) {
  v1::StoredRegistrations to;
  for (const Registration& one : from) {
    auto& stored = *to.add_all();
    stored.set_name(one.name);
    stored.set_endpoint(one.endpoint);
    stored.set_payload_bytes_max(one.payload_bytes_max);
    stored.set_timeout(one.timeout);
    stored.set_ca_pem(one.ca_pem);
    stored.set_audience(one.audience);
    stored.set_allow_insecure_transport(one.allow_insecure_transport);
  }
  return to;
}

std::vector<Registration> record_of(const v1::StoredRegistrations& from) {
  std::vector<Registration> to;
  for (const auto& one : from.all()) {
    to.push_back({one.name(), one.endpoint(), one.payload_bytes_max(), one.timeout(), one.ca_pem(),
                  one.audience(), one.allow_insecure_transport()});
  }
  return to;
}

v1::StoredPolicy message_of(const PolicyRecord& from) {
  v1::StoredPolicy to;
  to.set_document(from.document);
  to.set_hash(from.hash);
  to.mutable_implementations()->Add(from.implementations.begin(), from.implementations.end());
  for (const PolicyBinding& binding : from.bindings) {
    auto& stored = *to.add_bindings();
    stored.set_provider(binding.provider);
    write(binding.endpoint, *stored.mutable_endpoint());
  }
  to.set_version(from.version);
  to.set_created_at_ms(from.created_at_ms);
  return to;
}

PolicyRecord record_of(const v1::StoredPolicy& from) {
  PolicyRecord to;
  to.document = from.document();
  to.hash = from.hash();
  to.implementations.assign(from.implementations().begin(), from.implementations().end());
  for (const auto& binding : from.bindings()) {
    to.bindings.push_back({binding.provider(), read(binding.endpoint())});
  }
  to.version = from.version();
  to.created_at_ms = from.created_at_ms();
  return to;
}

v1::StoredSandbox message_of(const Sandbox& from) {
  v1::StoredSandbox to;
  to.set_id(from.id);
  to.set_name(from.name);
  if (from.policy) *to.mutable_policy() = message_of(*from.policy);
  to.mutable_providers()->Add(from.providers.begin(), from.providers.end());
  to.set_created_at_ms(from.created_at_ms);
  to.set_version(from.version);
  if (from.effective) *to.mutable_effective() = message_of(*from.effective);
  to.set_effective_of(from.effective_of);
  if (from.report) {
    auto& report = *to.mutable_report();
    report.set_version(from.report->version);
    report.set_hash(from.report->hash);
    report.set_loaded(from.report->loaded);
    report.set_error(from.report->error);
    report.set_at_ms(from.report->at_ms);
  }
  to.set_loaded_version(from.loaded_version);
  return to;
}

Sandbox record_of(const v1::StoredSandbox& from) {
  Sandbox to;
  to.id = from.id();
  to.name = from.name();
  if (from.has_policy()) to.policy = record_of(from.policy());
  to.providers.assign(from.providers().begin(), from.providers().end());
  to.created_at_ms = from.created_at_ms();
  to.version = from.version();
  if (from.has_effective()) to.effective = record_of(from.effective());
  to.effective_of = from.effective_of();
  if (from.has_report()) {
    const auto& report = from.report();
    to.report = PolicyReport{report.version(), report.hash(), report.loaded(), report.error(),
                             report.at_ms()};
  }
  to.loaded_version = from.loaded_version();
  return to;
}

v1::StoredTokens message_of(const IssuedTokens& from) {
  v1::StoredTokens to;
  to.mutable_sha256()->Add(from.digests.begin(), from.digests.end());
  return to;
}

IssuedTokens record_of(const v1::StoredTokens& from) {
  return {{from.sha256().begin(), from.sha256().end()}};
}

v1::StoredText message_of(const std::string& text) {
  v1::StoredText to;
  to.set_text(text);
  return to;
}

template <class Message>
base::Secret octets(const Message& message) {
  std::string text;
  message.SerializeToString(&text);
  return base::Secret(std::move(text));
}

// Of a record; the message, which holds its values once more, is wiped.
template <class Record>
base::Secret value_of(const Record& record) {
  auto message = message_of(record);
  base::Secret value = octets(message);
  if constexpr (std::is_same_v<Record, Provider>) {
    for (auto& entry : *message.mutable_credentials()) {
      ::OPENSSL_cleanse(entry.mutable_value()->data(), entry.value().size());
    }
  }
  return value;
}

template <class Record>
std::string seed_of(const Record& record) {
  Fingerprint all;
  return all.add(value_of(record).reveal()).hex();
}

template <class Map>
void compare(std::string_view kind, const Map& from, const Map& to, RowChanges& all) {
  for (const auto& [key, record] : to) {
    const auto before = from.find(key);
    if (before != from.end() && before->second == record) continue;
    all.put.push_back({{std::string(kind), key}, value_of(record)});
  }
  for (const auto& [key, record] : from) {
    if (!to.contains(key)) all.gone.push_back({std::string(kind), key});
  }
}

// A value that was there and isn't any more.
bool forgets(const State& from, const State& to) {
  for (const auto& [name, before] : from.providers) {
    const auto after = to.providers.find(name);
    if (after == to.providers.end()) return true;
    for (const auto& [key, value] : before.credentials) {
      const auto kept = after->second.credentials.find(key);
      if (kept == after->second.credentials.end() || !(kept->second == value)) return true;
    }
  }
  return false;
}

template <class Message>
bool parse(const Row& row, Message& message) {
  const std::string_view value = row.value.reveal();
  return message.ParseFromArray(value.data(), static_cast<int>(value.size()));
}

template <class Message, class Keep>
bool read_as(const Row& row, Keep keep) {
  Message message;
  return parse(row, message) && keep(record_of(message));
}

bool read_text(const Row& row, Kept& into) {
  v1::StoredText message;
  if (!parse(row, message)) return false;
  if (row.at.kind == kStart) {
    into.state.start = message.text();
  } else {
    into.seeds.insert_or_assign(row.at.key, message.text());
  }
  return true;
}

}  // namespace

RowChanges changes(const State& old, const State& now) {
  RowChanges all;
  compare(kProvider, old.providers, now.providers, all);
  compare(kRoute, old.routes, now.routes, all);
  compare(kSandbox, old.sandboxes, now.sandboxes, all);
  compare(kTokens, old.tokens, now.tokens, all);
  const auto one = [&all](std::string_view kind, const auto& before, const auto& after) {
    if (!(before == after)) all.put.push_back({{std::string(kind), {}}, value_of(after)});
  };
  one(kRegistrations, old.registrations, now.registrations);
  one(kStart, old.start, now.start);
  if (now.policy && now.policy != old.policy) {
    all.put.push_back({{std::string(kPolicy), {}}, value_of(*now.policy)});
  }
  if (old.policy && !now.policy) all.gone.push_back({std::string(kPolicy), {}});
  all.forgets = forgets(old, now);
  return all;
}

void add_changes(const Seeds& from, const Seeds& to, RowChanges& all) {
  compare(kSeed, from, to, all);
}

bool read_row(const Row& row, Kept& into) {
  State& state = into.state;
  const std::string& key = row.at.key;
  const std::string& kind = row.at.kind;
  if (kind == kProvider) {
    return read_as<v1::StoredProvider>(row, [&](Provider record) {
      return record.name == key && state.providers.emplace(key, std::move(record)).second;
    });
  }
  if (kind == kRoute) {
    return read_as<v1::StoredRoute>(
        row, [&](Route record) { return state.routes.emplace(key, std::move(record)).second; });
  }
  if (kind == kSandbox) {
    return read_as<v1::StoredSandbox>(row, [&](Sandbox record) {
      return record.id == key && state.sandboxes.emplace(key, std::move(record)).second;
    });
  }
  if (kind == kTokens) {
    return read_as<v1::StoredTokens>(row, [&](IssuedTokens record) {
      return state.tokens.emplace(key, std::move(record)).second;
    });
  }
  if (kind == kRegistrations) {
    return read_as<v1::StoredRegistrations>(row, [&](std::vector<Registration> all) {
      state.registrations = std::move(all);
      return true;
    });
  }
  if (kind == kPolicy) {
    return read_as<v1::StoredPolicy>(row, [&](PolicyRecord record) {
      state.policy = std::move(record);
      return true;
    });
  }
  return (kind == kStart || kind == kSeed) && read_text(row, into);
}

Seeds seeds_of(const State& configured) {
  Seeds seeds;
  const auto put = [&seeds](std::string_view kind, const std::string& key, const auto& record) {
    seeds.emplace(std::string(kind) + "/" + key, seed_of(record));
  };
  for (const auto& [name, provider] : configured.providers) {
    Provider said = provider;
    said.created_at_ms = 0;
    said.version = 0;
    put(kProvider, name, said);
  }
  for (const auto& [name, route] : configured.routes) {
    Route said = route;
    said.version = 0;
    put(kRoute, name, said);
  }
  const auto unversioned = [](PolicyRecord policy) {
    policy.version = 0;
    policy.created_at_ms = 0;
    return policy;
  };
  for (const auto& [id, sandbox] : configured.sandboxes) {
    Sandbox said = sandbox;
    said.created_at_ms = 0;
    said.version = 0;
    if (said.policy) said.policy = unversioned(*said.policy);
    put(kSandbox, id, said);
  }
  if (configured.policy) put(kPolicy, {}, unversioned(*configured.policy));
  if (!configured.registrations.empty()) put(kRegistrations, {}, configured.registrations);
  return seeds;
}

}  // namespace sallyport::gateway
