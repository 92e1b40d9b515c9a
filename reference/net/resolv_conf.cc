#include "reference/net/resolv_conf.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace sallyport::net {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kServersMax = 3;

}  // namespace

std::vector<Endpoint> parse_resolv_conf(std::string_view text) {
  std::vector<Endpoint> servers;
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line) && servers.size() < kServersMax) {
    std::istringstream words(line);
    std::string keyword;
    std::string value;
    if (!(words >> keyword >> value) || keyword != "nameserver") continue;
    if (const auto address = IpAddress::parse(value)) {
      servers.push_back(Endpoint{*address, kDnsPort});
    }
  }
  return servers;
}

std::vector<Endpoint> system_name_servers() {
  std::ifstream file("/etc/resolv.conf");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return parse_resolv_conf(text);
}

}  // namespace sallyport::net
