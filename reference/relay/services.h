// What adapters and relays are given: the ports and the shared state of one supervisor. Made by
// main, which owns all that is referred to here; everything outlives every session.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "reference/audit/sink.h"
#include "reference/base/log.h"
#include "reference/base/random.h"
#include "reference/egress/egress.h"
#include "reference/net/buffer_pool.h"
#include "reference/net/clock.h"
#include "reference/net/dialer.h"
#include "reference/net/ports.h"
#include "reference/net/task_group.h"
#include "reference/relay/generation_news.h"

namespace sallyport::identity {
class IdentitySource;
}
namespace sallyport::middleware {
class Admission;
}
namespace sallyport::tls {
class ClientContext;
class LeafCache;
class ServerContext;
}  // namespace sallyport::tls

namespace sallyport::relay {

class BodyBudget;
class UpstreamPool;

// The generation that decides now. A request asks once and keeps what it got.
class GenerationSource {
 public:
  virtual ~GenerationSource() = default;
  // Never null.
  [[nodiscard]] virtual std::shared_ptr<const egress::Generation> current() const = 0;
  // Told by the source after each change.
  [[nodiscard]] GenerationNews& news() const { return news_; }

 private:
  mutable GenerationNews news_;
};

// Whose egress this is, as middleware services are told.
struct SandboxIdentity {
  std::string id, name, workspace;
};

struct Services {
  net::Executor executor;
  net::Clock& clock;
  net::BufferPool& buffers;
  net::Resolver& resolver;
  net::TcpDialer& dialer;
  net::TaskGroup& sessions;
  audit::AuditSink& audit;
  base::Log& log;
  const GenerationSource& generations;
  const tls::ClientContext& upstream_tls;
  middleware::Admission& admission;
  base::Random& random;  // names requests
  const SandboxIdentity& sandbox;
  const tls::ServerContext* agent_tls = nullptr;   // null: there is no CA, nothing is terminated
  tls::LeafCache* leaves = nullptr;                // null with it
  identity::IdentitySource* identities = nullptr;  // null: programs aren't told apart
  UpstreamPool* upstreams = nullptr;               // null: no route's connection is kept
  BodyBudget* bodies = nullptr;                    // null: bodies for middleware aren't counted
};

}  // namespace sallyport::relay
