// What the checkers read out of a run: which key of a provider was the newest when, and which
// generation a supervisor's audit event says that it decided by. Values, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulator/runner/judge.h"

namespace sallyport::sim::runner {

// The order of a provider's keys: its first, then what `rotate` and `update` steps handed out, in
// the order in which they began; keys that no step handed out come last, as the provider lists
// them. A key that is handed out twice has two epochs.
class KeyEpochs {
 public:
  KeyEpochs(const std::string& provider, const Case& of);

  // Whether the provider has a key of that name.
  [[nodiscard]] bool knows(const std::string& key) const;
  // The first epoch from `epoch` on that has this key and had begun by `at`.
  [[nodiscard]] std::optional<std::size_t> at_or_after(std::size_t epoch, const std::string& key,
                                                       base::TimePoint at) const;
  // Whether an epoch before `epoch` has this key.
  [[nodiscard]] bool older(std::size_t epoch, const std::string& key) const;
  // The `revoke` step that was done before `at`, if no `rotate` of that key has begun since.
  [[nodiscard]] std::optional<std::string> revoked(const std::string& key,
                                                   base::TimePoint at) const;
  // Whether any key was.
  [[nodiscard]] bool any_revoked(base::TimePoint at) const;

 private:
  struct Epoch {
    std::string key;
    base::TimePoint begins{};
  };
  struct Turn {
    std::string step;
    std::string key;
    base::TimePoint at{};
  };
  std::vector<Epoch> epochs_;
  std::vector<Turn> revocations_;  // when they were done
  std::vector<Turn> acceptances_;  // when they began
};

struct AuditedDecision {
  std::string peer;  // `address:port` of the client
  std::int64_t generation = 0;
};

// Nothing when the event isn't about a client's connection, or names no generation.
[[nodiscard]] std::optional<AuditedDecision> audited_decision(const journal::Event& event);

}  // namespace sallyport::sim::runner
