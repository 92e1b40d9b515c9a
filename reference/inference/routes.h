// The routes file: which upstream answers which protocol, with which model and key. Loaded whole
// and immutable after; a generation owns it. Format of OpenShell crates/openshell-router/src/
// config.rs, with unknown keys refused and the endpoint judged (docs/deviations.md). Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/diagnostics.h"
#include "reference/base/secret.h"
#include "reference/http/authority.h"
#include "reference/inference/profiles.h"

namespace sallyport::inference {

// A route's endpoint, taken apart once. The host and port are the operator's word.
struct BaseUrl {
  bool tls = false;           // https
  http::Authority authority;  // port 443 or 80 when absent
  std::string path;           // without trailing slashes: "", "/v1"
  std::string host_field;     // as Host says it: no default port
};

struct Route {
  std::string name;
  BaseUrl base;
  std::string model;
  std::string model_json;  // `model` as a JSON string, quotes included: bodies are spliced with it
  std::string provider_type;
  std::vector<std::string> protocols;  // normalised, at least one
  base::Secret api_key;                // empty: no auth field is sent
  AuthHeader auth;
  std::vector<HeaderDefault> default_headers;         // static storage
  std::vector<std::string_view> passthrough_headers;  // lower case, static storage
  std::optional<std::chrono::milliseconds> timeout;   // instead of Limits::route_timeout
};

// How the profile's provider wants its key, and which headers go with it.
void adopt_profile(const Profile& profile, Route& route);

class Routes {
 public:
  Routes() = default;
  explicit Routes(std::vector<Route> all) : all_(std::move(all)) {}
  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] const std::vector<Route>& all() const { return all_; }
  // The first route, in the file's order, that lists the protocol; null when none does.
  [[nodiscard]] const Route* select(std::string_view protocol) const;

 private:
  std::vector<Route> all_;
};

// Nothing for a variable that isn't set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// `complaints` says whether the result may be used: any complaint, and it may not.
[[nodiscard]] Routes load_routes(std::string_view text, const std::string& file,
                                 const Environment& environment, base::Diagnostics& complaints);
[[nodiscard]] Routes load_routes_file(const std::string& path, const Environment& environment,
                                      base::Diagnostics& complaints);

// http or https, a host, perhaps a port and a path; nothing else. The reason when it isn't one.
[[nodiscard]] std::optional<BaseUrl> parse_base_url(std::string_view text, std::string& reason);

}  // namespace sallyport::inference
