#include "reference/inference/routes.h"

#include <algorithm>
#include <span>

#include "reference/base/yaml.h"
#include "reference/http/local_response.h"
#include "reference/http/target.h"
#include "reference/http/text.h"

namespace sallyport::inference {
namespace {

namespace yaml = base::yaml;

constexpr std::string_view kBedrockProtocol = "aws_bedrock_invoke";

// Whether a path can stand in a request line and means to every reader what it says.
bool is_plain_path(std::string_view path) {
  if (path.empty()) return true;
  const auto canonical = http::canonical_target(path);
  return canonical && !canonical->changed;
}

// Of the many routes that there were before the one (NVIDIA/OpenShell, PR 146).
struct RemovedKey {
  std::string_view key;
  std::string_view instead;
};
constexpr RemovedKey kRemovedFromRoutes[] = {
    {"route", "write `routes: [{name, endpoint, model, protocols}]`"},
    {"routing_hint",
     "clients ask inference.local and name no route; the first one that lists the "
     "call's protocol is taken"},
};
constexpr RemovedKey kRemovedFromARoute[] = {
    {"routing_hint",
     "clients ask inference.local and name no route; the first one that lists the "
     "call's protocol is taken"},
    {"base_url", "write `endpoint`"},
    {"model_id", "write `model`"},
    {"api_patterns", "write `protocols`: the calls of each are built in"},
    {"enabled", "leave a route out that isn't to be used"},
};

void refuse_removed(yaml::MapReader& map, std::span<const RemovedKey> removed) {
  for (const RemovedKey& one : removed) {
    if (!map.has(one.key)) continue;
    map.known({one.key});
    map.complain(one.key, "\"" + std::string(one.key) + "\" was removed: " +
                              std::string(one.instead) + " (docs/migrating.md)");
  }
}

std::string read_text(yaml::MapReader& map, std::string_view key) {
  if (map.require(key) == nullptr) return {};
  std::string text = map.text(key);
  if (http::trim(text).empty()) map.complain(key, std::string(key) + " must not be empty");
  return text;
}

// Refuses what would break a field of the request that the key is sent in.
void read_key(yaml::MapReader& map, const Environment& environment, Route& route) {
  std::optional<std::string> key = map.maybe_text("api_key");
  const std::optional<std::string> variable = map.maybe_text("api_key_env");
  std::string_view place = "api_key";
  if (!key && variable && !map.has("api_key")) {
    place = "api_key_env";
    key = environment(*variable);
    if (!key) {
      map.complain(place, "the environment variable " + *variable + " is not set");
      return;
    }
  }
  if (!key) {
    // An api_key that couldn't be read has been complained about.
    if (!map.has("api_key") && !map.has("api_key_env"))
      map.complain("api_key",
                   "the route has neither api_key nor api_key_env; "
                   "write `api_key: \"\"` for an upstream that takes no key");
    return;
  }
  if (!http::is_field_value(*key) || http::trim(*key) != *key)
    map.complain(place, "the key holds a byte that a header field may not hold");
  else
    route.api_key = base::Secret(*std::move(key));
}

void read_protocols(yaml::MapReader& map, Route& route) {
  if (map.require("protocols") == nullptr) return;
  const auto known = served_protocols();
  const yaml::Node* list = map.node("protocols");
  for (const std::string& written : map.texts("protocols")) {
    const std::string protocol = http::lower(http::trim(written));
    if (protocol.empty()) continue;
    if (protocol == kBedrockProtocol) {
      map.complain_at(*list, "protocol \"aws_bedrock_invoke\" is not served");
    } else if (std::find(known.begin(), known.end(), protocol) == known.end()) {
      map.complain_at(*list,
                      "unknown protocol \"" + protocol + "\"" + base::suggestion(protocol, known));
    } else if (std::find(route.protocols.begin(), route.protocols.end(), protocol) ==
               route.protocols.end()) {
      route.protocols.push_back(protocol);
      continue;
    } else {
      continue;
    }
    return;
  }
  if (route.protocols.empty()) map.complain("protocols", "a route needs at least one protocol");
}

void read_provider(yaml::MapReader& map, Route& route) {
  route.provider_type = http::lower(http::trim(map.text("provider_type")));
  if (route.provider_type.empty()) return;
  const Profile* profile = find_profile(route.provider_type);
  if (profile != nullptr) {
    adopt_profile(*profile, route);
  } else if (is_unserved_type(route.provider_type)) {
    map.complain("provider_type", "provider type \"" + route.provider_type + "\" is not served");
  } else {
    map.complain("provider_type", "unknown provider type \"" + route.provider_type + "\"" +
                                      base::suggestion(route.provider_type, profile_types()));
  }
}

void read_endpoint(yaml::MapReader& map, Route& route) {
  const std::string text = read_text(map, "endpoint");
  if (text.empty()) return;
  std::string reason;
  auto base = parse_base_url(text, reason);
  if (base)
    route.base = *std::move(base);
  else
    map.complain("endpoint", reason);
}

Route read_route(const yaml::Node& node, const std::string& file, const Environment& environment,
                 base::Diagnostics& complaints) {
  Route route;
  yaml::MapReader map(node, file, "a route", complaints);
  route.name = read_text(map, "name");
  read_endpoint(map, route);
  route.model = read_text(map, "model");
  if (!http::is_utf8(route.model)) map.complain("model", "the model isn't UTF-8");
  route.model_json = http::json_string(route.model);
  read_provider(map, route);
  read_protocols(map, route);
  read_key(map, environment, route);
  if (map.has("timeout")) {
    const auto timeout = map.duration("timeout", base::Duration::zero());
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout);
    if (ms.count() < 1)
      map.complain("timeout", "a timeout is at least 1ms");
    else
      route.timeout = ms;
  }
  refuse_removed(map, kRemovedFromARoute);
  map.finish();
  return route;
}

Routes read_routes(const yaml::NodePtr& root, const std::string& file,
                   const Environment& environment, base::Diagnostics& complaints) {
  if (root == nullptr) return {};
  if (!root->is_map()) {
    complaints.add({file, root->mark, "a routes file is a map with the key `routes`", {}});
    return {};
  }
  yaml::MapReader top(*root, file, "a routes file", complaints);
  std::vector<Route> routes;
  if (top.require("routes") != nullptr) {
    for (const yaml::NodePtr& node : top.list("routes")) {
      if (node->is_map())
        routes.push_back(read_route(*node, file, environment, complaints));
      else
        top.complain_at(*node, "a route is a map");
    }
  }
  refuse_removed(top, kRemovedFromRoutes);
  top.finish();
  return Routes(std::move(routes));
}

}  // namespace

