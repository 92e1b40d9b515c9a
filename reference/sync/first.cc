#include "reference/sync/first.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/sandbox/v1/sandbox.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/credentials/store.h"
#include "reference/inference/routes.h"
#include "reference/sync/convert.h"
#include "reference/sync/news.h"

namespace sallyport::sync {
namespace {

constexpr base::Duration kToldEvery = std::chrono::seconds(5);

std::string seconds(base::Duration duration) {
  return fmt::format("{} s", std::chrono::round<std::chrono::seconds>(duration).count());
}

// The wait of a start, and what is said of it.
class Waiting {
 public:
  Waiting(const ConfigSource& source, net::Clock& clock, const FirstOptions& options,
          std::function<void(const std::string&)> tell)
      : source_(source),
        clock_(clock),
        options_(options),
        tell_(std::move(tell)),
        begun_(clock.now()) {}

  [[nodiscard]] base::TimePoint deadline() const { return clock_.now() + options_.timeout; }
  [[nodiscard]] std::string unreachable(const rpc::Status& status) const {
    return fmt::format("the gateway {} doesn't answer ({}), {} long", source_.name(),
                       words_of(status), seconds(clock_.now() - begun_));
  }
  // False when there is no patience left.
  [[nodiscard]] net::Task<bool> again_after(const rpc::Status& status) {
    const base::TimePoint now = clock_.now();
    if (now - begun_ >= options_.patience) co_return false;
    if (now >= next_told_) {
      tell_(fmt::format("waiting for the gateway {}: {} (for {} at most)", source_.name(),
                        words_of(status), seconds(begun_ + options_.patience - now)));
      next_told_ = now + kToldEvery;
    }
    const base::TimePoint next = std::min(now + options_.pause, begun_ + options_.patience);
    co_await clock_.sleep_until(next);
    co_return true;
  }

 private:
  const ConfigSource& source_;
  net::Clock& clock_;
  const FirstOptions& options_;
  std::function<void(const std::string&)> tell_;
  base::TimePoint begun_;
  base::TimePoint next_told_{};
};

void put(std::string& into, std::string_view part) {
  into += fmt::format("{} ", part.size());
  into += part;
}

std::optional<std::string_view> take(std::string_view& from) {
  std::size_t size = 0;
  const auto [at, error] = std::from_chars(from.data(), from.data() + from.size(), size);
  if (error != std::errc() || at == from.data() + from.size() || *at != ' ') return std::nullopt;
  from.remove_prefix(static_cast<std::size_t>(at - from.data()) + 1);
  if (size > from.size()) return std::nullopt;
  const std::string_view part = from.substr(0, size);
  from.remove_prefix(size);
  return part;
}

// Empty, or why there is none.
net::Task<std::string> fetch_config(ConfigSource& source, Waiting& waiting, std::string& answer) {
  for (;;) {
    openshell::sandbox::v1::GetSandboxConfigResponse config;
    const rpc::Status status = co_await source.config(config, waiting.deadline());
    if (status.ok()) {
      answer = config.SerializeAsString();
      co_return std::string();
    }
    if (!is_outage(status.code)) {
      co_return fmt::format("the gateway {} refuses: {}", source.name(), words_of(status));
    }
    const bool again = co_await waiting.again_after(status);
    if (!again) co_return waiting.unreachable(status);
  }
}

net::Task<void> fetch_environment(ConfigSource& source, Waiting& waiting,
                                  std::optional<std::string>& answer) {
  for (;;) {
    openshell::v1::GetSandboxProviderEnvironmentResponse environment;
    const rpc::Status status = co_await source.environment(environment, waiting.deadline());
    if (status.ok()) answer = environment.SerializeAsString();
    if (status.ok() || !is_outage(status.code)) co_return;
    const bool again = co_await waiting.again_after(status);
    if (!again) co_return;
  }
}

net::Task<void> fetch_bundle(ConfigSource& source, base::TimePoint deadline,
                             std::optional<std::string>& answer) {
  openshell::inference::v1::GetInferenceBundleResponse bundle;
  const rpc::Status status = co_await source.bundle(bundle, deadline);
  if (status.ok()) answer = bundle.SerializeAsString();
}

bool take_routes(const std::string& text, egress::Generation& into) {
  openshell::inference::v1::GetInferenceBundleResponse answer;
  if (!answer.ParseFromString(text)) return false;
  std::vector<std::string> wrong;
  auto routes = routes_of(answer, nullptr, wrong);
  if (!wrong.empty()) return false;
  into.routes = std::make_shared<const inference::Routes>(std::move(routes));
  into.revisions.bundle = answer.revision();
  return true;
}

bool take_credentials(const std::string& text, egress::Generation& into) {
  openshell::v1::GetSandboxProviderEnvironmentResponse answer;
  std::string wrong;
  if (!answer.ParseFromString(text)) return false;
  auto store = store_of(answer, wrong);
  if (!store) return false;
  into.credentials = std::make_shared<const credentials::Store>(*std::move(store));
  into.revisions.environment = fmt::format("{}", answer.provider_env_revision());
  return true;
}

}  // namespace

net::Task<std::string> fetch_first(ConfigSource& source, net::Clock& clock, FirstOptions options,
                                   std::function<void(const std::string&)> tell,
                                   FirstAnswers& answers) {
  Waiting waiting(source, clock, options, std::move(tell));
  std::string wrong = co_await fetch_config(source, waiting, answers.config);
  if (!wrong.empty()) co_return wrong;
  co_await fetch_environment(source, waiting, answers.environment);
  co_await fetch_bundle(source, waiting.deadline(), answers.bundle);
  co_return std::string();
}

std::string take_first(FirstAnswers& answers, egress::Generation& into) {
  openshell::sandbox::v1::GetSandboxConfigResponse config;
  if (!config.ParseFromString(answers.config)) return "the gateway's answer can't be read";
  std::string wrong;
  auto policy = policy_of(config, wrong);
  if (!policy) return fmt::format("the gateway's policy can't be taken: {}", wrong);
  into.policy = *std::move(policy);
  into.revisions.config = fmt::format("{}", config.config_revision());
  if (answers.bundle && !take_routes(*answers.bundle, into)) answers.bundle.reset();
  if (answers.environment && !take_credentials(*answers.environment, into)) {
    answers.environment.reset();
  }
  return {};
}

std::string write_first(const FirstAnswers& answers) {
  std::string text;
  put(text, answers.config);
  for (const auto& one : {answers.bundle, answers.environment}) {
    put(text, one ? "1" : "0");
    put(text, one.value_or(""));
  }
  return text;
}

std::optional<FirstAnswers> read_first(std::string_view text) {
  FirstAnswers answers;
  const auto config = take(text);
  if (!config) return std::nullopt;
  answers.config = *config;
  for (auto* const one : {&answers.bundle, &answers.environment}) {
    const auto there = take(text);
    const auto part = take(text);
    if (!there || !part || (*there != "0" && *there != "1")) return std::nullopt;
    if (*there == "1") one->emplace(*part);
  }
  if (!text.empty()) return std::nullopt;
  return answers;
}

}  // namespace sallyport::sync
