// The client's commands: one gateway, one call or two, one outcome. In the calling thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "reference/gateway/command_line.h"
#include "reference/gateway/config.h"
#include "reference/rpc/status.h"

namespace google::protobuf {
class MessageLite;
}

namespace sallyport::gateway {

// A call of the gateway by its full method, waited for.
using CallGateway =
    std::function<rpc::Status(std::string_view method, const google::protobuf::MessageLite& request,
                              google::protobuf::MessageLite& response)>;

// What a command came to.
struct Outcome {
  // Before anything was asked: misuse, or a mistake in a file. Lines for people; empty: none.
  std::string mistake;
  rpc::Status status;
  std::string json;  // of what there is to tell, when ok
  std::string text;  // the same for people, lines
};

// Reads the files and variables that the command names, and calls. No outcome holds a credential.
[[nodiscard]] Outcome execute(const ClientFlags& flags, const Environment& environment,
                              const CallGateway& call);

// `{"config":"1","bundle":"0f..","environment":"2"}` of a sandbox; empty parts for what can't be
// delivered. Empty when they can't be asked for.
[[nodiscard]] std::string revisions_json(const std::string& sandbox, const CallGateway& call);

// The same of each sandbox, `{"NAME":{...},...}`; those that can't be asked for are left out.
[[nodiscard]] std::string all_revisions_json(const std::vector<std::string>& sandboxes,
                                             const CallGateway& call);

// The line of --json, its end included. Both are JSON; what is empty is left out.
[[nodiscard]] std::string json_line(const Outcome& outcome, const std::string& revisions,
                                    const std::string& all_revisions = {});

// 0, 1 refused, 2 misuse, 3 unreachable.
[[nodiscard]] int exit_code(const Outcome& outcome);

}  // namespace sallyport::gateway
