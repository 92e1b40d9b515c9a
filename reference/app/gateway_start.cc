#include "reference/app/gateway_start.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "reference/app/serving.h"
#include "reference/base/log.h"
#include "reference/base/unique_fd.h"
#include "reference/net/loop_clock.h"
#include "reference/net/task_group.h"

namespace sallyport::app {
namespace {

using supervisor::Config;

// What the asking process says begins with one of these.
constexpr char kAnswered = 'a';
constexpr char kWrong = 'w';

net::Task<void> ask(sync::ConfigSource* source, net::Clock* clock, sync::FirstOptions options,
                    sync::FirstAnswers* answers, std::string* wrong) {
  const std::function<void(const std::string&)> tell = [](const std::string& text) {
    fmt::print(stderr, "sallyport-supervisor: {}\n", text);
  };
  *wrong = co_await sync::fetch_first(*source, *clock, options, tell, *answers);
}

std::string ask_here(const Config& config, double slow, sync::FirstAnswers& answers) {
  const auto slowed = [slow](base::Duration duration) {
    return std::chrono::duration_cast<base::Duration>(duration * slow);
  };
  base::StderrLog log(base::LogLevel::error);
  net::Loop loop;
  net::LoopClock clock(loop.executor());
  const auto source = gateway_source(loop.executor(), clock, config);
  if (!source) return source.error().message();
  sync::FirstOptions options;
  options.timeout = slowed(config.gateway->timeout);
  options.pause = slowed(options.pause);
  options.patience = slowed(config.gateway->start_wait);
  std::string wrong = "the question wasn't put";
  net::TaskGroup group(loop.executor(), log);
  group.spawn(ask(source->get(), &clock, options, &answers, &wrong));
  while (group.size() > 0) loop.context().run_one();
  return wrong;
}

void write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(to, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

std::string read_all(int from) {
  std::string text;
  std::array<char, 65536> part;
  for (;;) {
    const ssize_t size = ::read(from, part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(size));
  }
}

[[noreturn]] void be_asking_process(const Config& config, double slow, pid_t parent, int to) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  sync::FirstAnswers answers;
  const std::string wrong = ask_here(config, slow, answers);
  write_all(to, wrong.empty() ? kAnswered + sync::write_first(answers) : kWrong + wrong);
  // gRPC's threads end with the process.
  ::_exit(0);
}

}  // namespace

base::Result<std::unique_ptr<sync::GatewaySource>> gateway_source(net::Executor executor,
                                                                  const net::Clock& clock,
                                                                  const Config& config) {
  if (!config.gateway) return nullptr;
  rpc::ChannelOptions options;
  options.endpoint = config.gateway->endpoint;
  options.ca_pem = config.gateway->ca_pem;
  options.token = config.gateway->token;
  options.insecure = config.gateway->insecure;
  return sync::GatewaySource::create(executor, clock, std::move(options),
                                     {config.gateway->sandbox, config.sandbox.name});
}

std::string ask_gateway(const Config& config, double slow, sync::FirstAnswers& answers) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::strerror(errno);
  const base::UniqueFd from(ends[0]);
  base::UniqueFd to(ends[1]);
  // What is buffered would be written twice.
  std::fflush(nullptr);
  const pid_t self = ::getpid();
  const pid_t asking = ::fork();
  if (asking < 0) return fmt::format("making a process: {}", std::strerror(errno));
  if (asking == 0) be_asking_process(config, slow, self, to.get());
  to.reset();
  const std::string said = read_all(from.get());
  int status = 0;
  while (::waitpid(asking, &status, 0) < 0 && errno == EINTR) continue;
  if (said.starts_with(kWrong)) return said.substr(1);
  const auto read = said.starts_with(kAnswered) ? sync::read_first(std::string_view(said).substr(1))
                                                : std::nullopt;
  if (!read) return "the process that asks the gateway ended unexpectedly";
  answers = *read;
  return {};
}

}  // namespace sallyport::app
