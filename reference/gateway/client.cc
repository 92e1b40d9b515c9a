#include "reference/gateway/client.h"

#include <fmt/format.h>

#include <utility>

#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/client_calls.h"
#include "reference/gateway/config_parts.h"
#include "reference/gateway/messages.h"
#include "reference/gateway/tables.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

namespace wire = ::openshell::v1;

Outcome set_policy(const ClientFlags& flags, const CallGateway& call) {
  base::Diagnostics complaints;
  wire::UpdateConfigRequest request;
  *request.mutable_policy() = read_policy_file(flags.file, complaints);
  if (!complaints.empty()) return mistaken(complaints.to_string());
  std::vector<std::string> sandboxes = flags.sandboxes;
  if (sandboxes.empty()) sandboxes.push_back(flags.sandbox);
  wire::UpdateConfigResponse response;
  rpc::Status status;
  for (const std::string& sandbox : sandboxes) {
    request.set_name(sandbox);
    request.set_global(sandbox.empty());
    status = call(method(kOpenShell, "UpdateConfig"), request, response);
    if (!status.ok()) break;
  }
  const Shown shown{fmt::format(R"({{"version":{},"policy_hash":{}}})", response.version(),
                                quoted(response.policy_hash())),
                    fmt::format("policy version {}\n", response.version())};
  return ended(std::move(status), shown);
}

Outcome set_middleware(const ClientFlags& flags, const CallGateway& call) {
  base::Diagnostics complaints;
  const std::vector<Registration> all = read_registrations_file(flags.file, complaints);
  if (!complaints.empty()) return mistaken(complaints.to_string());
  v1::SetMiddlewareServicesRequest request;
  for (const Registration& one : all) write_registration(one, *request.add_services());
  v1::SetMiddlewareServicesResponse response;
  rpc::Status status = call(method(kAdmin, "SetMiddlewareServices"), request, response);
  const Shown shown{fmt::format(R"({{"services":{}}})", all.size()),
                    fmt::format("{} registrations\n", all.size())};
  return ended(std::move(status), shown);
}

Outcome health(const CallGateway& call) {
  wire::HealthResponse response;
  rpc::Status status = call(method(kOpenShell, "Health"), wire::HealthRequest{}, response);
  const bool healthy = response.status() == wire::SERVICE_STATUS_HEALTHY;
  const Shown shown{
      fmt::format(R"({{"healthy":{},"version":{}}})", healthy, quoted(response.version())),
      fmt::format("{}, version {}\n", healthy ? "healthy" : "not healthy", response.version())};
  return ended(std::move(status), shown);
}

}  // namespace

std::string method(std::string_view service, std::string_view name) {
  return std::string(service).append(name);
}

Outcome mistaken(std::string why) {
  Outcome outcome;
  outcome.mistake = std::move(why);
  return outcome;
}

Outcome ended(rpc::Status status, Shown shown) {
  Outcome outcome;
  outcome.status = std::move(status);
  outcome.json = std::move(shown.json);
  outcome.text = std::move(shown.text);
  return outcome;
}

bool is_lost(rpc::Code code) {
  return code == rpc::Code::unavailable || code == rpc::Code::deadline_exceeded;
}

Outcome deleted(rpc::Status status, bool there, const std::string& what) {
  const Shown shown{
      fmt::format("{{\"deleted\":{}}}", there),
      fmt::format("{} {}\n", printable(what), there ? "is deleted" : "was not there")};
  return ended(std::move(status), shown);
}

Outcome execute(const ClientFlags& flags, const Environment& environment, const CallGateway& call) {
  switch (flags.verb) {
    case Verb::provider_create:
    case Verb::provider_update:
      return write_provider(flags, environment, call);
    case Verb::provider_get:
      return get_provider(flags, call);
    case Verb::provider_list:
      return list_providers(call);
    case Verb::provider_delete:
      return delete_provider(flags, call);
    case Verb::inference_set:
    case Verb::inference_update:
      return set_route(flags, call);
    case Verb::inference_get:
      return get_routes(call);
    case Verb::inference_delete:
      return delete_route(call);
    case Verb::policy_set:
      return set_policy(flags, call);
    case Verb::middleware_set:
      return set_middleware(flags, call);
    case Verb::sandbox_create:
      return create_sandbox(flags, call);
    case Verb::sandbox_get:
      return get_sandbox(flags, call);
    case Verb::sandbox_list:
      return list_sandboxes(call);
    case Verb::sandbox_delete:
      return delete_sandbox(flags, call);
    case Verb::sandbox_attach:
    case Verb::sandbox_detach:
      return attach_provider(flags, call);
    case Verb::sandbox_status:
      return sandbox_status(flags, call);
    case Verb::sandbox_token:
      return issue_sandbox_token(flags, call);
    case Verb::token_create:
      return make_token(flags);
    case Verb::status:
      break;
  }
  return health(call);
}

std::string revisions_json(const std::string& sandbox, const CallGateway& call) {
  v1::GetRevisionsRequest request;
  request.set_sandbox_id(sandbox);
  v1::GetRevisionsResponse response;
  if (!call(method(kAdmin, "GetRevisions"), request, response).ok()) return {};
  const auto number = [](std::uint64_t value) {
    return value == 0 ? std::string() : fmt::format("{}", value);
  };
  return fmt::format(R"({{"config":{},"bundle":{},"environment":{}}})",
                     quoted(number(response.config_revision())), quoted(response.bundle_revision()),
                     quoted(number(response.provider_env_revision())));
}

std::string all_revisions_json(const std::vector<std::string>& sandboxes, const CallGateway& call) {
  std::string members;
  for (const std::string& sandbox : sandboxes) {
    const std::string one = revisions_json(sandbox, call);
    if (!one.empty()) members += (members.empty() ? "" : ",") + quoted(sandbox) + ":" + one;
  }
  return "{" + members + "}";
}

std::string json_line(const Outcome& outcome, const std::string& revisions,
                      const std::string& all_revisions) {
  if (outcome.mistake.empty() && outcome.status.ok()) {
    std::string more = revisions.empty() ? "" : ",\"revisions\":" + revisions;
    if (!all_revisions.empty()) more += ",\"revisions_by_sandbox\":" + all_revisions;
    return fmt::format("{{\"code\":\"OK\",\"result\":{}{}}}\n", outcome.json, more);
  }
  const bool mistaken = !outcome.mistake.empty();
  const rpc::Code code = mistaken ? rpc::Code::invalid_argument : outcome.status.code;
  return fmt::format("{{\"code\":\"{}\",\"message\":{}}}\n", rpc::code_name(code),
                     quoted(mistaken ? outcome.mistake : outcome.status.message));
}

int exit_code(const Outcome& outcome) {
  if (!outcome.mistake.empty()) return 2;
  if (outcome.status.ok()) return 0;
  return is_lost(outcome.status.code) ? 3 : 1;
}

}  // namespace sallyport::gateway
