// One stage of a chain, as a port: a built-in, or a service behind gRPC. It is given one request
// and answers, or fails; the chain judges the answer (chain.h). On the loop.
#pragma once

#include <string>

#include "reference/base/clock.h"
#include "reference/net/executor.h"
#include "reference/rpc/status.h"

namespace google::protobuf {
class Struct;
}
namespace openshell::middleware::v1 {
class HttpRequestEvaluation;
class HttpRequestResult;
}  // namespace openshell::middleware::v1

namespace sallyport::middleware {

class Stage {
 public:
  virtual ~Stage() = default;
  // `result` means something only when the status is ok. Ends by `deadline`, with
  // deadline_exceeded. Both messages outlive the call.
  [[nodiscard]] virtual net::Task<rpc::Status> evaluate(
      const openshell::middleware::v1::HttpRequestEvaluation& request,
      openshell::middleware::v1::HttpRequestResult& result, base::TimePoint deadline) = 0;
  // Whether `config` means something to it: empty, or the reason why not. A status that isn't ok
  // when it couldn't be asked.
  [[nodiscard]] virtual net::Task<rpc::Status> validate(const google::protobuf::Struct& config,
                                                        const std::string& implementation,
                                                        std::string& refusal,
                                                        base::TimePoint deadline) = 0;
};

}  // namespace sallyport::middleware
