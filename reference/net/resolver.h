// Names to addresses: IP literals, a hosts file, then DNS by c-ares on the loop. It reads no
// resolv.conf and no nsswitch.conf, knows no search domains and never blocks. Every lookup has a
// socket, and so a source port, of its own. Single-threaded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/net/deadlines.h"
#include "reference/net/hosts_file.h"
#include "reference/net/ports.h"

namespace sallyport::net {

struct ResolverConfig {
  // Asked in order, the next when one is silent or refuses. None: only the hosts file answers.
  std::vector<Endpoint> servers;
  // A hosts(5) file; empty for none. Read once.
  std::string hosts_path;
  // Of one resolve(), over all servers and both record types. Limits::resolve.
  base::Duration bound{};
};

// What can be asked for: 1-253 octets of letters, digits, `-` and `_` in labels of 1-63, with or
// without a final dot. Anything else is ResolveErrc::malformed.
[[nodiscard]] bool is_resolvable_name(std::string_view name);

class CaresResolver final : public Resolver {
 public:
  // errno's error when there is a hosts path that can't be read.
  [[nodiscard]] static base::Result<std::unique_ptr<CaresResolver>> create(
      Executor executor, Deadlines& deadlines, const ResolverConfig& config);
  CaresResolver(Executor executor, Deadlines& deadlines, std::vector<Endpoint> servers,
                HostsFile hosts, base::Duration bound);

  // IPv4 addresses first. A name that the hosts file knows is not asked for. When one record type
  // answers and the other fails, what answered counts. The resolver may be destroyed meanwhile.
  [[nodiscard]] Task<base::Result<std::vector<IpAddress>>> resolve(std::string name) override;

 private:
  Executor executor_;
  Deadlines& deadlines_;
  std::vector<Endpoint> servers_;
  HostsFile hosts_;
  base::Duration bound_;
};

}  // namespace sallyport::net
