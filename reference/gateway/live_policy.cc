#include "reference/gateway/live_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "openshell/sandbox/v1/sandbox.pb.h"
#include "reference/gateway/admission.h"
#include "reference/policy/loader.h"
#include "reference/policy/static_change.h"
#include "reference/policy/wire.h"

namespace sallyport::gateway {
namespace {

using openshell::sandbox::v1::SandboxPolicy;

constexpr std::string_view kProviderLayer = "_provider_";

// Of a document that was admitted.
policy::StaticSections static_sections(const PolicyRecord& record) {
  base::Diagnostics complaints;
  const auto loaded = policy::load_policy_text(record.document, "policy", complaints);
  return loaded ? loaded->fixed : policy::StaticSections{};
}

std::optional<std::string> one_fault(const State& state, const Sandbox& sandbox,
                                     const policy::StaticSections& next) {
  const PolicyRecord* const authored = state.in_force(sandbox);
  if (!sandbox.is_live() || authored == nullptr) return std::nullopt;
  const auto wrong = policy::refuse_live_change(static_sections(*authored), next);
  if (!wrong) return std::nullopt;
  return fmt::format("sandbox '{}' is live: {}", sandbox.name, *wrong);
}

// As its document stands for it, so that what was left out and what is stated by default are one.
SandboxPolicy canonical(const SandboxPolicy& policy) {
  base::Diagnostics complaints;
  const auto root = base::yaml::parse(policy::policy_document(policy), "policy", complaints);
  return root == nullptr ? policy : policy::policy_message(*root);
}

std::string without_static_sections(SandboxPolicy policy) {
  policy.clear_filesystem();
  policy.clear_landlock();
  policy.clear_process();
  return policy::policy_document(policy);
}

// No policy that anybody writes has such entries: the loader refuses them.
void strip_provider_layers(SandboxPolicy& reported) {
  std::vector<std::string> layers;
  for (const auto& [key, rule] : reported.network_policies()) {
    if (std::string_view(key).starts_with(kProviderLayer)) layers.push_back(key);
  }
  for (const std::string& key : layers) reported.mutable_network_policies()->erase(key);
}

// Where there is a GPU its driver writes to `/proc`, and a supervisor makes writable what is
// readable (policy/filesystem_baseline.h). Nothing is taken away by that.
void admit_proc(const policy::StaticSections& authored, policy::StaticSections& reported) {
  if (!authored.filesystem || !reported.filesystem) return;
  const auto holds = [](const std::vector<std::string>& paths) {
    return std::find(paths.begin(), paths.end(), "/proc") != paths.end();
  };
  auto& files = *reported.filesystem;
  if (holds(authored.filesystem->read_only) && holds(files.read_write)) {
    files.read_only.emplace_back("/proc");
  }
}

}  // namespace

std::optional<std::string> live_fault(const State& state, std::string_view sandbox,
                                      const PolicyRecord& next) {
  const policy::StaticSections sections = static_sections(next);
  if (!sandbox.empty()) {
    const Sandbox* const found = state.find_sandbox(sandbox);
    return found == nullptr ? std::nullopt : one_fault(state, *found, sections);
  }
  for (const auto& [id, one] : state.sandboxes) {
    if (one.policy) continue;
    if (auto wrong = one_fault(state, one, sections)) return wrong;
  }
  return std::nullopt;
}

Answer<PolicyRecord> effective_of(const SandboxPolicy& reported, const PolicyRecord& authored) {
  const SandboxPolicy base = message_of(authored);
  SandboxPolicy effective = reported;
  strip_provider_layers(effective);
  PolicyRecord record = gateway::record_of(effective);
  base::Diagnostics complaints;
  const auto loaded = policy::load_policy_text(record.document, "policy", complaints);
  if (!loaded) {
    return refusal(rpc::Code::invalid_argument,
                   "the policy is not valid:\n" + complaints.to_string());
  }
  if (without_static_sections(canonical(effective)) != without_static_sections(base)) {
    return refusal(rpc::Code::aborted,
                   fmt::format("this isn't version {} of the policy, which is in force: what "
                               "a supervisor adds are paths of the file system",
                               authored.version));
  }
  const policy::StaticSections fixed = static_sections(authored);
  policy::StaticSections more = loaded->fixed;
  admit_proc(fixed, more);
  if (const auto wrong = policy::refuse_live_change(fixed, more)) {
    return refusal(rpc::Code::invalid_argument, *wrong);
  }
  record.version = authored.version;
  return record;
}

SandboxPolicy message_of(const PolicyRecord& record) {
  base::Diagnostics complaints;
  const auto root = base::yaml::parse(record.document, "policy", complaints);
  // It was read when it was admitted.
  return root == nullptr ? SandboxPolicy{} : policy::policy_message(*root);
}

}  // namespace sallyport::gateway
