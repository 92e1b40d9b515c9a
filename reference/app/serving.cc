#include "reference/app/serving.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include "reference/app/gateway_start.h"
#include "reference/base/random.h"
#include "reference/credentials/store.h"
#include "reference/middleware/admission.h"
#include "reference/middleware/limits.h"
#include "reference/net/loop_clock.h"
#include "reference/net/readiness.h"
#include "reference/net/resolver.h"
#include "reference/relay/body_budget.h"
#include "reference/relay/upstream_pool.h"
#include "reference/supervisor/agent_files.h"
#include "reference/supervisor/command_line.h"
#include "reference/supervisor/lifecycle.h"
#include "reference/supervisor/name_servers.h"
#include "reference/supervisor/outlets.h"
#include "reference/sync/poller.h"
#include "reference/tls/authority.h"
#include "reference/tls/client_context.h"
#include "reference/tls/leaf_cache.h"
#include "reference/tls/server_context.h"
#include "reference/tls/trust.h"

namespace sallyport::app {
namespace {

using supervisor::Config;
using supervisor::ServeFlags;

// The sandbox's own TLS: a fresh CA, the context that terminates with it, its leaves.
struct AgentTls {
  tls::Authority authority;
  tls::ServerContext context;
  tls::LeafCache leaves;

  static base::Result<std::unique_ptr<AgentTls>> create(const base::Clock& clock,
                                                        std::uint64_t leaves_max) {
    auto authority = tls::Authority::create(clock.wall_ms());
    if (!authority) return authority.error();
    auto context = tls::ServerContext::create(*authority);
    if (!context) return context.error();
    return std::make_unique<AgentTls>(std::move(*authority), std::move(*context), leaves_max);
  }
  AgentTls(tls::Authority ca, tls::ServerContext server, std::uint64_t leaves_max)
      : authority(std::move(ca)), context(std::move(server)), leaves(authority, leaves_max) {}
};

// The supervisor's parts that stand before anything listens, in the order of their dependencies.
struct Graph {
  explicit Graph(base::LogLevel level) : log(level) {}

