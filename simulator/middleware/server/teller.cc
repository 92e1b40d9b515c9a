#include "simulator/middleware/server/teller.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace sallyport::sim::middleware::server {

bool Teller::send(const Told& told) const {
  const std::string json = to_json(told);
  for (;;) {
    if (::send(fd_, json.data(), json.size(), MSG_NOSIGNAL) >= 0) return true;
    if (errno != EINTR) return errno != EMSGSIZE;
  }
}

void Teller::tell(Told told) {
  if (told.kind.empty()) return;
  if (fd_ < 0) {
    if (options_.on_line) options_.on_line(to_line(told));
    return;
  }
  if (send(told)) return;
  // More than the socket takes at once: what it is about matters more than all its octets.
  for (const char* const field : {"json", "config"}) told.fields.erase(field);
  told.fields["body"] = std::string();
  if (!send(told)) told.fields.erase("headers"), (void)send(told);
}

Connections::Known Connections::add(const net::Endpoint& peer) {
  const std::string address = peer.address.to_string();
  const std::string name = peer.address.is_v4() ? "ipv4:" + address : "ipv6:%5B" + address + "%5D";
  const std::lock_guard<std::mutex> lock(mutex_);
  return known_[name + ":" + std::to_string(peer.port)] = Known{++count_, peer.to_string()};
}

Connections::Known Connections::find(const std::string& name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = known_.find(name);
  return found == known_.end() ? Known{} : found->second;
}

}  // namespace sallyport::sim::middleware::server
