// Where new generations go, as a port: what decides now, and how to make another one decide.
#pragma once

#include <memory>

#include "reference/egress/egress.h"

namespace sallyport::sync {

class GenerationTarget {
 public:
  virtual ~GenerationTarget() = default;
  // Never null.
  [[nodiscard]] virtual std::shared_ptr<const egress::Generation> current() const = 0;
  // Numbers it and makes it the one that decides from now on; whatever else hangs on a generation
  // (the agent's files) follows before this returns.
  virtual std::shared_ptr<const egress::Generation> install(
      std::shared_ptr<egress::Generation> next) = 0;
};

}  // namespace sallyport::sync