  base::StderrLog log;
  net::Loop loop;
  net::LoopClock clock{loop.executor()};
  net::Deadlines deadlines{loop.executor(), clock};
  net::BufferPool buffers;
  net::TcpDialer dialer{loop.executor(), deadlines};
  supervisor::AuditOutlets audit{clock, log};
  net::TaskGroup sessions{loop.executor(), log};
  net::TaskGroup life{loop.executor(), log};
  net::TaskGroup polls{loop.executor(), log};
  base::SystemRandom random;
  middleware::Admission admission{loop.executor(), middleware::kPermitsMax,
                                  middleware::kWaitersMax};
  relay::BodyBudget bodies{relay::kBodyBytesMax, relay::kBodyBytesOfOneMax};
};

std::string add_outlets(Graph& graph, const ServeFlags& flags, const Config& config) {
  if (flags.audit_fd >= 0) graph.audit.add(base::UniqueFd(flags.audit_fd));
  return config.audit_file ? graph.audit.add_file(*config.audit_file) : std::string();
}

// CA, bundle and environment for the agent; what failed, or nothing.
std::string write_files(const AgentTls& agent_tls, const Config& config,
                        const net::Endpoint& proxy) {
  const supervisor::AgentFiles files = supervisor::agent_files(config.ca_output);
  if (std::string wrong = supervisor::make_folder(files); !wrong.empty()) return wrong;
  const auto written = tls::write_client_files(supervisor::folder_of(files), agent_tls.authority);
  if (!written) return fmt::format("{}: {}", config.ca_output, written.error().message());
  return supervisor::write_environment(files, proxy);
}

// Keeps agent.env, and what further commands of a sandbox find, in step with the placeholders of
// each generation.
void follow_placeholders(Graph& graph, supervisor::Generations& generations, const Config& config,
                         const net::Endpoint& proxy, Companion* companion) {
  const supervisor::AgentFiles files = supervisor::agent_files(config.ca_output);
  auto follow = [&log = graph.log, files, proxy, companion, written = supervisor::Placeholders()](
                    const egress::Generation& generation) mutable {
    supervisor::Placeholders now;
    if (generation.credentials) now = generation.credentials->environment();
    if (now == written) return;
    if (companion != nullptr) companion->follow(now);
    const std::string wrong = supervisor::write_environment(files, proxy, now);
    if (wrong.empty()) {
      written = std::move(now);
    } else {
      log.write(base::LogLevel::error, "agent files", wrong);
    }
  };
  follow(*generations.current());
  generations.watch(std::move(follow));
}

sync::PollerOptions poller_options(const Config& config, const supervisor::Programs& programs,
                                   double slow, Companion* companion) {
  const auto slowed = [slow](base::Duration duration) {
    return std::chrono::duration_cast<base::Duration>(duration * slow);
  };
  sync::PollerOptions options;
  options.source = config.file;
  options.services.slow = slow;
  if (!config.gateway) return options;
  options.source = config.gateway->endpoint;
  options.adopt = [programs](policy::Policy& policy) {
    return supervisor::adopt_policy(programs, policy);
  };
  if (companion != nullptr) {
    options.settle = [companion](policy::Policy& policy) { return companion->settle(policy); };
  }
  options.poll = slowed(config.gateway->poll);
  options.timeout = slowed(config.gateway->timeout);
  if (config.gateway->max_stale) options.max_stale = slowed(*config.gateway->max_stale);
  return options;
}

relay::PoolBounds pool_bounds(double slow) {
  relay::PoolBounds bounds;
  bounds.idle = std::chrono::duration_cast<base::Duration>(bounds.idle * slow);
  return bounds;
}

sync::RegistryBuilder registry_builder(Graph& graph, double slow) {
  return [&graph, slow](std::vector<middleware::Registration> wanted,
                        std::shared_ptr<const middleware::Registry> previous) {
    return middleware::build_registry(graph.loop.executor(), graph.clock, std::move(wanted),
                                      std::move(previous), slow);
  };
}

// Ready: everybody who waits for us is told, and connections are taken.
std::string go(Graph& graph, supervisor::Server& server, const ServeFlags& flags) {
  server.start();
  graph.audit.emit(audit::lifecycle(audit::activity::kLifecycleStart, "supervisor started"));
  if (flags.ready_fd < 0) return {};
  return net::announce(flags.ready_fd, net::readiness_line(server.bound(), ::getpid()));
}

// Not until the loop has no more work: the deadlines' timer may be armed for what has ended.
void run_loop(Graph& graph, Companion* companion) {
  while (graph.life.size() > 0) graph.loop.context().run_one();
  graph.polls.force();
  while (graph.polls.size() > 0) graph.loop.context().run_one();
  if (companion != nullptr) companion->stop(graph.loop.context());
  graph.loop.context().poll();
}

std::string listen(supervisor::Server& server, const Config& config, Companion* companion) {
  if (companion != nullptr) {
    server.listen(companion->listening());
    return {};
  }
  for (const net::Endpoint& at : config.listen) {
    if (std::string wrong = server.listen(at); !wrong.empty()) return wrong;
  }
  return {};
}

// The first generation is a gateway's where it was asked before, else the file's.
void begin(Graph& graph, sync::Poller& poller, const supervisor::Generations& generations,
           const Config& config, const Companion* companion) {
  const bool fetched = companion != nullptr && companion->fetched() != nullptr;
  if (fetched) poller.begin_from(*companion->fetched());
  sync::emit_loaded(graph.audit, *generations.current(),
                    fetched ? config.gateway->endpoint : config.file);
}

supervisor::Lifecycle::Parts with_companion(supervisor::Lifecycle::Parts parts,
                                            Companion* companion) {
  if (companion == nullptr) return parts;
  parts.settle = [companion](policy::Policy& policy) { return companion->settle(policy); };
  parts.load = [companion](base::Diagnostics& complaints) { return companion->load(complaints); };
  parts.divert = [companion](int signal) { return companion->signal(signal); };
  return parts;
}

// What goes on beside the sessions; the agent begins last.
void start_work(Graph& graph, sync::Poller& poller, const Config& config,
                identity::KernelIdentity* identities, supervisor::Lifecycle& lifecycle,
                Companion* companion) {
  if (!config.middleware.empty()) poller.expect_services(config.middleware);
  graph.polls.spawn(poller.run_services());
  graph.polls.spawn(poller.run_gateway());
  if (companion == nullptr) return;
  companion->start({graph.loop.executor(), graph.audit, graph.log, identities,
                    [&lifecycle] { lifecycle.end(); }});
}

}  // namespace

int serve(const ServeFlags& flags, const Config& config, std::shared_ptr<egress::Generation> first,
          Companion* companion) {
  Graph graph(config.log_level);
  const base::Limits limits = first->limits;
  if (const std::string wrong = add_outlets(graph, flags, config); !wrong.empty()) {
    return fail(kCannotStart, wrong);
  }
  const auto resolver = net::CaresResolver::create(
      graph.loop.executor(), graph.deadlines,
      {supervisor::name_servers(config.resolver), config.resolver.hosts_file, limits.resolve});
  if (!resolver) return fail(kCannotStart, resolver.error().message());
  const auto upstream_tls =
      tls::ClientContext::create({tls::system_bundle_path(), config.upstream_ca.value_or("")});
  if (!upstream_tls) return fail(kMisuse, upstream_tls.error().message());
  const auto agent_tls = AgentTls::create(graph.clock, limits.leaf_cache_max);
  if (!agent_tls) return fail(kCannotStart, agent_tls.error().message());

  const supervisor::Programs programs = supervisor::programs_of(config.identity, flags);
  const auto identities = supervisor::open_identities(programs, flags);
  if (!identities) return fail(kCannotStart, identities.error().message());
  supervisor::Generations generations(std::move(first));
  relay::UpstreamPool upstreams(graph.loop.executor(), graph.deadlines, graph.log, generations,
                                pool_bounds(flags.slow));
  const relay::Services services{graph.loop.executor(),
                                 graph.clock,
                                 graph.buffers,
                                 **resolver,
                                 graph.dialer,
                                 graph.sessions,
                                 graph.audit,
                                 graph.log,
                                 generations,
                                 *upstream_tls,
                                 graph.admission,
                                 graph.random,
                                 config.sandbox,
                                 &(*agent_tls)->context,
                                 &(*agent_tls)->leaves,
                                 identities->get(),
                                 &upstreams,
                                 &graph.bodies};
  supervisor::Server server(services, graph.deadlines, limits.connections_max);
  if (const std::string wrong = listen(server, config, companion); !wrong.empty()) {
    return fail(kCannotStart, wrong);
  }
  graph.audit.set_proxy(server.bound().front());
  const auto source = gateway_source(graph.loop.executor(), graph.clock, config);
  if (!source) return fail(kMisuse, source.error().message());
  sync::Poller poller({graph.loop.executor(), graph.deadlines, graph.audit, graph.log, generations,
                       source->get(), registry_builder(graph, flags.slow)},
                      poller_options(config, programs, flags.slow, companion));
  begin(graph, poller, generations, config, companion);
  if (const std::string wrong = write_files(**agent_tls, config, server.bound().front());
      !wrong.empty()) {
    return fail(kCannotStart, wrong);
  }
  follow_placeholders(graph, generations, config, server.bound().front(), companion);
  supervisor::Lifecycle lifecycle(with_companion(
      {services, generations, server, poller, graph.polls, config.gateway.has_value(), config.file,
       programs, flags.slow, from_environment},
      companion));
  graph.life.spawn(lifecycle.run());
  if (const std::string wrong = go(graph, server, flags); !wrong.empty()) {
    return fail(kCannotStart, wrong);
  }
  start_work(graph, poller, config, identities->get(), lifecycle, companion);
  run_loop(graph, companion);
  return graph.sessions.bugs() == 0 ? kOk : kCannotStart;
}

std::shared_ptr<egress::Generation> read_generation(const std::optional<Config>& config,
                                                    const ServeFlags& flags,
                                                    const inference::Environment& environment,
                                                    base::Diagnostics& complaints) {
  base::Diagnostics warnings;
  std::shared_ptr<egress::Generation> first;
  if (config) {
    first = supervisor::build_generation(*config, supervisor::programs_of(config->identity, flags),
                                         flags.slow, environment, complaints, warnings);
  }
  for (const base::Diagnostic& warning : warnings.all()) {
    fmt::print(stderr, "warning: {}\n", warning.to_string());
  }
  if (complaints.empty()) return first;
  fmt::print(stderr, "{}", complaints.to_string());
  return nullptr;
}

int fail(int code, std::string_view why) {
  const std::string_view end = why.ends_with('\n') ? "" : "\n";
  fmt::print(stderr, "sallyport-supervisor: {}{}", why, end);
  return code;
}

std::optional<std::string> from_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace sallyport::app
