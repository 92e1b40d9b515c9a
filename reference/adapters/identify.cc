#include "reference/adapters/identify.h"

#include "reference/http/authority.h"
#include "reference/identity/identity.h"

namespace sallyport::adapters {
namespace {

bool is_virtual_host(const http::RequestHead& head) {
  if (head.method != "CONNECT") return false;
  const auto authority = http::parse_authority(head.target);
  return authority && authority->host == egress::kInferenceHost &&
         authority->port == egress::kInferencePort;
}

}  // namespace

egress::Identity identify(const relay::Services& services, const net::TcpStream& client,
                          const http::RequestHead& head) {
  egress::Identity identity;
  if (services.identities == nullptr || is_virtual_host(head)) return identity;
  identity.required = true;
  const auto there = client.peer();
  const auto here = client.local();
  if (!there || !here) {
    identity.failure = "failed to resolve peer binary: the connection is gone";
    return identity;
  }
  identity::Found found = services.identities->identify(*there, *here);
  identity.program = std::move(found.program);
  identity.failure = std::move(found.failure);
  return identity;
}

}  // namespace sallyport::adapters
