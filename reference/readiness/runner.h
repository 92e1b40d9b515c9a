// Port: how the gate has commands run.
#pragma once

#include "reference/net/executor.h"
#include "reference/readiness/outcome.h"
#include "reference/readiness/request.h"

namespace sallyport::readiness {

class Runner {
 public:
  virtual ~Runner() = default;
  // Starts it with empty input, keeps what it says, ends it by force at its time. Of a command that
  // did not run `err` says why.
  [[nodiscard]] virtual net::Task<CommandResult> run(Words words, ms limit) = 0;
};

}  // namespace sallyport::readiness
