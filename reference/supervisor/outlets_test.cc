#include "reference/supervisor/outlets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace sallyport::supervisor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Time stands still, so that two sinks stamp alike.
class StillClock final : public base::Clock {
 public:
  [[nodiscard]] base::TimePoint now() const override { return {}; }
  [[nodiscard]] std::int64_t wall_ms() const override { return 1; }
};

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(AuditOutlets, WritesEveryEventToEverySinkWithTheProxyThatIsKnownByThen) {
  std::string pattern = ::testing::TempDir() + "outlets.XXXXXX";
  const std::string folder = ::mkdtemp(pattern.data());
  const StillClock clock;
  base::StderrLog log(base::LogLevel::error);
  AuditOutlets outlets(clock, log);
  EXPECT_EQ(outlets.add_file(folder + "/a.jsonl"), "");
  EXPECT_EQ(outlets.add_file(folder + "/b.jsonl"), "");
  outlets.set_proxy(*net::Endpoint::parse("10.200.0.1:3128"));
  outlets.emit(audit::net_listening({"10.200.0.1", 3128}));
  EXPECT_THAT(content(folder + "/a.jsonl"), AllOf(HasSubstr("proxy_endpoint"), HasSubstr("3128")));
  EXPECT_EQ(content(folder + "/a.jsonl"), content(folder + "/b.jsonl"));
  struct stat info {};
  EXPECT_EQ(::stat((folder + "/a.jsonl").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  std::filesystem::remove_all(folder);
}

TEST(AuditOutlets, SaysWhichFileCouldNotBeOpened) {
  const base::SystemClock clock;
  base::StderrLog log(base::LogLevel::error);
  AuditOutlets outlets(clock, log);
  EXPECT_THAT(outlets.add_file("/nowhere/a.jsonl"), HasSubstr("/nowhere/a.jsonl"));
}

}  // namespace
}  // namespace sallyport::supervisor
