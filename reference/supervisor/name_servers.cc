#include "reference/supervisor/name_servers.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace sallyport::supervisor {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kServersMax = 3;

}  // namespace

std::vector<net::Endpoint> parse_resolv_conf(std::string_view text) {
  std::vector<net::Endpoint> servers;
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line) && servers.size() < kServersMax) {
    std::istringstream words(line);
    std::string keyword;
    std::string value;
    if (!(words >> keyword >> value) || keyword != "nameserver") continue;
    if (const auto address = net::IpAddress::parse(value)) {
      servers.push_back(net::Endpoint{*address, kDnsPort});
    }
  }
  return servers;
}

std::vector<net::Endpoint> name_servers(const ResolverConfig& config) {
  if (!config.servers.empty()) return config.servers;
  std::ifstream file("/etc/resolv.conf");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return parse_resolv_conf(text);
}

}  // namespace sallyport::supervisor
