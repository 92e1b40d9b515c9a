#include "reference/base/no_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "reference/base/check.h"

namespace sallyport::base {

void forbid_core_dumps() {
  // Each alone leaves a gap: a limit of 0 is ignored by a core that is piped to a program, and
  // dumpability comes back with the next exec.
  constexpr rlimit kNone{0, 0};
  CHECK(::setrlimit(RLIMIT_CORE, &kNone) == 0);
  CHECK(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
}

}  // namespace sallyport::base
