// Which fields pass, and the heads that go on: to an upstream (forward and inside a tunnel) and
// back to the client. Framing fields are written anew from the framing that was judged, so the next
// reader can't read another one. OpenShell proxy.rs, l7/rest.rs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference/http/framing.h"
#include "reference/http/head.h"
#include "reference/http/response_parser.h"
#include "reference/http/target.h"

namespace sallyport::http {

inline constexpr std::string_view kVia = "1.1 openshell-sandbox";

// Whether Connection names this field.
[[nodiscard]] bool is_nominated(const Fields& fields, std::string_view name);

// What a request asks to become. Nothing of it is served: the fields that ask are removed.
enum class Upgrade { none, websocket, h2c, other };
[[nodiscard]] Upgrade upgrade_of(const RequestHead& head);
[[nodiscard]] inline bool is_upgrade(const RequestHead& head) {
  return upgrade_of(head) != Upgrade::none;
}

// The head of a forward request as its upstream gets it: origin form, Host canonical for
// http, Via unless there is one, no Connection.
[[nodiscard]] std::string build_forward_head(const RequestHead& head, const CanonicalTarget& target,
                                             const Authority& authority, const Framing& framing);

// The head of a request inside a tunnel: Host as sent, no Via.
[[nodiscard]] std::string build_tunnel_head(const RequestHead& head, const CanonicalTarget& target,
                                            const Framing& framing);

struct AnswerHeadOptions {
  // As the client will get the body. `none`: the fields pass as they stand for HEAD and 304.
  Framing framing;
  bool close = false;             // says `Connection: close`
  bool strip_hop_by_hop = false;  // TE, Trailer, Upgrade, Proxy-* too (inference.local)
};

// The head of an upstream's answer (interim ones too) as the client gets it, always HTTP/1.1.
[[nodiscard]] std::string build_answer_head(const AnswerHead& answer,
                                            const AnswerHeadOptions& options);

}  // namespace sallyport::http
