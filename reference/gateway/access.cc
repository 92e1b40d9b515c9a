#include "reference/gateway/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sallyport::gateway {
namespace {

constexpr std::array kRules{
    Rule{"Health", Who::anyone},
    // A supervisor's, for bundles and environments hold keys.
    Rule{"GetInferenceBundle", Who::sandbox},
    Rule{"GetSandboxProviderEnvironment", Who::sandbox},
    Rule{"ReportPolicyStatus", Who::sandbox},
    Rule{"GetSandboxConfig", Who::operator_or_sandbox},
    Rule{"GetSandbox", Who::operator_or_sandbox},
    Rule{"UpdateConfig", Who::operator_or_sandbox},
    Rule{"SetInferenceRoute", Who::operator_},
    Rule{"GetInferenceRoute", Who::operator_},
    Rule{"DeleteInferenceRoute", Who::operator_},
    Rule{"CreateSandbox", Who::operator_},
    Rule{"ListSandboxes", Who::operator_},
    Rule{"DeleteSandbox", Who::operator_},
    Rule{"GetSandboxPolicyStatus", Who::operator_},
    Rule{"ListSandboxProviders", Who::operator_},
    Rule{"AttachSandboxProvider", Who::operator_},
    Rule{"DetachSandboxProvider", Who::operator_},
    Rule{"CreateProvider", Who::operator_},
    Rule{"GetProvider", Who::operator_},
    Rule{"ListProviders", Who::operator_},
    Rule{"UpdateProvider", Who::operator_},
    Rule{"DeleteProvider", Who::operator_},
    Rule{"SetMiddlewareServices", Who::operator_},
    Rule{"ForceDeleteProvider", Who::operator_},
    Rule{"SetSandboxToken", Who::operator_},
    Rule{"GetRevisions", Who::operator_},
};

bool begins_with_bearer(std::string_view text) {
  constexpr std::string_view kScheme = "bearer ";
  const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a + 32 == b); };
  return text.size() > kScheme.size() &&
         std::equal(kScheme.begin(), kScheme.end(), text.begin(),
                    [&](char wanted, char given) { return same(given, wanted); });
}

// Of a supervisor, with a call that it may make.
rpc::Status judge_own(const Caller& caller, const std::optional<std::string>& sandbox,
                      const FindSandbox& find) {
  if (sandbox) {
    const auto named = find(*sandbox);
    if (named.value_or(*sandbox) != caller.sandbox_id) {
      return refusal(rpc::Code::permission_denied,
                     "a supervisor may ask for its own sandbox alone");
    }
  }
  if (find(caller.sandbox_id)) return {};
  return refusal(rpc::Code::not_found,
                 fmt::format("there is no sandbox '{}' any more", caller.sandbox_id));
}

}  // namespace

std::span<const Rule> rules() { return kRules; }

Answer<Standing> identify(const TokenBook& tokens, const Presented& presented) {
  if (presented.authorization.empty()) {
    if (!presented.believed || tokens.has_operator()) return Standing{};
    if (presented.claim) {
      return Standing{Caller{Caller::Kind::sandbox, *presented.claim}, false};
    }
    return Standing{Caller{Caller::Kind::operator_, {}}, true};
  }
  const std::string& given = presented.authorization.front();
  if (presented.authorization.size() > 1 || !begins_with_bearer(given)) {
    return refusal(rpc::Code::unauthenticated, "authorization is one `Bearer TOKEN`");
  }
  const auto caller = tokens.find(std::string_view(given).substr(given.find(' ') + 1));
  if (!caller) return refusal(rpc::Code::unauthenticated, "the token is not known");
  return Standing{*caller, false};
}

rpc::Status judge(std::string_view rpc, const Standing& standing,
                  const std::optional<std::string>& sandbox, const FindSandbox& find) {
  const auto rule =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& one) { return one.rpc == rpc; });
  if (rule == kRules.end()) {
    return refusal(rpc::Code::permission_denied, "nobody may make this call");
  }
  if (rule->who == Who::anyone) return {};
  switch (standing.caller.kind) {
    case Caller::Kind::operator_:
      if (standing.believed || rule->who != Who::sandbox) return {};
      return refusal(rpc::Code::permission_denied,
                     "this is a supervisor's own call: it takes the token of a sandbox");
    case Caller::Kind::sandbox:
      if (rule->who != Who::operator_) return judge_own(standing.caller, sandbox, find);
      return refusal(rpc::Code::permission_denied, "this call takes the operator's token");
    case Caller::Kind::anonymous:
      break;
  }
  return refusal(rpc::Code::unauthenticated,
                 "this call takes a token; without one only the gateway's own machine may call, "
                 "and only while no operator's token is configured");
}

}  // namespace sallyport::gateway
