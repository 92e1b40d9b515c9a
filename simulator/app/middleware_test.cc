// `sallyport-middleware` as people meet it, and `sallyport middleware`, which becomes it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "reference/base/unique_fd.h"

namespace sallyport::sim::app {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Ran {
  int code = -1;
  std::string output;  // both streams
};

// Runs it to its end with nothing on standard input; sends it INT once it has said `until`.
Ran run(std::vector<std::string> arguments, const std::string& until = {}) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const base::UniqueFd from(ends[0]);
  base::UniqueFd to(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, to.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, to.get(), 2);
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  to.reset();
  Ran ran;
  std::array<char, 4096> buffer;
  for (ssize_t size = 0; (size = ::read(from.get(), buffer.data(), buffer.size())) > 0;) {
    ran.output.append(buffer.data(), static_cast<std::size_t>(size));
    if (!until.empty() && ran.output.find(until) != std::string::npos) ::kill(pid, SIGINT);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

std::string script(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

TEST(MiddlewareProgram, HelpShowsAScriptAndAnExample) {
  const Ran ran = run({SALLYPORT_MIDDLEWARE, "--help"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, HasSubstr("decision: deny"));
  EXPECT_THAT(ran.output, HasSubstr("sallyport-middleware --listen 127.0.0.1:9000"));
}

TEST(MiddlewareProgram, IsASubcommandOfSallyport) {
  const Ran ran = run({SALLYPORT_PROGRAM, "middleware", "--help"});
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("A scripted service"));
}

TEST(MiddlewareProgram, RefusesABadScriptWithItsPlace) {
  const std::string path = script("bad.yaml", "script: [{decision: perhaps}]\n");
  const Ran ran = run({SALLYPORT_MIDDLEWARE, "--script", path});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("bad.yaml:1:11: script[0].decision must be one of"));
}

TEST(MiddlewareProgram, FindsAMistakeInJsonToo) {
  const std::string path = script("bad.json", "{\"name\": \"g\",\n \"script\": [{\"dely\": 1}]}\n");
  const Ran ran = run({SALLYPORT_MIDDLEWARE, "--script", path});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("bad.json:2:14: script[0].dely isn't known"));
}

TEST(MiddlewareProgram, SaysWhereItServesAndEndsWellAtAnInterrupt) {
  const Ran ran = run({SALLYPORT_MIDDLEWARE, "--listen", "127.0.0.1:0"}, "serving at 127.0.0.1:");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, Not(HasSubstr("127.0.0.1:0\n")));
}

TEST(MiddlewareProgram, MakesTheCertificateThatItsScriptAsksFor) {
  const std::string path = script("tls.yaml", "{name: g, tls: expired}\n");
  const std::string ca = ::testing::TempDir() + "tls-ca.pem";
  const Ran ran = run({SALLYPORT_MIDDLEWARE, "--script", path, "--tls-ca", ca}, "serving at");
  EXPECT_EQ(ran.code, 0) << ran.output;
  std::string first;
  std::ifstream file(ca);
  std::getline(file, first);
  EXPECT_EQ(first, "-----BEGIN CERTIFICATE-----");
}

TEST(MiddlewareProgram, RefusesACertificateWithoutItsKeyAndOneThatIsNone) {
  const std::string path = script("not.pem", "not a certificate\n");
  EXPECT_EQ(run({SALLYPORT_MIDDLEWARE, "--tls-cert", path}).code, 2);
  EXPECT_EQ(run({SALLYPORT_MIDDLEWARE, "--tls-cert", path, "--tls-key", "/nowhere"}).code, 2);
  const Ran ran = run({SALLYPORT_MIDDLEWARE, "--tls-cert", path, "--tls-key", path});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("not.pem has no \"BEGIN CERTIFICATE-----\""));
}

TEST(MiddlewareProgram, RefusesYamlThatCannotBeReadWithItsLine) {
  const std::string path = script("worse.yaml", "name: a\nname: b\n");
  const Ran ran = run({SALLYPORT_MIDDLEWARE, "--script", path});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("worse.yaml:2:1"));
}

TEST(MiddlewareProgram, RefusesAFaultAndAnAddressThatMeanNothing) {
  EXPECT_EQ(run({SALLYPORT_MIDDLEWARE, "--control", "begin x frozen"}).code, 2);
  EXPECT_EQ(run({SALLYPORT_MIDDLEWARE, "--listen", "here"}).code, 2);
  EXPECT_EQ(run({SALLYPORT_MIDDLEWARE, "--script", "/nowhere.json"}).code, 2);
  EXPECT_EQ(run({SALLYPORT_MIDDLEWARE, "--no-such-flag"}).code, 2);
}

}  // namespace
}  // namespace sallyport::sim::app
