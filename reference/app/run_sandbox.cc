#include "reference/app/run_sandbox.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <optional>

#include "reference/app/gateway_start.h"
#include "reference/app/planned_sandbox.h"
#include "reference/app/serving.h"
#include "reference/base/random.h"
#include "reference/sandbox/events.h"
#include "reference/sandbox/host.h"
#include "reference/sandbox/launch.h"
#include "reference/sandbox/state_folder.h"
#include "reference/supervisor/programs.h"

namespace sallyport::app {
namespace {

using supervisor::Config;
using supervisor::RunFlags;

constexpr int kNotRun = 125;

// A folder for the agent's CA that goes when we go.
class TemporaryFolder {
 public:
  TemporaryFolder() = default;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  // Empty when it can't be made.
  const std::string& make() {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/sallyport-XXXXXX";
    if (::mkdtemp(pattern.data()) != nullptr && ::chmod(pattern.c_str(), 0755) == 0)
      path_ = pattern;
    return path_;
  }

 private:
  std::string path_;
};

std::string made_up_name() {
  base::SystemRandom random;
  std::array<std::byte, 4> octets{};
  random.fill(octets);
  std::string name = "sandbox-";
  for (const std::byte octet : octets)
    name += fmt::format("{:02x}", std::to_integer<unsigned>(octet));
  return name;
}

class SandboxCompanion final : public Companion {
 public:
  // `fetched`: null without a gateway.
  SandboxCompanion(const RunFlags& flags, std::string ca_output, PlannedSandbox& planned,
                   const sync::FirstAnswers* fetched, sandbox::Sandbox& sandbox,
                   sandbox::Door& door)
      : flags_(flags),
        ca_output_(std::move(ca_output)),
        planned_(planned),
        fetched_(fetched),
        sandbox_(sandbox),
        door_(door) {}

  base::UniqueFd listening() override { return std::move(sandbox_.listening); }
  void start(const Proxy& proxy) override;
  bool signal(int number) override;
  const sync::FirstAnswers* fetched() const override { return fetched_; }
  std::string settle(policy::Policy& policy) override { return planned_.settle(policy.fixed); }
  void follow(const supervisor::Placeholders& placeholders) override;
  std::optional<Config> load(base::Diagnostics& complaints) override;
  void stop(net::asio::io_context& context) override;

  [[nodiscard]] int code() const { return code_; }

 private:
  void ended(int code, const std::string& wrong);

