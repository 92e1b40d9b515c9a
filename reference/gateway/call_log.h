// One line a served call, to who started the gateway: {"rpc":"GetInferenceBundle","code":"OK"}. Any
// thread; never waits: a reader that is behind loses lines.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "reference/base/unique_fd.h"
#include "reference/rpc/status.h"

namespace sallyport::gateway {

class CallLog {
 public:
  // Without a descriptor it says nothing. A pipe or socket is made non-blocking.
  explicit CallLog(base::UniqueFd fd);

  void write(std::string_view rpc, rpc::Code code);
  // Lines that nobody took.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  base::UniqueFd fd_;
  bool socket_ = false;
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace sallyport::gateway
