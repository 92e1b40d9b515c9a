#include "reference/base/no_dumps.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>

namespace sallyport::base {
namespace {

// In a process of its own: there is no way back.
TEST(NoDumps, LeavesNeitherACoreNorMemoryToBeRead) {
  const auto judge = [] {
    forbid_core_dumps();
    rlimit core{1, 1};
    const bool none =
        ::getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0;
    ::_exit(none && ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 7 : 1);
  };
  EXPECT_EXIT(judge(), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace sallyport::base
