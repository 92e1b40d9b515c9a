// The certificate and key that the server shows, read and judged before anything listens.
#pragma once

#include <optional>
#include <string>

#include "reference/base/secret.h"

namespace sallyport::gateway {

struct ServerTls {
  std::string certificate_pem;  // the server's own first, then what completes its chain
  base::Secret key_pem;
};

// Nothing, and why in `wrong` with the path: a file can't be read or holds something else, the key
// may be read by others than its owner or has a passphrase, or the two don't belong together.
[[nodiscard]] std::optional<ServerTls> read_server_tls(const std::string& certificate_path,
                                                       const std::string& key_path,
                                                       std::string& wrong);

}  // namespace sallyport::gateway
