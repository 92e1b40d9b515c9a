#include "reference/middleware/validate.h"

#include <fmt/format.h>
#include <google/protobuf/struct.pb.h>

#include <optional>

#include "reference/middleware/diagnostics.h"
#include "reference/middleware/limits.h"
#include "reference/net/both.h"
#include "reference/policy/config_struct.h"

namespace sallyport::middleware {
namespace {

// One entry that is asked about.
struct Question {
  const policy::Middleware* config = nullptr;
  const Implementation* implementation = nullptr;
  std::string reason;  // empty: it is sound
};

std::string failure_text(const rpc::Status& status) {
  if (status.code == rpc::Code::deadline_exceeded) return "no answer in time";
  if (status.code == rpc::Code::unavailable) return "unavailable";
  return sanitised(status.message);
}

net::Task<void> ask(Question& question, const net::Clock& clock) {
  const policy::Middleware& config = *question.config;
  if (question.implementation == nullptr) {
    question.reason = fmt::format("middleware '{}' is not registered",
                                  config.implementation.substr(0, kNameBytesMax));
    co_return;
  }
  const auto value = config.config ? config.config : policy::struct_of(config.config_json);
  if (value == nullptr) {
    question.reason = "config is not an object";
    co_return;
  }
  if (value->ByteSizeLong() > kConfigBytesMax) {
    question.reason = fmt::format("config is over {} bytes", kConfigBytesMax);
    co_return;
  }
  std::string refusal;
  const base::TimePoint deadline = clock.now() + question.implementation->operator_timeout;
  const rpc::Status status = co_await question.implementation->stage->validate(
      *value, config.implementation, refusal, deadline);
  if (!status.ok()) {
    question.reason = "middleware ValidateConfig failed: " + failure_text(status);
  } else if (!refusal.empty()) {
    question.reason = sanitised(refusal);
    if (question.reason.empty()) question.reason = "refused without a reason";
  }
}

// All at once, halved until one is left.
net::Task<void> ask_all(std::vector<Question>& all, std::size_t begin, std::size_t end,
                        const net::Clock& clock) {
  if (begin == end) co_return;
  if (end - begin == 1) {
    co_await ask(all[begin], clock);
    co_return;
  }
  const std::size_t middle = begin + (end - begin) / 2;
  co_await net::both(ask_all(all, begin, middle, clock), ask_all(all, middle, end, clock));
}

}  // namespace

net::Task<std::vector<ConfigFault>> validate_configs(const policy::Policy& policy,
                                                     const Registry& registry,
                                                     const net::Clock& clock) {
  std::vector<Question> questions;
  for (const policy::Middleware& config : policy.network_middlewares) {
    Question question;
    question.config = &config;
    question.implementation = registry.find(config.implementation);
    questions.push_back(std::move(question));
  }
  co_await ask_all(questions, 0, questions.size(), clock);
  std::vector<ConfigFault> faults;
  for (Question& question : questions) {
    if (question.reason.empty()) continue;
    faults.push_back(ConfigFault{question.config->key, std::move(question.reason)});
  }
  co_return faults;
}

std::string to_text(const std::vector<ConfigFault>& faults) {
  std::string text;
  for (const ConfigFault& fault : faults) {
    if (!text.empty()) text += '\n';
    text += fmt::format("middleware config '{}' is invalid: {}", fault.config, fault.reason);
  }
  return text;
}

}  // namespace sallyport::middleware
