// What a scripted service answers, from octets to octets, and the faults that are put upon it. No
// header of gRPC's: the server hands calls over and acts on what comes back. Any thread.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/clock.h"
#include "simulator/middleware/server/events.h"
#include "simulator/middleware/spec.h"

namespace openshell::middleware::v1 {
class HttpRequestEvaluation;
class HttpRequestResult;
}  // namespace openshell::middleware::v1

namespace sallyport::sim::middleware::server {

struct Reply {
  base::Duration delay{0};  // before it is sent
  bool never = false;       // it isn't sent at all
  int code = 0;             // gRPC's; with one the call ends so, without a message
  std::string message;
  std::string bytes;  // the response as it goes out; needn't be a message of the contract
};

struct Answered {
  Reply reply;
  Told told;  // without peer; `kind` is empty for a call that nobody is told of
};

class Answers {
 public:
  Answers(ServiceSpec spec, const base::Clock& clock);

  // `method` is `/openshell.middleware.v1.SupervisorMiddleware/Describe` ...
  [[nodiscard]] Answered answer(std::string_view method, std::string_view request) const;

  // `begin NAME slow 200ms`, `begin NAME unavailable|internal|malformed`, `lift NAME`, `script
  // PATH` (another script from now on). In force when it returns. Empty, or what is wrong with the
  // line.
  [[nodiscard]] std::string control(std::string_view line);

 private:
  struct Fault {
    std::string kind;
    base::Duration delay{0};
  };
  [[nodiscard]] std::shared_ptr<const ServiceSpec> spec() const;
  [[nodiscard]] std::string reread(const std::string& path);
  // That of the next call, whose number `count` is; the last one again after all were used.
  template <class One>
  [[nodiscard]] const One& one_of(const std::vector<One>& all, std::size_t& count) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return all.at(std::min(count++, all.size() - 1));
  }
  // The place of the entry that decides, which is used once more by it; the number of entries when
  // none does.
  [[nodiscard]] std::size_t deciding(const ServiceSpec& spec, const journal::Fields& fields) const;
  [[nodiscard]] Answered describe() const;
  [[nodiscard]] Answered validate(std::string_view request) const;
  [[nodiscard]] Answered evaluate(std::string_view request) const;
  void react(const openshell::middleware::v1::HttpRequestEvaluation& request,
             Answered& answered) const;
  void misbehave(const Reaction& reaction, openshell::middleware::v1::HttpRequestResult& result,
                 Answered& answered) const;
  void apply_faults(Answered& answered) const;

  const base::Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const ServiceSpec> spec_;  // guarded by mutex_
  std::map<std::string, Fault> faults_;      // guarded by mutex_
  // Of this script; guarded by mutex_.
  mutable std::size_t described_ = 0, validated_ = 0;
  mutable std::vector<std::uint64_t> used_;  // of each entry
};

}  // namespace sallyport::sim::middleware::server
