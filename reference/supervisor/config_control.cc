#include "reference/supervisor/config_control.h"

#include <fmt/format.h>

#include <fstream>
#include <set>
#include <sstream>

#include "reference/middleware/limits.h"
#include "reference/middleware/manifest.h"
#include "reference/rpc/target.h"
#include "reference/supervisor/config_paths.h"

namespace sallyport::supervisor {
namespace {

using base::yaml::MapReader;
using base::yaml::Node;

constexpr base::Duration kTimeLeast = std::chrono::milliseconds(1);

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

base::Duration read_time(MapReader& map, std::string_view key, base::Duration fallback) {
  const base::Duration value = map.duration(key, fallback);
  if (value < kTimeLeast) map.complain(key, fmt::format("{} is at least 1ms", key));
  return value;
}

// An http:// or https:// address of a gRPC service; complains, and gives it back all the same.
std::string read_endpoint(MapReader& map, std::string_view key) {
  if (map.require(key) == nullptr) return {};
  const std::string text = map.text(key);
  if (!rpc::parse_target(text)) {
    map.complain(key, fmt::format("\"{}\" is not http://HOST:PORT or https://HOST:PORT", text));
  }
  return text;
}

// The certificates in the file under `key`; empty without the key.
std::string read_ca(MapReader& map, std::string_view key, const std::string& endpoint) {
  if (!map.has(key)) return {};
  const auto path = readable_path(map, key);
  if (!path) return {};
  const auto pem = rpc::certificates_of(read_file(*path));
  if (!pem) {
    map.complain(
        key, fmt::format("{} holds no certificates in PEM form, or something else besides", *path));
  } else if (!endpoint.starts_with("https://")) {
    map.complain(key, "certificates are trusted for https:// endpoints only");
  }
  return pem.value_or("");
}

std::string read_word(MapReader& map, std::string_view key) {
  if (map.require(key) == nullptr) return {};
  std::string text = map.text(key);
  if (text.empty()) map.complain(key, fmt::format("{} must not be empty", key));
  return text;
}

// Read now, so that a mistake shows at --check, and by whoever sends it.
void read_token(MapReader& map, GatewayConfig& gateway) {
  gateway.insecure = map.boolean("insecure", false);
  const auto path = map.maybe_text("token_file");
  if (!path) return;
  std::string why;
  gateway.token = rpc::TokenFile::open(resolve_path(map.file(), *path), why);
  if (!gateway.token) return map.complain("token_file", why);
  const auto target = rpc::parse_target(gateway.endpoint);
  if (target && rpc::is_exposed(*target) && !gateway.insecure) {
    map.complain("token_file",
                 "the token would go over the net in clear: use https://, or write "
                 "`insecure: true` where nobody else is on the way");
  }
}

void read_gateway(MapReader& parent, Config& config) {
  const Node* node = parent.map("gateway");
  if (node == nullptr) return;
  MapReader map(*node, parent.file(), "gateway", parent.complaints());
  GatewayConfig gateway;
  gateway.endpoint = read_endpoint(map, "endpoint");
  gateway.sandbox = read_word(map, "sandbox");
  gateway.poll = read_time(map, "poll", gateway.poll);
  gateway.timeout = read_time(map, "timeout", gateway.timeout);
  gateway.start_wait = read_time(map, "start_wait", gateway.start_wait);
  map.known({"max_stale"});
  if (map.has("max_stale")) gateway.max_stale = read_time(map, "max_stale", kTimeLeast);
  gateway.ca_pem = read_ca(map, "ca", gateway.endpoint);
  read_token(map, gateway);
  map.finish();
  config.gateway = std::move(gateway);
}

// Octets: a bare number, as in the field, or a size with its unit.
std::uint64_t read_octets(MapReader& map, std::string_view key) {
  const Node* node = map.node(key);
  const bool bare = node->is_scalar() && !node->text.empty() &&
                    node->text.find_first_not_of("0123456789") == std::string::npos;
  return bare ? map.integer(key, 0) : map.size(key, 0);
}

middleware::Registration read_registration(const Node& node, MapReader& parent) {
  const std::size_t complaints_before = parent.complaints().all().size();
  MapReader map(node, parent.file(), "a middleware registration", parent.complaints());
  middleware::Registration one;
  one.name = read_word(map, "name");
  one.endpoint = read_endpoint(map, "grpc_endpoint");
  if (map.require("max_payload_bytes") != nullptr) {
    one.payload_bytes_max = read_octets(map, "max_payload_bytes");
    if (one.payload_bytes_max == 0 || one.payload_bytes_max > middleware::kPayloadBytesMax) {
      map.complain("max_payload_bytes",
                   fmt::format("max_payload_bytes is from 1 to {}", middleware::kPayloadBytesMax));
    }
  }
  one.timeout = map.text("timeout");
  if (!middleware::parse_timeout(one.timeout)) {
    map.complain("timeout", "a timeout is `500ms` or `2s`, from 10ms to 30s");
  }
  one.ca_pem = read_ca(map, "tls_ca_cert_path", one.endpoint);
  one.audience = map.text("audience");
  if (one.audience.empty()) one.audience = middleware::default_audience(one.name);
  one.allow_insecure_transport = map.boolean("allow_insecure_transport", false);
  map.finish();
  if (parent.complaints().all().size() == complaints_before) {
    const auto fault = middleware::registration_fault(one);
    if (fault) parent.complain_at(node, *fault);
  }
  return one;
}

void read_middleware(MapReader& parent, Config& config) {
  std::set<std::string> names;
  for (const base::yaml::NodePtr& node : parent.list("middleware")) {
    if (!node->is_map()) {
      parent.complain_at(*node, "a middleware registration is a map");
      continue;
    }
    middleware::Registration one = read_registration(*node, parent);
    if (!one.name.empty() && !names.insert(one.name).second) {
      parent.complain_at(*node, fmt::format("\"{}\" is registered twice", one.name));
    }
    config.middleware.push_back(std::move(one));
  }
}

void read_sandbox(MapReader& parent, Config& config) {
  if (config.gateway) config.sandbox.id = config.gateway->sandbox;
  const Node* node = parent.map("sandbox");
  if (node == nullptr) return;
  MapReader map(*node, parent.file(), "sandbox", parent.complaints());
  config.sandbox.id = map.text("id", config.sandbox.id);
  config.sandbox.name = map.text("name");
  config.sandbox.workspace = map.text("workspace");
  map.finish();
}

}  // namespace

void read_control(MapReader& map, Config& config) {
  read_gateway(map, config);
  read_middleware(map, config);
  read_sandbox(map, config);
  if (!config.gateway) return;
  for (const std::string_view key : {"policy", "routes", "middleware", "credentials"}) {
    if (map.has(key)) {
      map.complain(key,
                   fmt::format("with a gateway, {} is the gateway's: remove one of them", key));
    }
  }
}

}  // namespace sallyport::supervisor
