#include "reference/supervisor/agent_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace sallyport::supervisor {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class AgentFilesTest : public ::testing::Test {
 protected:
  AgentFilesTest() {
    std::string pattern = ::testing::TempDir() + "agent.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~AgentFilesTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(AgentFilesTest, PointsClientsAtTheProxyAndTheRoots) {
  const AgentFiles files = agent_files("/tls");
  const auto env = agent_environment(*net::Endpoint::parse("10.200.0.1:3128"), files);
  for (const char* name :
       {"ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "grpc_proxy"}) {
    EXPECT_THAT(env, Contains(Pair(name, "http://10.200.0.1:3128")));
  }
  EXPECT_THAT(env, Contains(Pair("NO_PROXY", "127.0.0.1,localhost,::1")));
  EXPECT_THAT(env, Contains(Pair("NODE_USE_ENV_PROXY", "1")));
  EXPECT_THAT(env, Contains(Pair("NODE_EXTRA_CA_CERTS", "/tls/openshell-ca.pem")));
  EXPECT_THAT(env, Contains(Pair("SSL_CERT_FILE", "/tls/ca-bundle.pem")));
}

TEST_F(AgentFilesTest, NamesTheLoopbackForAnUnspecifiedAddress) {
  const AgentFiles files = agent_files("/tls");
  EXPECT_THAT(agent_environment(*net::Endpoint::parse("0.0.0.0:1"), files),
              Contains(Pair("ALL_PROXY", "http://127.0.0.1:1")));
  EXPECT_THAT(agent_environment(*net::Endpoint::parse("[::]:1"), files),
              Contains(Pair("ALL_PROXY", "http://[::1]:1")));
}

TEST_F(AgentFilesTest, WritesTheEnvironmentIntoAFolderThatItMakes) {
  const AgentFiles files = agent_files(folder_ + "/a/b");
  EXPECT_EQ(make_folder(files), "");
  EXPECT_EQ(write_environment(files, *net::Endpoint::parse("10.0.0.1:1")), "");
  EXPECT_THAT(content(files.env), HasSubstr("\nHTTPS_PROXY=http://10.0.0.1:1\n"));
}

TEST_F(AgentFilesTest, DoesNotWaitForAPipeThatTheAgentPutInTheWay) {
  const AgentFiles files = agent_files(folder_);
  ASSERT_EQ(::mkfifo((files.env + ".new").c_str(), 0666), 0);
  EXPECT_EQ(write_environment(files, *net::Endpoint::parse("10.0.0.1:1")), "");
  EXPECT_THAT(content(files.env), HasSubstr("\nHTTPS_PROXY=http://10.0.0.1:1\n"));
}

TEST_F(AgentFilesTest, FollowsNoLinkThatTheAgentPutInTheWay) {
  const AgentFiles files = agent_files(folder_);
  std::ofstream(folder_ + "/victim") << "kept";
  std::filesystem::create_symlink(folder_ + "/victim", files.env + ".new");
  EXPECT_EQ(write_environment(files, *net::Endpoint::parse("10.0.0.1:1")), "");
  EXPECT_EQ(content(folder_ + "/victim"), "kept");
  EXPECT_FALSE(std::filesystem::is_symlink(files.env));
}

TEST_F(AgentFilesTest, LeavesNothingBesideAFileThatCouldNotBeReplaced) {
  const AgentFiles files = agent_files(folder_);
  std::filesystem::create_directories(files.env);
  EXPECT_NE(write_environment(files, *net::Endpoint::parse("10.0.0.1:1")), "");
  EXPECT_FALSE(std::filesystem::exists(files.env + ".new"));
}

TEST_F(AgentFilesTest, SaysWhichFolderCouldNotBeMade) {
  std::ofstream(folder_ + "/file") << "x";
  EXPECT_THAT(make_folder(agent_files(folder_ + "/file/under")), HasSubstr("/file/under"));
}

TEST_F(AgentFilesTest, SaysWhichFileCouldNotBeWritten) {
  const AgentFiles files = agent_files(folder_ + "/missing");
  EXPECT_THAT(write_environment(files, *net::Endpoint::parse("10.0.0.1:1")),
              HasSubstr("/missing/agent.env"));
}

}  // namespace
}  // namespace sallyport::supervisor
