// For tests: a server of some records on loopback, and calls of it over a channel of our own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/base/random.h"
#include "reference/gateway/ask_services.h"
#include "reference/gateway/issued_tokens.h"
#include "reference/gateway/own_loop.h"
#include "reference/gateway/server.h"
#include "reference/gateway/test_records.h"
#include "reference/rpc/channel.h"

namespace sallyport::gateway {

class TestServer {
 public:
  // `listen` has port 0.
  TestServer(FileTokens tokens, const ServerTls* tls, const std::string& listen = "127.0.0.1:0")
      : tokens_(std::move(tokens), issued_in(store_)) {
    const std::vector at{*net::Endpoint::parse(listen)};
    const SetToken set_token = [this](const std::string& sandbox, const std::string& sha256,
                                      bool keep_previous) {
      return issue_token(store_, tokens_, sandbox, sha256, keep_previous);
    };
    const Apis apis{inference_, providers_, sandboxes_, tokens_, finder_in(store_), set_token};
    server_ = Server::start({at, false, tls}, apis, calls_, failure_);
  }

  [[nodiscard]] std::string address() const { return server_->listen().at(0).to_string(); }
  [[nodiscard]] Store& store() { return store_; }
  [[nodiscard]] TokenBook& tokens() { return tokens_; }
  [[nodiscard]] OwnLoop& loop() { return loop_; }

  // One call by a channel of its own.
  [[nodiscard]] rpc::Status call(rpc::ChannelOptions options, const std::string& method,
                                 const google::protobuf::MessageLite& request,
                                 google::protobuf::MessageLite& response,
                                 base::Duration patience = std::chrono::seconds(20)) {
    const auto channel =
        std::move(*rpc::Channel::create(loop_.executor(), loop_.clock(), std::move(options)));
    rpc::Status status;
    const base::TimePoint deadline = loop_.clock().now() + patience;
    loop_.run(ask(*channel, method, request, response, deadline, status));
    return status;
  }

 private:
  static net::Task<void> ask(rpc::Channel& channel, const std::string& method,
                             const google::protobuf::MessageLite& request,
                             google::protobuf::MessageLite& response, base::TimePoint deadline,
                             rpc::Status& status) {
    status = co_await channel.unary(method, request, response, deadline);
  }

  base::SystemClock clock_;
  base::SystemRandom random_;
  Store store_{used_state()};
  InferenceApi inference_{
      store_, clock_, [](const inference::Route&) {
        return inference::ProbeVerdict{true, "https://api.test/v1/x", "x", {}, {}};
      }};
  ProviderApi providers_{store_, clock_, random_};
  SandboxApi sandboxes_{store_, clock_, random_, ask_services};
  TokenBook tokens_;
  CallLog calls_{base::UniqueFd()};
  OwnLoop loop_;
  std::string failure_;
  std::unique_ptr<Server> server_;
};

}  // namespace sallyport::gateway
