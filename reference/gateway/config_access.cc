#include "reference/gateway/config_access.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "reference/gateway/config_parts.h"

namespace sallyport::gateway {
namespace {

using base::yaml::MapReader;
using base::yaml::Node;

struct OldKey {
  std::string_view key;
  std::string_view instead;
};

// Of the field system before its inference was one managed route (NVIDIA/OpenShell, PR 146).
constexpr std::array kOldKeys{
    OldKey{"route", "the one route is `inference: {provider: NAME, model: ID}`"},
    OldKey{"routes", "there is one route, `inference: {provider: NAME, model: ID}`"},
    OldKey{"routing_hint", "clients ask for `inference.local` and name no route"},
    OldKey{"inference_routes", "there is one route, `inference: {provider: NAME, model: ID}`"},
    OldKey{"database", "write `state: FILE`"},
    OldKey{"token", "a token never stands in this file: write `operator_token_file: FILE`"},
    OldKey{"operator_token",
           "a token never stands in this file: write `operator_token_file: FILE`"},
};

void read_listen(MapReader& map, Config& config) {
  if (!map.has("listen")) {
    config.listen.push_back(*net::Endpoint::parse("127.0.0.1:8090"));
    return;
  }
  const std::vector<std::string> texts = map.texts("listen");
  if (texts.empty()) map.complain("listen", "listen needs at least one address");
  for (const std::string& text : texts) {
    if (const auto endpoint = net::Endpoint::parse(text)) {
      config.listen.push_back(*endpoint);
    } else {
      map.complain("listen", fmt::format("\"{}\" is not an address and a port "
                                         "(127.0.0.1:8090, [::1]:0)",
                                         text));
    }
  }
}

void read_tls(MapReader& parent, Config& config) {
  const Node* const node = parent.map("tls");
  if (node == nullptr) return;
  MapReader map(*node, parent.file(), "tls", parent.complaints());
  const std::size_t before = map.complaints().all().size();
  std::string certificate;
  std::string key;
  if (map.require("certificate") != nullptr) certificate = map.text("certificate");
  if (map.require("key") != nullptr) key = map.text("key");
  map.finish();
  if (map.complaints().all().size() > before) return;
  std::string wrong;
  config.tls =
      read_server_tls(path_beside(map.file(), certificate), path_beside(map.file(), key), wrong);
  if (!config.tls) parent.complain("tls", wrong);
}

void read_operator_token(MapReader& map, Config& config) {
  const auto path = map.maybe_text("operator_token_file");
  if (!path) return;
  config.token_files.operator_file = path_beside(map.file(), *path);
  std::string why;
  if (auto digests = read_digests(config.token_files.operator_file, why)) {
    config.tokens.operators = std::move(*digests);
  } else {
    map.complain("operator_token_file", why);
  }
}

// What is said on a listener that isn't loopback's can be read on the way.
void judge_listeners(MapReader& map, const Config& config) {
  if (map.has("tls") || config.insecure || config.allow_unauthenticated) return;
  for (const net::Endpoint& at : config.listen) {
    if (at.address.unmapped().is_loopback()) continue;
    map.complain("listen", fmt::format("{} is not loopback, and bundles hold keys: write "
                                       "`tls: {{certificate: FILE, key: FILE}}`, or "
                                       "`insecure: true` where nobody else is on the way",
                                       at.to_string()));
  }
}

}  // namespace

void read_access(MapReader& map, Config& config) {
  read_listen(map, config);
  config.allow_unauthenticated = map.boolean("allow_unauthenticated", false);
  config.insecure = map.boolean("insecure", false);
  read_tls(map, config);
  read_operator_token(map, config);
  judge_listeners(map, config);
  if (config.insecure && map.has("tls")) {
    map.complain("insecure", "tls and insecure rule each other out: remove one");
  }
  if (config.allow_unauthenticated && map.has("operator_token_file")) {
    map.complain("allow_unauthenticated",
                 "with an operator's token nobody is believed without one: remove "
                 "allow_unauthenticated or operator_token_file");
  }
}

void read_sandbox_token(MapReader& map, const std::string& id, Config& config) {
  const auto path = map.maybe_text("token_file");
  if (!path || id.empty()) return;
  std::string full = path_beside(map.file(), *path);
  std::string why;
  auto digests = read_digests(full, why);
  if (!digests) return map.complain("token_file", why);
  config.token_files.sandboxes[id] = std::move(full);
  config.tokens.sandboxes[id] = std::move(*digests);
  if (std::string shared = shared_token(config.tokens); !shared.empty()) {
    map.complain("token_file", shared);
    config.tokens.sandboxes.erase(id);  // or each sandbox after this one would be told the same
  }
}

void refuse_old_keys(MapReader& map) {
  for (const OldKey& old : kOldKeys) {
    if (!map.has(old.key)) continue;
    map.known({old.key});
    map.complain(old.key, fmt::format("{} is no key of a gateway: {}", old.key, old.instead));
  }
}

}  // namespace sallyport::gateway
