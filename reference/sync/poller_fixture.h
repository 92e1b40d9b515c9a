// A gateway with memory, a target and a registry builder that are none, and a poller between them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/sandbox/v1/sandbox.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/credentials/store.h"
#include "reference/inference/routes.h"
#include "reference/middleware/carry_over.h"
#include "reference/net/task_group.h"
#include "reference/net/testing/run.h"
#include "reference/sync/poller.h"

namespace sallyport::sync {

class FakeSource final : public ConfigSource {
 public:
  net::Task<rpc::Status> bundle(openshell::inference::v1::GetInferenceBundleResponse& answer,
                                base::TimePoint) override {
    ++bundle_calls;
    if (bundle_status.ok()) answer = bundle_answer;
    co_return bundle_status;
  }
  net::Task<rpc::Status> config(openshell::sandbox::v1::GetSandboxConfigResponse& answer,
                                base::TimePoint) override {
    if (config_status.ok()) answer = config_answer;
    co_return config_status;
  }
  net::Task<rpc::Status> environment(openshell::v1::GetSandboxProviderEnvironmentResponse& answer,
                                     base::TimePoint) override {
    ++environment_calls;
    if (environment_status.ok()) answer = environment_answer;
    co_return environment_status;
  }
  net::Task<rpc::Status> report_policy(const openshell::sandbox::v1::SandboxPolicy& effective,
                                       base::TimePoint) override {
    reported.push_back(effective);
    co_return report_status_answer;
  }
  net::Task<rpc::Status> report_status(std::uint32_t version, const std::string& error,
                                       base::TimePoint) override {
    statuses.push_back(error.empty() ? std::to_string(version) + " loaded"
                                     : std::to_string(version) + " failed: " + error);
    co_return loading_answer;
  }
  [[nodiscard]] const std::string& name() const override { return name_; }

  openshell::inference::v1::GetInferenceBundleResponse bundle_answer;
  openshell::sandbox::v1::GetSandboxConfigResponse config_answer;
  openshell::v1::GetSandboxProviderEnvironmentResponse environment_answer;
  rpc::Status bundle_status;
  rpc::Status config_status;
  rpc::Status environment_status;
  std::vector<openshell::sandbox::v1::SandboxPolicy> reported;
  std::vector<std::string> statuses;
  rpc::Status report_status_answer;
  rpc::Status loading_answer;
  int bundle_calls = 0;
  int environment_calls = 0;

 private:
  std::string name_ = "http://gateway.test:1";
};

class FakeTarget final : public GenerationTarget {
 public:
  FakeTarget() { install(std::make_shared<egress::Generation>()); }
  [[nodiscard]] std::shared_ptr<const egress::Generation> current() const override {
    return all.back();
  }
  std::shared_ptr<const egress::Generation> install(
      std::shared_ptr<egress::Generation> next) override {
    next->number = all.size() + 1;
    all.push_back(std::move(next));
    return all.back();
  }
  std::vector<std::shared_ptr<const egress::Generation>> all;
};

class FakeAudit final : public audit::AuditSink {
 public:
  void emit(const audit::Event& event) override { events.push_back(event); }
  [[nodiscard]] int count(std::string_view state) const {
    int found = 0;
    for (const audit::Event& event : events) found += event.state == state ? 1 : 0;
    return found;
  }
  [[nodiscard]] const audit::Event& last(std::string_view state) const {
    for (auto at = events.rbegin(); at != events.rend(); ++at) {
      if (at->state == state) return *at;
    }
    ADD_FAILURE() << "no event " << state;
    return events.front();
  }
  std::vector<audit::Event> events;
};

// Services by name: those in `absent` are refused. Questions can be held up, all or some.
class FakeServices {
 public:
  explicit FakeServices(net::Executor executor) : go_on_(executor) {}

  [[nodiscard]] RegistryBuilder builder() {
    return [this](std::vector<middleware::Registration> wanted,
                  std::shared_ptr<const middleware::Registry> previous) {
      return build(std::move(wanted), std::move(previous));
    };
  }
  void let_go() {
    held = false;
    silent.clear();
    go_on_.notify();
  }

  std::map<std::string, std::string> absent;  // why, by name
  middleware::Again again = middleware::Again::soon;
  bool held = false;
  std::set<std::string> silent;
  int builds = 0;
  std::vector<middleware::Registration> asked;

