// The registry from the operator's registrations: the one place where services are asked to
// describe themselves.
#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "openshell/middleware/v1/middleware.pb.h"
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

net::Task<void> connect(Candidate& candidate, const Builder& builder) {
  const Registration& registration = candidate.registration;
  std::unique_ptr<rpc::Channel> channel = open(builder, registration);
  if (channel == nullptr) {
    candidate.reason =
        fmt::format("middleware registration '{}' has an endpoint or a CA that can't be used",
                    registration.name);
    co_return;
  }
  const auto stage = std::make_shared<GrpcStage>(std::move(channel));
  const base::Duration timeout = parse_timeout(registration.timeout).value_or(kTimeoutDefault);
  const base::TimePoint deadline = builder.clock.now() + slowed(timeout, builder.slow);
  pb::MiddlewareManifest manifest;
  const rpc::Status status = co_await stage->describe(manifest, deadline);
  if (!status.ok()) {
    candidate.reason = fmt::format("middleware registration '{}' Describe failed: {}",
                                   registration.name, rpc::code_name(status.code));
    co_return;
  }
  if (auto fault = manifest_fault(registration, manifest)) {
    candidate.reason = std::move(*fault);
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

// What can be told without a call: those of the registry before, and those that are refused.
void settle(Candidate& candidate, const Registry* previous, bool duplicate) {
  const Registration& registration = candidate.registration;
  if (auto fault = registration_fault(registration)) {
    candidate.reason = std::move(*fault);
  } else if (duplicate) {
    // Which of them a policy means can't be known.
    candidate.reason =
        fmt::format("duplicate supervisor middleware registration name '{}'", registration.name);
  } else if (previous != nullptr) {
    const Implementation* const kept = previous->find(registration.name);
    if (kept != nullptr && kept->external && kept->registration == registration) {
      candidate.implementation = *kept;
    }
  }
}

}  // namespace

net::Task<Built> build_registry(net::Executor executor, const net::Clock& clock,
                                std::vector<Registration> registrations,
                                std::shared_ptr<const Registry> previous, double slow) {
  const Builder builder{executor, clock, slow};
  std::map<std::string, int> names;
  for (const Registration& registration : registrations) ++names[registration.name];
  std::vector<Candidate> candidates(registrations.size());
  std::vector<Candidate*> unknown;
  for (std::size_t i = 0; i < registrations.size(); ++i) {
    Candidate& candidate = candidates[i];
    candidate.registration = std::move(registrations[i]);
    settle(candidate, previous.get(), names[candidate.registration.name] > 1);
    if (!candidate.implementation && candidate.reason.empty()) unknown.push_back(&candidate);
  }
  co_await connect_all(unknown, 0, unknown.size(), builder);

  Built built;
  std::map<std::string, Implementation, std::less<>> all = built_in_registry(slow)->all();
  for (Candidate& candidate : candidates) {
    if (candidate.implementation) {
      all.insert_or_assign(candidate.registration.name, std::move(*candidate.implementation));
    } else {
      built.refused.push_back(Refused{candidate.registration.name, std::move(candidate.reason)});
    }
  }
  built.registry = std::make_shared<const Registry>(std::move(all));
  co_return built;
}

}  // namespace sallyport::middleware