void adopt_profile(const Profile& profile, Route& route) {
  route.auth = profile.auth;
  route.default_headers.assign(profile.default_headers.begin(), profile.default_headers.end());
  route.passthrough_headers.assign(profile.passthrough_headers.begin(),
                                   profile.passthrough_headers.end());
}

const Route* Routes::select(std::string_view protocol) const {
  for (const Route& route : all_) {
    for (const std::string& listed : route.protocols) {
      if (listed == protocol) return &route;
    }
  }
  return nullptr;
}

std::optional<BaseUrl> parse_base_url(std::string_view text, std::string& reason) {
  const auto refuse = [&reason](std::string why) {
    reason = std::move(why);
    return std::nullopt;
  };
  const auto target = http::parse_absolute_form(text);
  if (!target) return refuse("not an endpoint URL: " + target.error().message());
  if (target->scheme == "mock") return refuse("mock:// endpoints are not served");
  if (target->scheme != "http" && target->scheme != "https")
    return refuse("an endpoint's scheme is http or https, not \"" + target->scheme + "\"");
  std::string_view path = target->path_and_query;
  if (path.find('?') != std::string_view::npos) return refuse("an endpoint URL has no query");
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!is_plain_path(path)) return refuse("the endpoint URL's path isn't in its canonical form");
  BaseUrl base;
  base.tls = target->scheme == "https";
  base.authority = target->authority;
  base.path = path;
  base.host_field = base.authority.to_string(base.tls ? 443 : 80);
  return base;
}

Routes load_routes(std::string_view text, const std::string& file, const Environment& environment,
                   base::Diagnostics& complaints) {
  return read_routes(yaml::parse(text, file, complaints), file, environment, complaints);
}

Routes load_routes_file(const std::string& path, const Environment& environment,
                        base::Diagnostics& complaints) {
  return read_routes(yaml::parse_file(path, complaints), path, environment, complaints);
}

}  // namespace sallyport::inference
