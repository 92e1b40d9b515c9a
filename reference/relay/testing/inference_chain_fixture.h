// For tests of middleware before the routes of inference.local: a client of that host, one entry
// that does as told, and one route whose upstream's connection stands already.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/inference/profiles.h"
#include "reference/inference/routes.h"
#include "reference/net/io.h"
#include "reference/relay/inference.h"
#include "reference/relay/testing/http_fixture.h"
#include "reference/relay/upstream_pool.h"

namespace sallyport::relay {

inline constexpr std::string_view kMine = R"({"model":"mine"})";  // exactly what a stage takes
inline constexpr std::string_view kLonger = R"({"model":"mine2"})";
inline constexpr std::string_view kForced = R"({"model":"m1"})";
inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
inline constexpr std::string_view kRouting = "Intercepted inference request, routing locally";

inline std::string call(std::string_view fields, std::string_view body) {
  return std::string("POST /v1/chat/completions HTTP/1.1\r\nHost: inference.local\r\n")
             .append(fields) +
         std::string("\r\n").append(body);
}

inline std::string call(std::string_view body) {
  return call("Content-Length: " + std::to_string(body.size()) + "\r\n", body);
}

inline std::string chunked(std::string_view body) {
  return call("Transfer-Encoding: chunked\r\n", body);
}

class InferenceChainTest : public HttpTest {
 protected:
  InferenceChainTest() {
    route_.base.authority.host = "127.0.0.1";
    route_.base.authority.port = 9;
    route_.base.host_field = "127.0.0.1:9";
    route_.model = "m1";
    route_.model_json = R"("m1")";
    route_.protocols = {"openai_chat_completions", "model_discovery"};
    route_.api_key = base::Secret("operators-key");
    inference::adopt_profile(*inference::find_profile("openai"), route_);
    routes_ = std::make_shared<const inference::Routes>(std::vector<inference::Route>(1, route_));
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    far_.reset(fds[0]);
    near_ =
        std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines, base::UniqueFd(fds[1]));
    services_.upstreams = &pool_;
  }
  [[nodiscard]] std::shared_ptr<egress::Generation> with_routes() const {
    auto generation = make_generation();
    generation->routes = routes_;
    return generation;
  }
  // An entry that names the virtual host, or what is said instead.
  static void select(egress::Generation& generation, const std::string& name,
                     policy::OnError on_error, std::string_view include = "inference.local") {
    const auto order = static_cast<std::int32_t>(generation.policy.network_middlewares.size());
    add_entry(generation, name, on_error, order);
    policy::HostSelector& endpoints = generation.policy.network_middlewares.back().endpoints;
    endpoints.include.assign(1, *policy::SelectorPattern::parse(include));
  }
  void select(policy::OnError on_error, std::string_view name = "guard") {
    auto generation = with_routes();
    select(*generation, std::string(name), on_error);
    install(std::move(generation));
  }
  // Until the relay ends; the upstream's connection waits for the first call.
  void serve() {
    const net::Endpoint peer = *net::Endpoint::parse("127.0.0.1:9");
    if (near_) pool_.give(UpstreamKey{false, "127.0.0.1", peer}, routes_.get(), std::move(near_));
    const audit::Peer agent{"10.0.0.2", 4000};
    loop_.run(relay_inference(services_, agent, inlet_));
  }
  void serve(std::string_view requests) {
    from_client(requests);
    serve();
  }
  void serve_answered(std::string_view requests, std::size_t count = 1) {
    answer(std::vector<std::string>(count, std::string(kOk)));
    serve(requests);
  }
  // One call that ends at its middleware.
  void refuse(std::string_view request, std::string_view status) {
    serve(request);
    EXPECT_THAT(sent_down(), ::testing::StartsWith(std::string("HTTP/1.1 ").append(status)));
    expect_nothing_up();
  }
  void expect_nothing_up() {
    EXPECT_EQ(sent_up(), "");
    EXPECT_EQ(pool_.size(), 1U);
    EXPECT_EQ(dialled_, 0);
    EXPECT_THAT(audit_.all, ::testing::Not(::testing::Contains(::testing::StartsWith(kRouting))));
    EXPECT_EQ(admission_.held(), 0U);
  }
  [[nodiscard]] std::string body_disposition() const {
    const audit::Event* const event = audit_.finding("openshell.middleware.body_unavailable");
    return event == nullptr ? "" : event->finding->evidence.back().second;
  }

  inference::Route route_;
  std::shared_ptr<const inference::Routes> routes_;
  std::unique_ptr<net::ByteStream> near_;
  UpstreamPool pool_{loop_.executor(), loop_.deadlines, log_, generations_};
};

}  // namespace sallyport::relay