  const RunFlags& flags_;
  std::string ca_output_;
  PlannedSandbox& planned_;
  const sync::FirstAnswers* fetched_;
  sandbox::Sandbox& sandbox_;
  sandbox::Door& door_;
  std::optional<sandbox::Host> host_;
  std::function<void()> end_proxy_;
  int terminations_ = 0;
  int code_ = kNotRun;
};

void SandboxCompanion::start(const Proxy& proxy) {
  end_proxy_ = proxy.end;
  if (proxy.identities != nullptr) proxy.identities->set_anchor(sandbox_.keeper());
  if (!planned_.added().empty()) proxy.audit.emit(sandbox::enriched_event(planned_.added()));
  for (const audit::Event& event : sandbox::start_events(planned_.plan(), sandbox_.report()))
    proxy.audit.emit(event);
  host_.emplace(sandbox::Host::Parts{proxy.executor, proxy.audit, proxy.log, sandbox_, door_});
  host_->start([this](int code, const std::string& wrong) { ended(code, wrong); });
}

bool SandboxCompanion::signal(int number) {
  if (!host_) return false;
  // Who asks a second time means it.
  if (number == SIGTERM && ++terminations_ > 1) number = SIGKILL;
  host_->signal(number);
  return true;
}

// Before there is a host, the sandbox was made with them.
void SandboxCompanion::follow(const supervisor::Placeholders& placeholders) {
  const auto lines = planned_.environment_with(placeholders);
  if (host_) host_->give_environment(lines);
}

std::optional<Config> SandboxCompanion::load(base::Diagnostics& complaints) {
  auto config = supervisor::load_run_config(flags_.serve.config, flags_.policy, complaints);
  if (config) config->ca_output = ca_output_;
  return config;
}

void SandboxCompanion::stop(net::asio::io_context& context) {
  if (!host_) return;
  host_->stop();
  context.poll();
  host_.reset();
}

void SandboxCompanion::ended(int code, const std::string& wrong) {
  code_ = code;
  if (!wrong.empty()) fail(code, wrong);
  end_proxy_();
}

// The gateway's word, where there is one, in the first generation. Empty, or what is wrong.
std::string follow_gateway(const RunFlags& flags, const supervisor::Programs& programs,
                           const Config& config, sync::FirstAnswers& answers,
                           egress::Generation& first) {
  if (std::string wrong = ask_gateway(config, flags.serve.slow, answers); !wrong.empty())
    return wrong;
  if (std::string wrong = sync::take_first(answers, first); !wrong.empty()) return wrong;
  if (!answers.environment) {
    fmt::print(stderr,
               "sallyport-supervisor: the sandbox starts without credentials: the gateway "
               "doesn't say which\n");
  }
  return supervisor::adopt_policy(programs, first.policy);
}

int serve_sandbox(const RunFlags& flags, const Config& config,
                  std::shared_ptr<egress::Generation> first, PlannedSandbox& planned,
                  const sync::FirstAnswers& answers) {
  std::string wrong;
  auto door = sandbox::Door::open(planned.plan().hidden, planned.plan().name, wrong);
  if (!door) return fail(kNotRun, wrong);
  auto launched = sandbox::Sandbox::launch(planned.plan(), flags.command, wrong);
  if (!launched) return fail(kNotRun, wrong);
  // What the agent can see of us, it may not look into.
  if (!launched->report().own_proc) ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  supervisor::ServeFlags serving = flags.serve;
  serving.sandbox_query_fd = launched->socket_diag.get();
  SandboxCompanion companion(flags, config.ca_output, planned, config.gateway ? &answers : nullptr,
                             *launched, *door);
  const int code = serve(serving, config, std::move(first), &companion);
  if (code == kMisuse) return code;
  return code == kOk || companion.code() != kNotRun ? companion.code() : kNotRun;
}

std::string misuse(const RunFlags& flags) {
  for (const std::string& problem : supervisor::check_descriptors(flags.serve)) return problem;
  if (!flags.name.empty() && !sandbox::is_sandbox_name(flags.name)) {
    return fmt::format("--name {}: 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit",
                       flags.name);
  }
  return {};
}

}  // namespace

int run_sandbox(const RunFlags& flags) {
  if (const std::string wrong = misuse(flags); !wrong.empty()) return fail(kMisuse, wrong);
  base::Diagnostics complaints;
  auto config = supervisor::load_run_config(flags.serve.config, flags.policy, complaints);
  // With a sandbox programs can be told apart; which one it is, is not known yet.
  supervisor::ServeFlags serving = flags.serve;
  serving.sandbox_query_fd = 0;
  ReadVariables read;
  auto first = read_generation(config, serving, read.reader(), complaints);
  if (first == nullptr) return kMisuse;
  sync::FirstAnswers answers;
  if (config->gateway) {
    const auto programs = supervisor::programs_of(config->identity, serving);
    const std::string wrong = follow_gateway(flags, programs, *config, answers, *first);
    if (!wrong.empty()) return fail(kNotRun, wrong);
  }
  TemporaryFolder folder;
  if (config->ca_output.empty()) config->ca_output = folder.make();
  if (config->ca_output.empty()) return fail(kNotRun, "there is no room for temporary files");
  const std::string state = sandbox::state_folder(flags.state_dir, ::geteuid(), from_environment);
  if (const std::string wrong = sandbox::make_state_folder(state); !wrong.empty())
    return fail(kNotRun, wrong);
  PlannedSandbox planned(flags.name.empty() ? made_up_name() : flags.name, state);
  const std::string wrong =
      planned.settle_plan(flags.folder, config->ca_output, *first, read.all());
  if (!wrong.empty()) return fail(kNotRun, wrong);
  return serve_sandbox(flags, *config, std::move(first), planned, answers);
}

}  // namespace sallyport::app
