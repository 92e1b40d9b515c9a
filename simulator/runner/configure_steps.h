// Steps that change what the subject is told: keys, records, route, policy. With a gateway they go
// by its command line, else by the subject's files and SIGHUP; `ok` once the running subject has
// said that it works by the change.
#pragma once

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// Each answers the step's facts: ok; rejected with `code` and `detail`; stalled.
[[nodiscard]] net::Task<agents::Facts> change_key(Stage& stage, const scenario::Step& step,
                                                  const scenario::KeyChange& change,
                                                  base::TimePoint deadline);
[[nodiscard]] net::Task<agents::Facts> delete_record(Stage& stage, const scenario::Step& step,
                                                     const scenario::DeleteRecord& record,
                                                     base::TimePoint deadline);
[[nodiscard]] net::Task<agents::Facts> set_policy(Stage& stage, const scenario::Step& step,
                                                  const scenario::SetPolicy& policy,
                                                  base::TimePoint deadline);
[[nodiscard]] net::Task<agents::Facts> set_inference(Stage& stage, const scenario::Step& step,
                                                     const scenario::SetInference& inference,
                                                     base::TimePoint deadline);

}  // namespace sallyport::sim::runner
