// What of the polls' failures is told, and when: each once for its part, until it is another one or
// over. Owned by the poller, on the loop.
#pragma once

#include <map>
#include <string>

#include "reference/audit/sink.h"
#include "reference/rpc/status.h"
#include "reference/sync/events.h"
#include "reference/sync/target.h"

namespace sallyport::sync {

class News {
 public:
  // What is referred to must outlive this. `source`: what events name.
  News(audit::AuditSink& audit, const GenerationTarget& target, std::string source)
      : audit_(audit), target_(target), source_(std::move(source)) {}

  void stale(const std::string& part, const rpc::Status& status);
  void failed(const Failure& failure);
  // The part is as it should be again.
  void well(const std::string& part);

  [[nodiscard]] bool told(const std::string& part) const { return told_.contains(part); }
  [[nodiscard]] bool told_stale(const std::string& part) const;
  // Whether well() ended a failure since this was asked last.
  [[nodiscard]] bool take_recovery() { return std::exchange(recovered_, false); }

 private:
  [[nodiscard]] bool is_new(const std::string& part, const std::string& failure);

  audit::AuditSink& audit_;
  const GenerationTarget& target_;
  std::string source_;
  std::map<std::string, std::string> told_;  // failures by part
  bool recovered_ = false;
};

// A gateway's own words, fit for a line of a log: `NOT_FOUND: no such sandbox`.
[[nodiscard]] std::string words_of(const rpc::Status& status);

}  // namespace sallyport::sync
