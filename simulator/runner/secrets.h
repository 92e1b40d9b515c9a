// The rule that keys are seen on the way between control plane, supervisor and their provider, and
// where a step's own text put them, and nowhere else: not at other providers, decoys, services or
// in the DNS, whether whole or in pieces over frames and connections; not in answers, logs, audit,
// arguments, environments or files that agents can read. Looks at what the stage collected, after
// all processes have ended.
#pragma once

#include <vector>

#include "simulator/runner/result.h"
#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// Each place where a key was seen once.
[[nodiscard]] std::vector<Failure> secret_failures(const Stage& stage);

// What one source took in, put together in the order in which it came, so that what was sent in
// pieces is one text: the octets, messages, bodies and names of each connection, and of all.
[[nodiscard]] std::map<std::string, std::string> gathered(
    const std::vector<const journal::Event*>& events);

}  // namespace sallyport::sim::runner
