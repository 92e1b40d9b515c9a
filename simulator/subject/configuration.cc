// The reference's configuration as text. Every value that could be read as YAML is quoted.
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "reference/base/scalars.h"
#include "simulator/subject/daemon.h"
#include "simulator/subject/subject.h"

namespace sallyport::sim::subject {
namespace {

constexpr int kCallPolls = 5;

std::string value_of(const Limit& limit) {
  if (limit.time) return base::format_duration(base::Duration(limit.value));
  const auto number = static_cast<std::uint64_t>(limit.value);
  return limit.octets ? base::format_size(number) : std::to_string(number);
}

std::string sources_yaml(const SubjectSpec& spec) {
  if (spec.uplink) {
    // A call that hangs is given up within a few polls, not within the field's seconds.
    const std::string token = spec.uplink->token.empty() ? "" : ", token_file: gateway.token";
    const std::string insecure = spec.uplink->insecure ? ", insecure: true" : "";
    return fmt::format("gateway: {{endpoint: {}, sandbox: {}, poll: {}, timeout: {}{}{}}}\n",
                       quoted(spec.uplink->endpoint), quoted(spec.uplink->sandbox),
                       base::format_duration(spec.uplink->poll),
                       base::format_duration(kCallPolls * spec.uplink->poll), token, insecure);
  }
  std::string text = "policy: policy.yaml\n";
  if (spec.route || spec.routes_file) text += "routes: routes.yaml\n";
  if (!spec.middleware.empty()) text += "middleware:\n" + registrations_yaml(spec.middleware);
  return text;
}

std::string ca_file(const Registration& registration) { return registration.name + "-ca.pem"; }

}  // namespace

// A JSON string is a YAML double-quoted scalar.
std::string quoted(const std::string& text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

std::string registrations_yaml(const std::vector<Registration>& registrations) {
  std::string text;
  for (const Registration& one : registrations) {
    const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(one.timeout);
    text += fmt::format("  - {{name: {}, grpc_endpoint: {}, max_payload_bytes: {}, timeout: {}ms",
                        quoted(one.name), quoted(one.endpoint), base::format_size(one.max_payload),
                        timeout.count());
    if (!one.ca_pem.empty()) text += ", tls_ca_cert_path: " + quoted(ca_file(one));
    text += "}\n";
  }
  return text;
}

bool write_registered_cas(const std::vector<Registration>& registrations,
                          const std::string& folder) {
  return std::all_of(registrations.begin(), registrations.end(), [&](const Registration& one) {
    return one.ca_pem.empty() || write_file(folder + "/" + ca_file(one), one.ca_pem);
  });
}

std::string configuration_yaml(const SubjectSpec& spec) {
  std::string text = fmt::format("listen: [{}]\n", quoted(spec.listen.to_string()));
  text += sources_yaml(spec);
  std::string servers;
  for (const net::Endpoint& server : spec.name_servers) {
    servers += (servers.empty() ? "" : ", ") + quoted(server.to_string());
  }
  text += fmt::format("resolver: {{servers: [{}], hosts_file: {}}}\n", servers,
                      quoted(spec.hosts_file));
  if (!spec.upstream_ca_pem.empty()) text += "upstream_ca: upstream-ca.pem\n";
  text += fmt::format("forward: {}\nca_output: ca\n", spec.private_forward ? "private" : "shared");
  text += fmt::format("identity: {}\n", spec.identity_required ? "required" : "endpoints_only");
  if (!spec.limits.empty()) {
    text += "limits:\n";
    for (const auto& [name, limit] : spec.limits)
      text += fmt::format("  {}: {}\n", name, value_of(limit));
  }
  return text;
}

std::string routes_yaml(const std::optional<Route>& given) {
  if (!given) return "routes: []\n";
  const Route& route = *given;
  std::string text =
      fmt::format("routes:\n  - name: inference.local\n    endpoint: {}\n    model: {}\n",
                  quoted(route.base_url), quoted(route.model));
  if (!route.provider_type.empty())
    text += fmt::format("    provider_type: {}\n", quoted(route.provider_type));
  text += "    protocols: [";
  for (std::size_t i = 0; i < route.protocols.size(); ++i) {
    text += (i == 0 ? "" : ", ") + quoted(route.protocols[i]);
  }
  text += fmt::format("]\n    api_key: {}\n", quoted(route.api_key));
  if (route.timeout)
    text += fmt::format("    timeout: {}\n", base::format_duration(*route.timeout));
  return text;
}

}  // namespace sallyport::sim::subject
