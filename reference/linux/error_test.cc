#include "reference/linux/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace sallyport::linux {
namespace {

TEST(LinuxError, SaysWhatWasDoneAndWhyItFailed) {
  EXPECT_EQ(failure(Operation::add_veth, EPERM).message(),
            "making a veth pair: Operation not permitted (EPERM)");
}

TEST(LinuxError, KeepsTheErrno) {
  EXPECT_EQ(errno_of(failure(Operation::execute, ENOENT)), ENOENT);
  EXPECT_EQ(errno_of(base::Error(ENOSPC, boost::system::system_category())), ENOSPC);
}

TEST(LinuxError, NamesEveryOperation) {
  for (int i = 1; i <= static_cast<int>(Operation::open_packet_log); ++i) {
    const auto text = failure(static_cast<Operation>(i), EINVAL).message();
    EXPECT_EQ(text.find("unknown"), std::string::npos) << i;
  }
}

}  // namespace
}  // namespace sallyport::linux
