// The client's commands about sandboxes, and the tokens of their supervisors. A token is made here
// and stays here, in a file: the gateway is told its SHA-256.
#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "openshell/v1/openshell.pb.h"
#include "reference/base/diagnostics.h"
#include "reference/base/random.h"
#include "reference/gateway/client_calls.h"
#include "reference/gateway/config_parts.h"
#include "reference/gateway/tables.h"
#include "reference/gateway/tokens.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

namespace wire = ::openshell::v1;

// Why there is no token in the file, or nothing.
std::string make_token_file(const std::string& path, TokenDigest& digest) {
  base::SystemRandom random;
  return write_token(path, random, digest);
}

rpc::Status set_token(const std::string& sandbox, const TokenDigest* digest, bool keep_previous,
                      const CallGateway& call) {
  v1::SetSandboxTokenRequest request;
  request.set_sandbox(sandbox);
  if (digest != nullptr) request.set_sha256(digest->data(), digest->size());
  request.set_keep_previous(keep_previous);
  v1::SetSandboxTokenResponse response;
  return call(method(kAdmin, "SetSandboxToken"), request, response);
}

Shown token_shown(const std::string& path) {
  return {fmt::format(R"({{"token_file":{}}})", quoted(path)),
          fmt::format("the token is in {}\n", printable(path))};
}

}  // namespace

Outcome create_sandbox(const ClientFlags& flags, const CallGateway& call) {
  wire::CreateSandboxRequest request;
  request.set_name(flags.name);
  request.mutable_spec()->mutable_providers()->Add(flags.providers.begin(), flags.providers.end());
  if (!flags.file.empty()) {
    base::Diagnostics complaints;
    *request.mutable_spec()->mutable_policy() = read_policy_file(flags.file, complaints);
    if (!complaints.empty()) return mistaken(complaints.to_string());
  }
  // First of all: a sandbox that nobody can be the supervisor of is of no use.
  TokenDigest digest{};
  const std::string& path = flags.token_out;
  if (!path.empty()) {
    if (std::string wrong = make_token_file(path, digest); !wrong.empty()) {
      return mistaken(wrong);
    }
  }
  wire::SandboxResponse response;
  rpc::Status status = call(method(kOpenShell, "CreateSandbox"), request, response);
  const bool made = status.ok();
  if (made && !path.empty()) {
    status = set_token(response.sandbox().metadata().id(), &digest, false, call);
    if (!status.ok()) {
      status.message =
          fmt::format("the sandbox is made, and its token isn't known ({}): try `sandbox token`",
                      status.message);
    }
  }
  if (!status.ok() && !path.empty()) ::unlink(path.c_str());
  Shown shown = show(response.sandbox());
  if (!path.empty()) shown.text += token_shown(path).text;
  return ended(std::move(status), shown);
}

Outcome get_sandbox(const ClientFlags& flags, const CallGateway& call) {
  wire::GetSandboxRequest request;
  request.set_name(flags.name);
  wire::SandboxResponse response;
  rpc::Status status = call(method(kOpenShell, "GetSandbox"), request, response);
  return ended(std::move(status), show(response.sandbox()));
}

Outcome list_sandboxes(const CallGateway& call) {
  wire::ListSandboxesResponse response;
  rpc::Status status =
      call(method(kOpenShell, "ListSandboxes"), wire::ListSandboxesRequest{}, response);
  return ended(std::move(status), show_all(response.sandboxes()));
}

Outcome delete_sandbox(const ClientFlags& flags, const CallGateway& call) {
  wire::DeleteSandboxRequest request;
  request.set_name(flags.name);
  wire::DeleteSandboxResponse response;
  rpc::Status status = call(method(kOpenShell, "DeleteSandbox"), request, response);
  return deleted(std::move(status), response.deleted(), "sandbox " + flags.name);
}

Outcome attach_provider(const ClientFlags& flags, const CallGateway& call) {
  const auto shown = [](bool changed, std::string_view what, const wire::Sandbox& sandbox) {
    Shown all = show(sandbox);
    all.json = fmt::format(R"({{"changed":{},"sandbox":{}}})", changed, all.json);
    all.text = fmt::format("{}{}\n", changed ? "" : "was already ", what) + all.text;
    return all;
  };
  if (flags.verb == Verb::sandbox_detach) {
    wire::DetachSandboxProviderRequest request;
    request.set_sandbox_name(flags.name);
    request.set_provider_name(flags.providers.front());
    wire::DetachSandboxProviderResponse response;
    rpc::Status status = call(method(kOpenShell, "DetachSandboxProvider"), request, response);
    return ended(std::move(status), shown(response.detached(), "detached", response.sandbox()));
  }
  wire::AttachSandboxProviderRequest request;
  request.set_sandbox_name(flags.name);
  request.set_provider_name(flags.providers.front());
  wire::AttachSandboxProviderResponse response;
  rpc::Status status = call(method(kOpenShell, "AttachSandboxProvider"), request, response);
  return ended(std::move(status), shown(response.attached(), "attached", response.sandbox()));
}

Outcome sandbox_status(const ClientFlags& flags, const CallGateway& call) {
  wire::GetSandboxPolicyStatusRequest request;
  request.set_name(flags.name);
  wire::GetSandboxPolicyStatusResponse response;
  rpc::Status status = call(method(kOpenShell, "GetSandboxPolicyStatus"), request, response);
  return ended(std::move(status), show(response));
}

Outcome issue_sandbox_token(const ClientFlags& flags, const CallGateway& call) {
  if (flags.revoke) {
    rpc::Status status = set_token(flags.name, nullptr, false, call);
    return ended(std::move(status), {R"({"revoked":true})", "no issued token is known any more\n"});
  }
  // Beside the old file until the gateway knows the new one: a refused call changes nothing.
  const std::string fresh = flags.token_out + ".new";
  TokenDigest digest{};
  if (std::string wrong = make_token_file(fresh, digest); !wrong.empty()) {
    return mistaken(wrong);
  }
  rpc::Status status = set_token(flags.name, &digest, flags.keep_previous, call);
  if (is_lost(status.code)) {
    status.message += fmt::format("; the gateway may know the token in {} now", fresh);
  } else if (!status.ok()) {
    ::unlink(fresh.c_str());
  } else if (::rename(fresh.c_str(), flags.token_out.c_str()) != 0) {
    return mistaken(
        fmt::format("{} can't be replaced; the token is in {}", flags.token_out, fresh));
  }
  return ended(std::move(status), token_shown(flags.token_out));
}

Outcome make_token(const ClientFlags& flags) {
  TokenDigest digest{};
  if (std::string wrong = make_token_file(flags.file, digest); !wrong.empty()) {
    return mistaken(wrong);
  }
  return ended({}, token_shown(flags.file));
}

}  // namespace sallyport::gateway
