// The registry from the operator's registrations: the one place where services are asked to
// describe themselves.
#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/middleware/carry_over.h"
#include "reference/middleware/grpc_stage.h"
#include "reference/middleware/limits.h"
#include "reference/middleware/manifest.h"
#include "reference/middleware/registry.h"
#include "reference/net/both.h"

namespace sallyport::middleware {
namespace {

namespace pb = openshell::middleware::v1;

// One registration on its way to an implementation, or to the reason why not.
struct Candidate {
  Registration registration;
  std::optional<Implementation> implementation;
  std::string reason;
  Again again = Again::soon;
};

struct Builder {
  net::Executor executor;
  const net::Clock& clock;
  double slow;
};

std::unique_ptr<rpc::Channel> open(const Builder& builder, const Registration& registration) {
  rpc::ChannelOptions options;
  options.endpoint = registration.endpoint;
  options.ca_pem = registration.ca_pem;
  options.message_bytes_max = kMessageBytesMax;
  options.connect = slowed(options.connect, builder.slow);
  auto channel = rpc::Channel::create(builder.executor, builder.clock, std::move(options));
  return channel ? std::move(*channel) : nullptr;
}

// Whether a call failed on its way, so that the next one may not.
bool is_outage(rpc::Code code) {
  return code == rpc::Code::unavailable || code == rpc::Code::deadline_exceeded ||
         code == rpc::Code::cancelled;
}

void refuse(Candidate& candidate, std::string reason, Again again) {
  candidate.reason = std::move(reason);
  candidate.again = again;
}

net::Task<void> connect(Candidate& candidate, const Builder& builder) {
  const Registration& registration = candidate.registration;
  std::unique_ptr<rpc::Channel> channel = open(builder, registration);
  if (channel == nullptr) {
    refuse(candidate,
           fmt::format("middleware registration '{}' has an endpoint or a CA that can't be used",
                       registration.name),
           Again::never);
    co_return;
  }
  const auto stage = std::make_shared<GrpcStage>(std::move(channel));
  const base::Duration timeout = parse_timeout(registration.timeout).value_or(kTimeoutDefault);
  const base::TimePoint deadline = builder.clock.now() + slowed(timeout, builder.slow);
  pb::MiddlewareManifest manifest;
  const rpc::Status status = co_await stage->describe(manifest, deadline);
  if (!status.ok()) {
    refuse(candidate,
           fmt::format("middleware registration '{}' Describe failed: {}", registration.name,
                       rpc::code_name(status.code)),
           is_outage(status.code) ? Again::soon : Again::slowly);
    co_return;
  }
  if (auto fault = manifest_fault(registration, manifest)) {
    refuse(candidate, std::move(*fault), Again::slowly);
    co_return;
  }
  candidate.implementation = describe(registration, manifest, builder.slow);
  candidate.implementation->stage = stage;
}

// All at once, halved until one is left.
net::Task<void> connect_all(std::vector<Candidate*>& all, std::size_t begin, std::size_t end,
                            const Builder& builder) {
  if (begin == end) co_return;
  if (end - begin == 1) {
    co_await connect(*all[begin], builder);
    co_return;
  }
  const std::size_t middle = begin + (end - begin) / 2;
  co_await net::both(connect_all(all, begin, middle, builder),
                     connect_all(all, middle, end, builder));
}

}  // namespace

net::Task<Built> build_registry(net::Executor executor, const net::Clock& clock,
                                std::vector<Registration> registrations,
                                std::shared_ptr<const Registry> previous, double slow) {
  const Builder builder{executor, clock, slow};
  CarriedOver over = carry_over(std::move(registrations), previous.get(), slow);
  std::vector<Candidate> candidates(over.pending.size());
  std::vector<Candidate*> asked;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    candidates[i].registration = std::move(over.pending[i]);
    asked.push_back(&candidates[i]);
  }
  co_await connect_all(asked, 0, asked.size(), builder);

  Built built;
  built.refused = std::move(over.refused);
  std::map<std::string, Implementation, std::less<>> all = over.registry->all();
  for (Candidate& candidate : candidates) {
    const std::string& name = candidate.registration.name;
    if (candidate.implementation) {
      all.insert_or_assign(name, std::move(*candidate.implementation));
    } else {
      built.refused.push_back(
          Refused{name, std::move(candidate.reason), candidate.again, all.contains(name)});
    }
  }
  built.registry = std::make_shared<const Registry>(std::move(all));
  co_return built;
}

}  // namespace sallyport::middleware
