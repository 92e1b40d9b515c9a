// How a remote call ended, in gRPC's words; no header of gRPC's is needed to read it.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::rpc {

// gRPC's numbers.
enum class Code : int {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

// `OK`, `FAILED_PRECONDITION` ...
[[nodiscard]] std::string_view code_name(Code code);

struct Status {
  Code code = Code::ok;
  std::string message;  // the peer's words: untrusted
  [[nodiscard]] bool ok() const { return code == Code::ok; }
};

}  // namespace sallyport::rpc
