// Who stands behind a client's connection, in the words that egress::authorize() asks for.
#pragma once

#include "reference/egress/egress.h"
#include "reference/http/head.h"
#include "reference/net/tcp.h"
#include "reference/relay/services.h"

namespace sallyport::adapters {

// Nobody is asked for where programs aren't told apart, nor for the virtual host, which is not
// asked for in the policy (OpenShell proxy.rs: no identity before the 200 of inference.local). Once
// for a connection: what a program becomes by exec later is judged by what it was.
[[nodiscard]] egress::Identity identify(const relay::Services& services,
                                        const net::TcpStream& client,
                                        const http::RequestHead& head);

}  // namespace sallyport::adapters
