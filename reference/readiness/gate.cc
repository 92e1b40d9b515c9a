#include "reference/readiness/gate.h"

#include <fmt/format.h>

#include <utility>

#include "reference/readiness/applicability.h"
#include "reference/readiness/bridge.h"
#include "reference/readiness/classify.h"
#include "reference/readiness/command_words.h"
#include "reference/readiness/facts.h"
#include "reference/readiness/firewall_fix.h"
#include "reference/readiness/report.h"
#include "reference/readiness/script.h"

namespace sallyport::readiness {
namespace {

constexpr std::size_t kDetailMax = 300;

// One pass; lives in run_gate's frame.
class Gate {
 public:
  Gate(const Request& request, Runner& runner, net::Clock& clock)
      : request_(request), runner_(runner), clock_(clock) {}

  net::Task<Report> pass() {
    report_.network = network_mode(request_.setup.network);
    report_.agent_netns = request_.agent_netns;
    if (takes_host_network_back(request_)) {
      co_await take_host_network_back();
      if (is_fatal(report_.bridge)) co_return finished(Class::unreachable, kBridgeUnreachable);
    }
    const std::string_view skipped = skip_reason(request_);
    if (!skipped.empty()) co_return finished(Class::skipped, skipped);
    if (!report_.agent_netns && !request_.agent_query.empty()) co_await ask_for_agent();
    co_await probe();
    co_return finished(last_.outcome, last_.reason);
  }

 private:
  Report finished(Class outcome, std::string_view reason) {
    report_.outcome = outcome;
    report_.reason = reason;
    report_.detail = printable(report_.detail, kDetailMax);
    report_.message = message_of(report_);
    report_.recovery = recovery_of(request_, report_);
    return std::move(report_);
  }

  net::Task<void> take_host_network_back() {
    report_.network = network_mode({});
    report_.downgraded = true;
    report_.notes.emplace_back(
        "host networking is taken back: the agent has a network namespace of its own, in which the "
        "host's loopback isn't; the sandbox keeps its bridge, which is looked at once more");
    co_await look_at_bridge();
    if (report_.bridge != kTcpFailed || request_.setup.host_gateway) co_return;
    const FixResult fix = co_await fix_firewall(request_.setup, runner_, request_.limits.command);
    report_.fix = fix.reason;
    if (fix.reason == kFixApplied) {
      co_await look_at_bridge();
    } else if (!is_silent(fix.reason)) {
      report_.recheck = fix.reason;
      report_.notes.push_back(
          fmt::format("warning: the firewall wasn't opened ({}): {}", fix.reason, fix.detail));
    }
  }

  // Over a host gateway the way may take a moment to come up.
  net::Task<void> look_at_bridge() {
    const int attempts = request_.setup.host_gateway ? request_.limits.bridge_attempts : 1;
    for (int attempt = 1; attempt <= attempts; ++attempt) {
      if (attempt > 1) co_await clock_.sleep_until(clock_.now() + request_.limits.bridge_gap);
      Words words = bridge_words(request_);
      const CommandResult result =
          co_await runner_.run(std::move(words), request_.limits.bridge_run);
      report_.bridge = bridge_reason(result);
      report_.recheck = report_.bridge;
      report_.detail = bridge_detail(result);
      if (report_.bridge != kTcpFailed) break;
    }
    if (is_fatal(report_.bridge)) co_return;
    if (report_.bridge == kProbeUnavailable) {
      report_.notes.push_back(
          fmt::format("warning: nobody could look at the bridge, going on: {}", report_.detail));
    }
    report_.detail.clear();
  }

  [[nodiscard]] std::string bridge_detail(const CommandResult& result) const {
    if (report_.bridge == kTcpFailed) {
      return fmt::format("from the bridge nobody takes connections at {}:{}", request_.bridge_host,
                         request_.setup.port);
    }
    const std::string said = printable(result.err.empty() ? result.out : result.err, kDetailMax);
    if (result.end == CommandResult::End::exited)
      return fmt::format("the bridge's probe ended with {}: {}", result.code, said);
    const bool late = result.end == CommandResult::End::timed_out;
    return fmt::format("the bridge's probe {}: {}", late ? "had to be ended" : "did not run", said);
  }

  net::Task<void> ask_for_agent() {
    Words words = request_.agent_query;
    const CommandResult told = co_await runner_.run(std::move(words), request_.limits.exec);
    report_.agent_netns = told_namespace(told.err);
  }

  net::Task<void> probe() {
    Words words = request_.exec_command;
    words.insert(words.end(), {"sh", "-c", probe_script(request_)});
    for (;;) {
      Words again = words;
      const CommandResult result = co_await runner_.run(std::move(again), request_.limits.exec);
      ++report_.calls;
      last_ = classify(request_, report_.agent_netns, result);
      if (last_.is_final() || report_.calls >= request_.limits.attempts) break;
      ++report_.gaps;
      co_await clock_.sleep_until(clock_.now() + request_.limits.gap);
    }
    report_.code = last_.code;
    report_.detail = last_.detail;
    report_.facts = last_.facts;
  }

  const Request& request_;
  Runner& runner_;
  net::Clock& clock_;
  Report report_;
  Attempt last_;
};

}  // namespace

net::Task<Report> run_gate(Request request, Runner& runner, net::Clock& clock) {
  Gate gate(request, runner, clock);
  co_return co_await gate.pass();
}

}  // namespace sallyport::readiness
