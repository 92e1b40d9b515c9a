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
#include "reference/base/no_dumps.h"
#include "reference/base/random.h"
#include "reference/gateway/ask_services.h"
#include "reference/gateway/client.h"
#include "reference/gateway/command_line.h"
#include "reference/gateway/config.h"
#include "reference/gateway/config_parts.h"
#include "reference/gateway/issued_tokens.h"
#include "reference/gateway/own_loop.h"
#include "reference/gateway/server.h"
#include "reference/gateway/start_check.h"
#include "reference/gateway/tables.h"
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

// The rest of the configuration is the state at start; what calls changed since isn't undone.
void read_tokens_again(const Config& config, gateway::TokenBook& tokens, base::Log& log) {
  std::vector<std::string> complaints;
  tokens.replace(gateway::read_again(config.token_files, tokens.from_files(), complaints));
  for (const std::string& complaint : complaints) {
    log.write(base::LogLevel::error, "gateway", complaint);
  }
  log.write(base::LogLevel::info, "gateway",
            "SIGHUP: the token files are read again, the rest of the configuration isn't");
}

void wait_for_the_end(const sigset_t& signals, const Config& config, gateway::TokenBook& tokens,
                      base::Log& log) {
  int number = 0;
  while (::sigwait(&signals, &number) != 0 || number == SIGHUP) {
    if (number == SIGHUP) read_tokens_again(config, tokens, log);
  }
}

void say_what_is_lost(const Config& config, base::Log& log) {
  if (config.state_file.empty()) {
    log.write(base::LogLevel::warning, "gateway",
              "the state is in memory: what calls change is gone with the process (state: FILE)");
  }
  if (config.allow_unauthenticated) {
    log.write(base::LogLevel::warning, "gateway",
              "allow_unauthenticated: whoever reaches an address of this gateway is its operator");
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
  std::string wrong;
  const auto kept = gateway::Store::open(config.state_file, std::move(initial), wrong);
  if (kept == nullptr) return fail(kCannotStart, wrong);
  gateway::Store& store = *kept;
  gateway::TokenBook tokens(config.tokens, gateway::issued_in(store));
  gateway::InferenceApi inference(store, clock, [&config](const inference::Route& route) {
    return gateway::probe_endpoint(route, config.probe);
  });
  gateway::ProviderApi providers(store, clock, random);
  gateway::SandboxApi sandboxes(store, clock, random, gateway::ask_services);
  gateway::CallLog calls{base::UniqueFd(flags.call_fd)};
  say_what_is_lost(config, log);
  gateway::check_services(config.initial, gateway::ask_services, log);
  std::string failure;
  const gateway::SetToken set_token = [&](const std::string& sandbox, const std::string& sha256,
                                          bool keep_previous) {
    return gateway::issue_token(store, tokens, sandbox, sha256, keep_previous);
  };
  const gateway::Listening how{config.listen, config.allow_unauthenticated,
                               config.tls ? &*config.tls : nullptr};
  const gateway::Apis apis{inference, providers, sandboxes, tokens, gateway::finder_in(store),
                           set_token};
  const auto server = gateway::Server::start(how, apis, calls, failure);
  if (server == nullptr) return fail(kCannotStart, failure);
  const std::string ready = net::readiness_line(server->listen(), ::getpid());
  log.write(base::LogLevel::info, "gateway", ready);
  if (flags.ready_fd >= 0) {
    wrong = net::announce(flags.ready_fd, ready);
    if (!wrong.empty()) return fail(kCannotStart, wrong);
  }
  wait_for_the_end(signals, config, tokens, log);
  end_soon();
  return kOk;
}

int run(const ServeFlags& flags) {
  const std::vector<std::string> problems = gateway::check_descriptors(flags);
  for (const std::string& problem : problems) fail(kMisuse, problem);
  const base::SystemClock clock;
  base::Diagnostics complaints;
  auto config = gateway::load_config(flags.config, clock.wall_ms(), from_environment, complaints);
  if (!complaints.empty()) {
    fmt::print(stderr, "{}", complaints.to_string());
    return kMisuse;
  }
  if (!problems.empty()) return kMisuse;
  if (flags.state) config->state_file = *flags.state == gateway::kInMemory ? "" : *flags.state;
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

// A gateway may wait for services before it takes a policy, and for an endpoint before a route.
base::Duration patience(const ClientFlags& flags) {
  constexpr base::Duration kServices = std::chrono::seconds(31);
  constexpr base::Duration kEndpoint = std::chrono::seconds(25);
  switch (flags.verb) {
    case gateway::Verb::policy_set:
    case gateway::Verb::sandbox_create:
      return flags.timeout + kServices;
    case gateway::Verb::inference_set:
    case gateway::Verb::inference_update:
      return flags.timeout + kEndpoint;
    default:
      return flags.timeout;
  }
}

// What is wrong with the files that the options name, or nothing.
std::string read_files(const ClientFlags& flags, rpc::ChannelOptions& options) {
  constexpr std::size_t kPemBytesMax = 1U << 20U;
  std::string why;
  if (!flags.ca_file.empty()) {
    auto pem = gateway::read_small_file(flags.ca_file, kPemBytesMax, why);
    if (!pem) return why;
    options.ca_pem = std::move(*pem);
  }
  if (flags.token_file.empty()) return {};
  options.token = rpc::TokenFile::open(flags.token_file, why);
  return options.token ? std::string() : why;
}

// Says what came of the command; with --json also what a supervisor would be told now.
int report(const ClientFlags& flags, const gateway::Outcome& outcome,
           const gateway::CallGateway& call) {
  const int code = gateway::exit_code(outcome);
  if (flags.json) {
    const bool wanted = call && code == kOk && !flags.sandbox.empty();
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
    fail(code, fmt::format("{}: {}", rpc::code_name(outcome.status.code),
                           gateway::printable(outcome.status.message)));
  }
  return code;
}

int run(const ClientFlags& flags) {
  if (flags.verb == gateway::Verb::token_create) {
    return report(flags, gateway::execute(flags, from_environment, {}), {});
  }
  gateway::OwnLoop loop;
  rpc::ChannelOptions options;
  options.endpoint = flags.gateway;
  options.connect = flags.timeout;
  options.retry_lost = false;  // a write whose answer was lost may have been committed
  options.insecure = flags.insecure;
  if (const std::string wrong = read_files(flags, options); !wrong.empty()) {
    return fail(kMisuse, wrong);
  }
  const auto channel = rpc::Channel::create(loop.executor(), loop.clock(), options);
  if (!channel) {
    return fail(kMisuse, fmt::format("--gateway {}: {}", flags.gateway, channel.error().message()));
  }
  const gateway::CallGateway call = [&](std::string_view method,
                                        const google::protobuf::MessageLite& request,
                                        google::protobuf::MessageLite& response) {
    rpc::Status status;
    const base::TimePoint deadline = loop.clock().now() + patience(flags);
    loop.run(ask(**channel, method, request, response, deadline, status));
    return status;
  };
  return report(flags, gateway::execute(flags, from_environment, call), call);
}

}  // namespace
}  // namespace sallyport

int main(int argc, char** argv) {
  // A peer that is gone is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  // Both sides hold keys and tokens.
  sallyport::base::forbid_core_dumps();
  const auto line = sallyport::gateway::parse_command_line(argc, argv);
  if (line.serve) return sallyport::run(*line.serve);
  if (line.client) return sallyport::run(*line.client);
  fmt::print(line.exit_code == 0 ? stdout : stderr, "{}", line.output);
  return line.exit_code;
}
