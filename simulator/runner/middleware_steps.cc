#include "simulator/runner/middleware_steps.h"

#include <signal.h>

#include "simulator/runner/processes.h"
#include "simulator/runner/specs.h"

namespace sallyport::sim::runner {
namespace {

agents::Facts of_class(const char* name, std::string detail = {}) {
  agents::Facts facts;
  facts["class"] = std::string(name);
  if (!detail.empty()) facts["detail"] = std::move(detail);
  return facts;
}

}  // namespace

net::Task<agents::Facts> set_middleware(Stage& stage, const scenario::SetMiddleware& change,
                                        base::TimePoint deadline) {
  for (const middleware::ServiceSpec& written : change.services) {
    middleware::Service& service = *stage.services.at(written.name);
    middleware::ServiceSpec spec = service_spec(stage, written);
    const bool applied = co_await service.apply(std::move(spec), deadline);
    if (!applied) co_return of_class("stalled", written.name + " hasn't taken its script in time");
    if (!stage.removed_services.contains(written.name)) continue;
    const auto trouble = co_await start_process(stage, written.name, deadline);
    if (trouble) co_return of_class("rejected", *trouble);
    stage.removed_services.erase(written.name);
  }
  for (const std::string& name : change.removed) {
    const bool ended = co_await stop_process(stage, name, SIGTERM, deadline);
    if (!ended) co_return of_class("stalled", name + " hadn't ended in time");
    stage.removed_services.insert(name);
  }
  co_return of_class("ok");
}

}  // namespace sallyport::sim::runner
