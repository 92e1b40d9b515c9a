#include "reference/sandbox/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace sallyport::sandbox {
namespace {

class ChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto ends = make_channel();
    ASSERT_TRUE(ends);
    here_ = std::move(ends->first);
    there_ = std::move(ends->second);
  }
  base::UniqueFd here_, there_;
};

TEST_F(ChannelTest, KeepsMessagesApart) {
  ASSERT_TRUE(send_message(here_.get(), "one"));
  ASSERT_TRUE(send_message(here_.get(), "two"));
  EXPECT_EQ((*receive_message(there_.get()))->text, "one");
  EXPECT_EQ((*receive_message(there_.get()))->text, "two");
}

TEST_F(ChannelTest, HandsDescriptorsOverThatAProgramDoesntInherit) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const base::UniqueFd from(ends[0]), to(ends[1]);
  const std::array fds{to.get()};
  ASSERT_TRUE(send_message(here_.get(), "take this", fds));
  auto message = receive_message(there_.get());
  ASSERT_EQ((*message)->fds.size(), 1U);
  const int given = (*message)->fds[0].get();
  EXPECT_EQ(::fcntl(given, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(::write(given, "x", 1), 1);
  char octet = 0;
  EXPECT_EQ(::read(from.get(), &octet, 1), 1);
}

TEST_F(ChannelTest, TellsTheEndOfThePeer) {
  here_.reset();
  const auto message = receive_message(there_.get());
  ASSERT_TRUE(message);
  EXPECT_FALSE(*message);
}

TEST_F(ChannelTest, RefusesWhatIsTooLong) {
  const std::string most(kMessageBytesMax, 'x');
  const auto sent = send_message(here_.get(), most + "x");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().value(), EMSGSIZE);
  ASSERT_TRUE(send_message(here_.get(), most));
  EXPECT_EQ((*receive_message(there_.get()))->text, most);
}

TEST_F(ChannelTest, RefusesAPeersLongerMessage) {
  const std::string longer(kMessageBytesMax + 2, 'x');
  ASSERT_EQ(::send(here_.get(), longer.data(), longer.size(), 0),
            static_cast<ssize_t>(longer.size()));
  const auto message = receive_message(there_.get());
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().value(), EMSGSIZE);
}

TEST(FirstWord, EndsAtASpace) {
  EXPECT_EQ(first_word("signal 2").first, "signal");
  EXPECT_EQ(first_word("failed a b").second, "a b");
  EXPECT_EQ(first_word("started").first, "started");
  EXPECT_EQ(first_word("started").second, "");
}

}  // namespace
}  // namespace sallyport::sandbox
