#include "reference/net/readiness.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sallyport::net {

std::string readiness_line(std::span<const Endpoint> listen, int pid) {
  std::string addresses;
  for (const Endpoint& endpoint : listen) {
    if (!addresses.empty()) addresses += ',';
    addresses += fmt::format("\"{}\"", endpoint.to_string());
  }
  return fmt::format("{{\"ready\":true,\"listen\":[{}],\"pid\":{}}}", addresses, pid);
}

std::string announce(int fd, const std::string& line) {
  const std::string text = line + "\n";
  ssize_t wrote = -1;
  do {
    wrote = ::write(fd, text.data(), text.size());
  } while (wrote < 0 && errno == EINTR);
  if (wrote == static_cast<ssize_t>(text.size())) return {};
  return fmt::format("the readiness line can't be written: {}", std::strerror(errno));
}

}  // namespace sallyport::net
