// For tests of the client: a gateway that is a script, and flags.
#pragma once

#include <google/protobuf/message_lite.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reference/gateway/client.h"

namespace sallyport::gateway {

// A gateway that remembers what it was asked, and answers from a script.
struct FakeGateway {
  std::vector<std::string> methods;
  std::string last;  // request, as sent
  std::string answer;
  rpc::Status status;
  std::function<void(const std::string& method)> before;  // may change the answer

  CallGateway port() {
    return [this](std::string_view method, const google::protobuf::MessageLite& request,
                  google::protobuf::MessageLite& response) {
      methods.emplace_back(method.substr(method.rfind('/') + 1));
      last = request.SerializeAsString();
      if (before) before(methods.back());
      response.ParseFromString(answer);
      return status;
    };
  }
};

inline std::optional<std::string> environment(std::string_view name) {
  if (name == "KEY") return "sk-secret";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

inline ClientFlags flags(Verb verb) {
  ClientFlags result;
  result.verb = verb;
  result.name = "p";
  return result;
}

}  // namespace sallyport::gateway
