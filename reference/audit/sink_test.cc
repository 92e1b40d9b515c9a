#include "reference/audit/sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sallyport::audit {
namespace {

class FixedClock final : public base::Clock {
 public:
  [[nodiscard]] base::TimePoint now() const override { return {}; }
  [[nodiscard]] std::int64_t wall_ms() const override { return 42; }
};

class KeptLog final : public base::Log {
 public:
  void write(base::LogLevel, std::string_view, std::string_view message) override {
    lines.emplace_back(message);
  }
  std::vector<std::string> lines;
};

struct Ends {
  base::UniqueFd read;
  base::UniqueFd write;
};

Ends make_pipe() {
  int fds[2] = {-1, -1};
  EXPECT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
  return {base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

std::string read_once(int fd) {
  std::string text(1U << 20U, '\0');
  const ssize_t got = ::read(fd, text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

TEST(JsonlSink, WritesOneLineAnEvent) {
  Ends ends = make_pipe();
  FixedClock clock;
  KeptLog log;
  JsonlSink sink(std::move(ends.write), {}, clock, log);
  sink.emit(net_listening(Peer{"127.0.0.1", 1}));
  const Event second = config_state("loaded", "x");
  sink.emit(second);
  const std::string text = read_once(ends.read.get());
  EXPECT_TRUE(text.ends_with(to_json(second, {}, 42) + "\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(JsonlSink, SendsOneMessageAnEventOnASocketPair) {
  int fds[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
  base::UniqueFd reader(fds[0]);
  FixedClock clock;
  KeptLog log;
  JsonlSink sink(base::UniqueFd(fds[1]), {}, clock, log);
  sink.set_proxy(Peer{"10.200.0.1", 3128});
  sink.emit(config_state("loaded", "one"));
  sink.emit(net_listening(Peer{"10.200.0.1", 3128}));
  EXPECT_NE(read_once(reader.get()).find("\"one\""), std::string::npos);
  EXPECT_NE(read_once(reader.get()).find("\"proxy_endpoint\""), std::string::npos);
}

TEST(JsonlSink, CountsWhatAGonePeerNeverGotAndLogsOnce) {
  int fds[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
  ::close(fds[0]);
  FixedClock clock;
  KeptLog log;
  JsonlSink sink(base::UniqueFd(fds[1]), {}, clock, log);
  for (int i = 0; i < 3; ++i) sink.emit(config_state("loaded", "x"));
  EXPECT_EQ(sink.dropped(), 3U);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_NE(log.lines[0].find("lost"), std::string::npos);
}

TEST(JsonlSink, DropsWhatAFullPipeDoesNotTakeAndKeepsLinesApart) {
  Ends ends = make_pipe();
  FixedClock clock;
  KeptLog log;
  const int reader = ends.read.get();
  JsonlSink sink(std::move(ends.write), {}, clock, log);
  const Event big = config_state("loaded", std::string(9000, 'x'));
  while (sink.dropped() == 0) sink.emit(big);
  sink.emit(big);
  EXPECT_EQ(log.lines.size(), 1U);
  std::string text = read_once(reader);
  sink.emit(config_state("loaded", "after"));
  text += read_once(reader);
  EXPECT_EQ(log.lines.size(), 2U);
  const std::size_t last = text.rfind("\n{");
  ASSERT_NE(last, std::string::npos);
  EXPECT_NE(text.find("\"after\"", last), std::string::npos);
  EXPECT_TRUE(text.ends_with("}\n"));
  EXPECT_EQ(sink.dropped(), 2U);
}

TEST(NullSink, DropsEverything) {
  NullSink sink;
  sink.emit(config_state("loaded", "x"));
}

}  // namespace
}  // namespace sallyport::audit
