// Where generations come from and which one decides now. A generation is built off to the side from
// the files; only a sound one is installed, by one atomic swap of a pointer.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "reference/base/diagnostics.h"
#include "reference/egress/egress.h"
#include "reference/inference/routes.h"
#include "reference/relay/services.h"
#include "reference/supervisor/config.h"

namespace sallyport::supervisor {

// Policy and routes of the config, read now; limits are the config's times `slow`. Null after a
// complaint; `warnings` are told and stop nothing. The number is 0 until it is installed.
[[nodiscard]] std::shared_ptr<egress::Generation> build_generation(
    const Config& config, double slow, const inference::Environment& environment,
    base::Diagnostics& complaints, base::Diagnostics& warnings);

class Generations final : public relay::GenerationSource {
 public:
  // `first` becomes number 1.
  explicit Generations(std::shared_ptr<egress::Generation> first);

  [[nodiscard]] std::shared_ptr<const egress::Generation> current() const override;
  // Numbers it, and makes it the one that decides from now on.
  std::shared_ptr<const egress::Generation> install(std::shared_ptr<egress::Generation> next);

 private:
  std::uint64_t number_ = 0;
  std::atomic<std::shared_ptr<const egress::Generation>> current_;
};

}  // namespace sallyport::supervisor
