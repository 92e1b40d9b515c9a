// A policy with entries, a registry with stages and a loop, for tests of the chain.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/middleware/chain.h"
#include "reference/middleware/limits.h"
#include "reference/middleware/testing/fake_stage.h"
#include "reference/net/testing/run.h"
#include "reference/policy/config_struct.h"

namespace sallyport::middleware::testing {

class ChainRig {
 public:
  // An entry for every host; its order is its place. Its implementation bears its own name.
  policy::Middleware& entry(const std::string& key, bool fail_open = false) {
    policy::Middleware one;
    one.key = one.name = key;
    one.implementation = "svc/" + key;
    one.order = static_cast<std::int32_t>(policy.network_middlewares.size());
    one.config_json = "{}";
    one.on_error = fail_open ? policy::OnError::fail_open : policy::OnError::fail_closed;
    one.endpoints.include.push_back(*policy::SelectorPattern::parse("**"));
    policy.network_middlewares.push_back(std::move(one));
    return policy.network_middlewares.back();
  }
  std::shared_ptr<FakeStage> stage(const std::string& key, FakeStage::Answer answer = {},
                                   bool fail_open = false) {
    entry(key, fail_open);
    const auto made = std::make_shared<FakeStage>(std::move(answer));
    implementations["svc/" + key] = service("svc/" + key, made);
    return made;
  }
  Implementation& implementation(const std::string& key) { return implementations["svc/" + key]; }

  ChainResult run(ChainRequest request, base::Duration budget = kChainBudget,
                  BodyPolicy* bodies = nullptr) {
    const Registry registry(implementations);
    const std::vector<Link> chain = select_chain(policy, registry, "api.example.com");
    return loop.run(evaluate_chain(chain, std::move(request), loop.clock, budget, bodies));
  }
  static ChainRequest request(std::string body = "hello") {
    ChainRequest made;
    made.request_id = "11111111-2222-4333-8444-555555555555";
    made.sandbox_id = "sb-1";
    made.sandbox_name = "box";
    made.workspace = "ws";
    made.scheme = "https";
    made.host = "api.example.com";
    made.port = 443;
    made.method = "POST";
    made.path = "/v1/x";
    made.query = "a=b";
    made.headers = {{"accept", "*/*"}, {"x-tag", "1"}, {"x-tag", "2"}};
    made.body = std::move(body);
    return made;
  }

  policy::Policy policy;
  std::map<std::string, Implementation, std::less<>> implementations;
  net::testing::TestLoop loop;
};

}  // namespace sallyport::middleware::testing