 private:
  [[nodiscard]] bool is_held(const middleware::Registration& one) const {
    return held || silent.contains(one.name);
  }
  net::Task<middleware::Built> build(std::vector<middleware::Registration> wanted,
                                     std::shared_ptr<const middleware::Registry> previous) {
    ++builds;
    middleware::CarriedOver over = middleware::carry_over(std::move(wanted), previous.get(), 1);
    middleware::Built built;
    built.refused = std::move(over.refused);
    auto all = over.registry->all();
    for (middleware::Registration& one : over.pending) {
      asked.push_back(one);
      while (is_held(one)) {
        const bool notified = co_await go_on_.wait();
        if (!notified) break;
      }
      const auto why = absent.find(one.name);
      if (why == absent.end()) {
        middleware::Implementation& there = all[one.name];
        there = middleware::Implementation();
        there.name = one.name;
        there.external = true;
        there.bindings.http = middleware::Binding{one.payload_bytes_max, {}};
        there.registration = one;
      } else {
        middleware::Refused refused;
        refused.name = one.name;
        refused.reason = why->second;
        refused.again = again;
        refused.kept = all.contains(one.name);
        built.refused.push_back(std::move(refused));
      }
    }
    built.registry = std::make_shared<const middleware::Registry>(std::move(all));
    co_return built;
  }
  net::Event go_on_;
};

// The value of an event's unmapped member, as text.
inline std::string member(const audit::Event& event, std::string_view name) {
  for (const auto& [key, value] : event.unmapped) {
    if (key != name) continue;
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    return std::get<std::string>(value);
  }
  return "(absent)";
}

inline const rpc::Status kDown{rpc::Code::unavailable, "connection refused"};
inline const rpc::Status kGone{rpc::Code::failed_precondition,
                               "configured provider 'p' was not found"};

class PollerFixture : public testing::Test {
 protected:
  PollerFixture() {
    options.poll = std::chrono::milliseconds(3);
    options.services.pause = options.services.pause_max = std::chrono::milliseconds(2);
    options.services.patience = std::chrono::milliseconds(20);
    options.source = "http://gateway.test:1";
    make(t.deadlines);
    set_policy(1, "listed.test");
    set_route("r1", "http://10.0.0.1:1/v1", "key-one");
    set_credential(7, "alpha");
  }
  ~PollerFixture() override {
    group.force();
    t.poll();
  }

  // Another one, with `options` as they are now.
  void make(net::Deadlines& deadlines) {
    poller.emplace(
        Poller::Parts{t.executor(), deadlines, audit, log, target, &source, services.builder()},
        options);
  }
  void start() {
    group.spawn(poller->run_gateway());
    group.spawn(poller->run_services());
    polls(1);
  }
  // Lets the poller poll `n` times and finish.
  void polls(int n) {
    const int until = source.bundle_calls + n;
    while (source.bundle_calls < until) t.loop.context().run_one();
    t.poll();
  }
  void set_policy(std::uint64_t revision, const std::string& host) {
    auto& config = source.config_answer;
    config.set_config_revision(revision);
    config.set_version(static_cast<std::uint32_t>(revision));
    config.set_policy_hash("hash-" + std::to_string(revision));
    auto* policy = config.mutable_policy();
    policy->Clear();
    policy->set_version(1);
    auto& rule = (*policy->mutable_network_policies())["web"];
    auto* endpoint = rule.add_endpoints();
    endpoint->set_host(host);
    endpoint->set_port(443);
    rule.add_binaries()->set_path("/**");
  }
  void set_service(const std::string& name) {
    auto* service = source.config_answer.add_supervisor_middleware_services();
    service->set_name(name);
    service->set_grpc_endpoint("http://guard.test:1");
    service->set_max_payload_bytes(1024);
  }
  void set_route(const std::string& revision, const std::string& url, const std::string& key) {
    source.bundle_answer.Clear();
    source.bundle_answer.set_revision(revision);
    auto* route = source.bundle_answer.add_routes();
    route->set_name("inference.local");
    route->set_base_url(url);
    route->set_api_key(key);
    route->set_model_id("m1");
    route->set_provider_type("openai");
    route->add_protocols("openai_chat_completions");
  }
  void set_credential(std::uint64_t revision, const std::string& value) {
    source.config_answer.set_provider_env_revision(revision);
    auto& answer = source.environment_answer;
    answer.Clear();
    answer.set_provider_env_revision(revision);
    (*answer.mutable_environment())["API_TOKEN"] = value;
    auto& binding = (*answer.mutable_static_credential_bindings())["API_TOKEN"];
    binding.set_credential_identity("provider-1:API_TOKEN");
    auto* endpoint = binding.add_endpoints();
    endpoint->set_host("api.test");
    endpoint->set_port(443);
  }
  [[nodiscard]] const egress::Generation& now() const { return *target.all.back(); }
  [[nodiscard]] std::string key() const {
    if (!now().routes || now().routes->empty()) return "";
    return std::string(now().routes->all()[0].api_key.reveal());
  }
  [[nodiscard]] std::size_t credentials() const {
    return now().credentials ? now().credentials->environment().size() : 0;
  }
  [[nodiscard]] bool allows(const std::string& host) const {
    const auto rule = now().policy.network_policies.find("web");
    return rule != now().policy.network_policies.end() &&
           rule->second.endpoints[0].host->text() == host;
  }

  net::testing::TestLoop t;
  base::StderrLog log{base::LogLevel::error};
  PollerOptions options;
  FakeSource source;
  FakeTarget target;
  FakeAudit audit;
  FakeServices services{t.executor()};
  std::optional<Poller> poller;
  net::TaskGroup group{t.executor(), log};
};

}  // namespace sallyport::sync
