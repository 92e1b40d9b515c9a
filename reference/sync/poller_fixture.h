// A gateway with memory, a target and a registry builder that are none, and a poller between them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/sandbox/v1/sandbox.pb.h"
#include "openshell/v1/openshell.pb.h"
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
  [[nodiscard]] const std::string& name() const override { return name_; }

  openshell::inference::v1::GetInferenceBundleResponse bundle_answer;
  openshell::sandbox::v1::GetSandboxConfigResponse config_answer;
  openshell::v1::GetSandboxProviderEnvironmentResponse environment_answer;
  rpc::Status bundle_status;
  rpc::Status config_status;
  rpc::Status environment_status;
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

// Services by name: those in `absent` are refused. Builds can be held up.
class FakeServices {
 public:
  explicit FakeServices(net::Executor executor) : go_on_(executor) {}

  [[nodiscard]] RegistryBuilder builder() {
    return [this](std::vector<middleware::Registration> wanted,
                  std::shared_ptr<const middleware::Registry>) { return build(std::move(wanted)); };
  }
  void let_go() {
    held = false;
    go_on_.notify();
  }

  std::map<std::string, std::string> absent;  // why, by name
  bool held = false;
  int builds = 0;

 private:
  net::Task<middleware::Built> build(std::vector<middleware::Registration> wanted) {
    ++builds;
    while (held) {
      const bool notified = co_await go_on_.wait();
      if (!notified) break;
    }
    middleware::Built built;
    std::map<std::string, middleware::Implementation, std::less<>> all;
    for (const middleware::Registration& one : wanted) {
      const auto why = absent.find(one.name);
      if (why == absent.end()) {
        all[one.name].name = one.name;
      } else {
        middleware::Refused refused;
        refused.name = one.name;
        refused.reason = why->second;
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

}  // namespace sallyport::sync
