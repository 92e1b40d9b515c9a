// The object graph of the reference supervisor, made here and nowhere else: a proxy from its
// configuration to its end. `serve` is that alone; `run` has a sandbox beside it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "reference/audit/sink.h"
#include "reference/base/log.h"
#include "reference/base/unique_fd.h"
#include "reference/identity/identity.h"
#include "reference/inference/routes.h"
#include "reference/net/executor.h"
#include "reference/supervisor/agent_files.h"
#include "reference/supervisor/command_line.h"
#include "reference/supervisor/config.h"
#include "reference/sync/first.h"

namespace sallyport::app {

inline constexpr int kOk = 0;
inline constexpr int kCannotStart = 1;
inline constexpr int kMisuse = 2;

// Says why on stderr; returns `code`.
int fail(int code, std::string_view why);

[[nodiscard]] std::optional<std::string> from_environment(std::string_view name);

// Port: whose clients the proxy has, where it doesn't listen for just anybody.
class Companion {
 public:
  struct Proxy {
    net::Executor executor;
    audit::AuditSink& audit;
    base::Log& log;
    identity::KernelIdentity* identities;  // null: programs aren't told apart
    std::function<void()> end;             // the proxy has nobody left to serve
  };
  virtual ~Companion() = default;
  // Taken once, before start(): instead of the configuration's `listen`.
  [[nodiscard]] virtual base::UniqueFd listening() = 0;
  // Connections are taken from now on.
  virtual void start(const Proxy& proxy) = 0;
  // SIGINT or SIGTERM came; whether it is dealt with.
  [[nodiscard]] virtual bool signal(int number) = 0;
  // A gateway's first word, which the first generation was made from; null: there was none.
  [[nodiscard]] virtual const sync::FirstAnswers* fetched() const = 0;
  // As sync::PollerOptions::settle.
  [[nodiscard]] virtual std::string settle(policy::Policy& policy) = 0;
  // The placeholders of credentials, each time that they are others; at once too.
  virtual void follow(const supervisor::Placeholders& placeholders) = 0;
  // The configuration, read anew.
  [[nodiscard]] virtual std::optional<supervisor::Config> load(base::Diagnostics& complaints) = 0;
  // The proxy has ended; nothing may be left on its loop.
  virtual void stop(net::asio::io_context& context) = 0;
};

// What is to decide first, or null after its complaints are on stderr, `complaints` before it
// among them.
[[nodiscard]] std::shared_ptr<egress::Generation> read_generation(
    const std::optional<supervisor::Config>& config, const supervisor::ServeFlags& flags,
    const inference::Environment& environment, base::Diagnostics& complaints);

// Until it is told to end. The exit code.
[[nodiscard]] int serve(const supervisor::ServeFlags& flags, const supervisor::Config& config,
                        std::shared_ptr<egress::Generation> first, Companion* companion = nullptr);

}  // namespace sallyport::app
