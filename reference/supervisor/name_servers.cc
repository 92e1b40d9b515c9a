#include "reference/supervisor/name_servers.h"

#include "reference/net/resolv_conf.h"

namespace sallyport::supervisor {

std::vector<net::Endpoint> name_servers(const ResolverConfig& config) {
  return config.servers.empty() ? net::system_name_servers() : config.servers;
}

}  // namespace sallyport::supervisor
