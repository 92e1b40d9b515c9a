#include "reference/gateway/probe_options.h"

#include <fmt/format.h>

#include "reference/gateway/config_parts.h"

namespace sallyport::gateway {
namespace {

using base::yaml::MapReader;

constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;

// A file that can be read now: a mistake is to be told at the start, not at the first question.
std::string readable_file(MapReader& map, std::string_view key) {
  const auto given = map.maybe_text(key);
  if (!given) return {};
  std::string path = path_beside(map.file(), *given);
  std::string why;
  if (!read_small_file(path, kFileBytesMax, why)) map.complain(key, why);
  return path;
}

}  // namespace

ProbeOptions read_probe_options(MapReader& map) {
  ProbeOptions options;
  options.upstream_ca = readable_file(map, "upstream_ca");
  const base::yaml::Node* const node = map.map("resolver");
  if (node == nullptr) return options;
  MapReader resolver(*node, map.file(), "resolver", map.complaints());
  for (const std::string& text : resolver.texts("servers")) {
    if (const auto address = net::IpAddress::parse(text)) {
      options.servers.push_back(net::Endpoint{*address, kDnsPort});
    } else if (const auto endpoint = net::Endpoint::parse(text)) {
      options.servers.push_back(*endpoint);
    } else {
      resolver.complain("servers",
                        fmt::format("\"{}\" is not an address (10.0.0.53, 10.0.0.53:5353)", text));
    }
  }
  options.hosts_file = readable_file(resolver, "hosts_file");
  resolver.finish();
  return options;
}

}  // namespace sallyport::gateway
