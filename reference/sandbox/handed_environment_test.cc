#include "reference/sandbox/handed_environment.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>

namespace sallyport::sandbox {
namespace {

using Lines = std::vector<std::string>;

base::UniqueFd file_with(std::string_view text) {
  base::UniqueFd file(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return file;
}

TEST(HandedEnvironment, ArrivesAsItWasHandedOut) {
  const Lines lines{"A=1", "EMPTY=", "TWO=first\nsecond"};
  const base::UniqueFd file = hand_out_environment(lines);
  EXPECT_EQ(take_environment(file.get()), lines);
}

TEST(HandedEnvironment, MayBeEmpty) {
  const base::UniqueFd file = hand_out_environment({});
  EXPECT_EQ(take_environment(file.get()), Lines{});
}

TEST(HandedEnvironment, MayBeLargerThanAMessage) {
  const Lines lines{"A=" + std::string(1024UL * 1024, 'x')};
  const base::UniqueFd file = hand_out_environment(lines);
  EXPECT_EQ(take_environment(file.get()), lines);
}

TEST(HandedEnvironment, IsntHandedOutAboveItsBound) {
  EXPECT_FALSE(hand_out_environment({std::string(kEnvironmentBytesMax, 'x')}));
}

TEST(HandedEnvironment, IsntTakenAboveItsBound) {
  const base::UniqueFd file = file_with("A=1");
  ASSERT_EQ(::ftruncate(file.get(), kEnvironmentBytesMax + 1), 0);
  EXPECT_FALSE(take_environment(file.get()));
}

TEST(HandedEnvironment, IsntTakenWhenItWasCut) {
  const base::UniqueFd file = file_with("A=1");
  EXPECT_FALSE(take_environment(file.get()));
}

TEST(HandedEnvironment, IsntTakenFromWhatIsNoFile) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const base::UniqueFd from(ends[0]), to(ends[1]);
  EXPECT_FALSE(take_environment(from.get()));
  EXPECT_FALSE(take_environment(-1));
}

}  // namespace
}  // namespace sallyport::sandbox
