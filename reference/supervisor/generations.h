// Where generations come from and which one decides now. A generation is built off to the side from
// the files; only a sound one is installed, by one atomic swap of a pointer.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "reference/base/diagnostics.h"
#include "reference/egress/egress.h"
#include "reference/inference/routes.h"
#include "reference/relay/services.h"
#include "reference/supervisor/config.h"
#include "reference/sync/target.h"

namespace sallyport::supervisor {

// Policy and routes of the config, read now; with a gateway, a policy that denies all and no
// routes, until the gateway has answered. Limits are the config's times `slow`. Null after a
// complaint; `warnings` are told and stop nothing. The number is 0 until it is installed.
[[nodiscard]] std::shared_ptr<egress::Generation> build_generation(
    const Config& config, const Programs& programs, double slow,
    const inference::Environment& environment, base::Diagnostics& complaints,
    base::Diagnostics& warnings);

class Generations final : public relay::GenerationSource, public sync::GenerationTarget {
 public:
  // `first` becomes number 1.
  explicit Generations(std::shared_ptr<egress::Generation> first);

  [[nodiscard]] std::shared_ptr<const egress::Generation> current() const override;
  std::shared_ptr<const egress::Generation> install(
      std::shared_ptr<egress::Generation> next) override;
  // `installed` is called with each generation from now on, once it decides.
  void watch(std::function<void(const egress::Generation&)> installed);

 private:
  std::uint64_t number_ = 0;
  std::function<void(const egress::Generation&)> installed_;
  std::atomic<std::shared_ptr<const egress::Generation>> current_;
};

}  // namespace sallyport::supervisor
