#include "reference/net/readiness.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "reference/base/unique_fd.h"

namespace sallyport::net {
namespace {

TEST(Readiness, IsOneJsonLineWithTheBoundAddresses) {
  const std::array<Endpoint, 2> bound = {*Endpoint::parse("10.200.0.1:3128"),
                                         *Endpoint::parse("[::1]:9")};
  EXPECT_EQ(readiness_line(bound, 7),
            R"({"ready":true,"listen":["10.200.0.1:3128","[::1]:9"],"pid":7})");
}

TEST(Readiness, IsWrittenAsOneLineAndTheDescriptorStays) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const base::UniqueFd read_end(ends[0]);
  const base::UniqueFd write_end(ends[1]);
  EXPECT_EQ(announce(write_end.get(), "{}"), "");
  std::array<char, 8> text{};
  EXPECT_EQ(::read(read_end.get(), text.data(), text.size()), 3);
  EXPECT_GE(::fcntl(write_end.get(), F_GETFD), 0);
}

TEST(Readiness, SaysWhyItCouldNotBeWritten) { EXPECT_NE(announce(-1, "{}"), ""); }

}  // namespace
}  // namespace sallyport::net
