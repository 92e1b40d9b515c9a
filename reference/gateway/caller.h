// Who calls, as the server has made it out from a token or its absence, before any Api sees the
// call. A value; the Apis trust it.
#pragma once

#include <string>

namespace sallyport::gateway {

struct Caller {
  enum class Kind {
    anonymous,  // may do nothing
    operator_,  // may do everything that isn't a supervisor's own word about itself
    sandbox,    // the supervisor of one sandbox: what concerns that one
  };
  Kind kind = Kind::anonymous;
  std::string sandbox_id;  // of a sandbox; else empty
};

}  // namespace sallyport::gateway
