#include "reference/tls/client_hello.h"

namespace sallyport::tls {

bool may_become_tls(std::span<const std::byte> first) {
  return (first.empty() || first[0] == std::byte{0x16}) &&
         (first.size() < 2 || first[1] == std::byte{0x03}) &&
         (first.size() < 3 || first[2] <= std::byte{0x04});
}

bool looks_like_tls(std::span<const std::byte> first) {
  return first.size() >= kSniffBytes && may_become_tls(first);
}

}  // namespace sallyport::tls
