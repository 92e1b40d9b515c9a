// What of the services that aren't as they are registered is told, and when: each cause once for
// its service, until that is there, or there is another list. Owned by the poller, on the loop.
//
// A service that isn't there makes a generation `degraded`; one whose new registration can't be
// taken, while the one before serves on, is a `failed` part of it, as in OpenShell
// crates/openshell-sandbox/src/lib.rs.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "reference/audit/sink.h"
#include "reference/middleware/registry.h"
#include "reference/sync/target.h"

namespace sallyport::sync {

class ServiceNews {
 public:
  // What is referred to must outlive this. `source`: what events name.
  ServiceNews(audit::AuditSink& audit, const GenerationTarget& target, std::string source)
      : audit_(audit), target_(target), source_(std::move(source)) {}

  // There is another list of registrations: what was told was told of the one before.
  void begin_list() { told_.clear(); }
  // All that aren't as they are registered now. An event tells of all of its kind, where one of
  // them has a cause that it hadn't.
  void tell(const std::vector<middleware::Refused>& refused);

 private:
  struct Told {
    bool kept = false;
    std::set<std::string> causes;
  };
  void forget(const std::vector<middleware::Refused>& refused);
  [[nodiscard]] bool is_new(const middleware::Refused& one);
  void tell_degraded(const std::vector<middleware::Refused>& missing);
  void tell_failed(const std::vector<middleware::Refused>& kept);

  audit::AuditSink& audit_;
  const GenerationTarget& target_;
  std::string source_;
  std::map<std::string, Told> told_;  // by the service's name
};

}  // namespace sallyport::sync
