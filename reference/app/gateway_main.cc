// sallyport-gateway: the object graph of the reference gateway, and of its command line's client,
// made here and nowhere else.
#include <fmt/format.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "reference/base/clock.h"
#include "reference/base/random.h"
#include "reference/gateway/ask_services.h"
#include "reference/gateway/client.h"
#include "reference/gateway/command_line.h"
#include "reference/gateway/config.h"
#include "reference/gateway/own_loop.h"
#include "reference/gateway/server.h"
#include "reference/gateway/start_check.h"
#include "reference/net/readiness.h"
#include "reference/rpc/channel.h"

namespace sallyport {
namespace {

using gateway::ClientFlags;
using gateway::Config;
using gateway::ServeFlags;

constexpr int kOk = 0;
constexpr int kCannotStart = 1;
constexpr int kMisuse = 2;
constexpr std::size_t kStartOctets = 16;

int fail(int code, std::string_view why) {
  const std::string_view end = why.ends_with('\n') ? "" : "\n";
  fmt::print(stderr, "sallyport-gateway: {}{}", why, end);
  return code;
}

std::optional<std::string> from_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

// --- the server
// -----------------------------------------------------------------------------------

sigset_t handled_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

void wait_for_the_end(const sigset_t& signals, base::Log& log) {
  int number = 0;
  while (::sigwait(&signals, &number) != 0 || number == SIGHUP) {
    if (number != SIGHUP) continue;
    log.write(base::LogLevel::info, "gateway",
              "SIGHUP: nothing is read again; the configuration is the state at start");
  }
}

// A call may be waiting for a service for half a minute yet, and gRPC waits for the call. Nothing
// of it would outlive the process.
void end_soon() {
  std::signal(SIGALRM, [](int) { ::_exit(kOk); });
  constexpr itimerval kSoon{{0, 0}, {0, 800'000}};  // microseconds
  ::setitimer(ITIMER_REAL, &kSoon, nullptr);
}

int serve(const ServeFlags& flags, const Config& config, const base::Clock& clock) {
  // Before the first thread: all of gRPC's inherit it, so that sigwait gets every signal.
  const sigset_t signals = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  base::StderrLog log(config.log_level);
  base::SystemRandom random;
  gateway::State initial = config.initial;
  initial.start = random.hex(kStartOctets);
  gateway::Store store(std::move(initial));
  gateway::InferenceApi inference(store, clock);
  gateway::ProviderApi providers(store, clock, random);
  gateway::SandboxApi sandboxes(store, clock, gateway::ask_services);
  gateway::CallLog calls{base::UniqueFd(flags.call_fd)};
  gateway::check_services(config.initial, gateway::ask_services, log);
  std::string failure;
  const auto server = gateway::Server::start(config.listen, config.allow_unauthenticated,
                                             {inference, providers, sandboxes}, calls, failure);
  if (server == nullptr) return fail(kCannotStart, failure);
  const std::string ready = net::readiness_line(server->listen(), ::getpid());
  log.write(base::LogLevel::info, "gateway", ready);
  if (flags.ready_fd >= 0) {
    const std::string wrong = net::announce(flags.ready_fd, ready);
    if (!wrong.empty()) return fail(kCannotStart, wrong);
  }
  wait_for_the_end(signals, log);
  end_soon();
  return kOk;
}

int run(const ServeFlags& flags) {
  const std::vector<std::string> problems = gateway::check_descriptors(flags);
  for (const std::string& problem : problems) fail(kMisuse, problem);
  const base::SystemClock clock;
  base::Diagnostics complaints;
  const auto config =
      gateway::load_config(flags.config, clock.wall_ms(), from_environment, complaints);
  if (!complaints.empty()) {
    fmt::print(stderr, "{}", complaints.to_string());
    return kMisuse;
  }
  if (!problems.empty()) return kMisuse;
  return flags.check ? kOk : serve(flags, *config, clock);
}

// --- the client
// -----------------------------------------------------------------------------------

net::Task<void> ask(rpc::Channel& channel, std::string_view method,
                    const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite& response, base::TimePoint deadline,
                    rpc::Status& status) {
  status = co_await channel.unary(method, request, response, deadline);
}

// A gateway may wait for services before it takes a policy.
base::Duration patience(const ClientFlags& flags) {
  constexpr base::Duration kServices = std::chrono::seconds(31);
  return flags.verb == gateway::Verb::policy_set ? flags.timeout + kServices : flags.timeout;
}

int run(const ClientFlags& flags) {
  gateway::OwnLoop loop;
  rpc::ChannelOptions options;
  options.endpoint = flags.gateway;
  options.connect = flags.timeout;
  options.retry_lost = false;  // a write whose answer was lost may have been committed
  const auto channel = rpc::Channel::create(loop.executor(), loop.clock(), options);
  if (!channel) {
    return fail(kMisuse, fmt::format("--gateway {}: {}", flags.gateway, channel.error().message()));
  }
  const gateway::Caller call = [&](std::string_view method,
                                   const google::protobuf::MessageLite& request,
                                   google::protobuf::MessageLite& response) {
    rpc::Status status;
    const base::TimePoint deadline = loop.clock().now() + patience(flags);
    loop.run(ask(**channel, method, request, response, deadline, status));
    return status;
  };
  const gateway::Outcome outcome = gateway::execute(flags, from_environment, call);
  const int code = gateway::exit_code(outcome);
  if (flags.json) {
    const bool wanted = code == kOk && !flags.sandbox.empty();
    const std::string revisions =
        wanted ? gateway::revisions_json(flags.sandbox, call) : std::string();
    const std::string all = wanted && flags.sandboxes.size() > 1
                                ? gateway::all_revisions_json(flags.sandboxes, call)
                                : std::string();
    fmt::print("{}", gateway::json_line(outcome, revisions, all));
  } else if (code == kOk) {
    fmt::print("{}", outcome.text);
  } else if (!outcome.mistake.empty()) {
    fail(code, outcome.mistake);
  } else {
    fail(code, fmt::format("{}: {}", rpc::code_name(outcome.status.code), outcome.status.message));
  }
  return code;
}

}  // namespace
}  // namespace sallyport

int main(int argc, char** argv) {
  // A peer that is gone is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  const auto line = sallyport::gateway::parse_command_line(argc, argv);
  if (line.serve) return sallyport::run(*line.serve);
  if (line.client) return sallyport::run(*line.client);
  fmt::print(line.exit_code == 0 ? stdout : stderr, "{}", line.output);
  return line.exit_code;
}
