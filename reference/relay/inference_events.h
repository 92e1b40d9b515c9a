// The audit events of inference.local (OpenShell proxy.rs, RFC-style OCSF API Activity). Paths come
// without queries; keys are never here.
#pragma once

#include <optional>
#include <string>

#include "reference/audit/event.h"
#include "reference/base/clock.h"
#include "reference/relay/inference_call.h"
#include "reference/relay/services.h"

namespace sallyport::relay {

class InferenceEvents {
 public:
  // The services must outlive this object.
  InferenceEvents(const Services& services, std::optional<audit::Peer> source)
      : services_(services), source_(std::move(source)) {}

  // A request that couldn't be read, or whose body isn't what its protocol needs.
  void malformed(std::string cause);
  // Interception refused: no such path, no request at all.
  void denied(std::string cause);
  void routed(const inference::Call& call, const egress::Generation& generation);
  // No route, or none that could be reached: NET Fail with the inner cause.
  void failed(std::string cause, const egress::Generation& generation);
  // The call's end: API Activity, and failed() where an error was answered.
  void called(const inference::Route& route, const inference::Call& call, const RouteResult& result,
              base::Duration took, const egress::Generation& generation);

 private:
  [[nodiscard]] audit::Flow flow() const;
  void refused(std::string message, std::string cause);
  void emit(audit::Event event, const egress::Generation& generation);
  const Services& services_;
  std::optional<audit::Peer> source_;
};

}  // namespace sallyport::relay
