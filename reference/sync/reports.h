// What a gateway is told in return for its policies: the policy as it is in force, where a
// sandbox's baseline made more of it than was stated, and what became of each version. It is told
// again until the gateway has heard it; the gateway's refusal ends that. Owned by the poller, on
// the loop.
//
// Follows OpenShell crates/openshell-sandbox/src/lib.rs (the enriched policy is synced back, PR
// 158; a policy's load is reported).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "reference/sync/source.h"

namespace sallyport::sync {

class Reports {
 public:
  Reports();
  ~Reports();
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;

  // What is in force from now on; null: just what the gateway stated, so there is nothing to tell.
  // What the last send() told isn't told again: the gateway's answer is another because of it.
  // Later it is: a gateway that begins anew may have forgotten.
  void expect_policy(std::unique_ptr<openshell::sandbox::v1::SandboxPolicy> effective);
  // `error`: why it isn't in force; empty: it is. Version 0 is none.
  void expect_status(std::uint32_t version, std::string error);

  // The gateway can't be told anything now, and may have forgotten all when it is back.
  void put_off() { just_heard_.clear(); }
  // Tells what there is to tell. Not ok: the gateway's refusal of the policy, which isn't told any
  // more. An outage is no refusal.
  [[nodiscard]] net::Task<rpc::Status> send(ConfigSource& source, base::TimePoint deadline);

 private:
  struct Loading {
    std::uint32_t version = 0;
    std::string error;
  };
  std::unique_ptr<openshell::sandbox::v1::SandboxPolicy> policy_;  // null: nothing to tell
  std::string just_heard_;  // of the policy that the last send() told; empty: it told none
  std::optional<Loading> loading_;
  bool statuses_served_ = true;
};

}  // namespace sallyport::sync
