// The reference's configuration as text. Every value that could be read as YAML is quoted.
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "reference/base/scalars.h"
#include "simulator/subject/subject.h"

namespace sallyport::sim::subject {
namespace {

// A JSON string is a YAML double-quoted scalar.
std::string quoted(const std::string& text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

std::string value_of(const Limit& limit) {
  if (limit.time) return base::format_duration(base::Duration(limit.value));
  const auto number = static_cast<std::uint64_t>(limit.value);
  return limit.octets ? base::format_size(number) : std::to_string(number);
}

}  // namespace

std::string configuration_yaml(const SubjectSpec& spec) {
  std::string text =
      fmt::format("listen: [{}]\npolicy: policy.yaml\n", quoted(spec.listen.to_string()));
  if (spec.route) text += "routes: routes.yaml\n";
  std::string servers;
  for (const net::Endpoint& server : spec.name_servers) {
    servers += (servers.empty() ? "" : ", ") + quoted(server.to_string());
  }
  text += fmt::format("resolver: {{servers: [{}], hosts_file: {}}}\n", servers,
                      quoted(spec.hosts_file));
  if (!spec.upstream_ca_pem.empty()) text += "upstream_ca: upstream-ca.pem\n";
  text += fmt::format("forward: {}\nca_output: ca\n", spec.private_forward ? "private" : "shared");
  if (!spec.limits.empty()) {
    text += "limits:\n";
    for (const auto& [name, limit] : spec.limits)
      text += fmt::format("  {}: {}\n", name, value_of(limit));
  }
  return text;
}

std::string routes_yaml(const Route& route) {
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
