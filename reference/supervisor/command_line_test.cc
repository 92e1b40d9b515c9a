#include "reference/supervisor/command_line.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <initializer_list>
#include <vector>

#include "reference/base/unique_fd.h"

namespace sallyport::supervisor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CommandLine parse(std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv{"sallyport-supervisor"};
  argv.insert(argv.end(), arguments);
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

TEST(CommandLine, ReadsEveryFlagOfServe) {
  const CommandLine line =
      parse({"serve", "--config", "s.yaml", "--check", "--slow", "4", "--ready-fd", "3",
             "--audit-fd", "4", "--sandbox-netns-fd", "5", "--sandbox-pid", "77"});
  ASSERT_TRUE(line.serve) << line.output;
  EXPECT_EQ(line.serve->config, "s.yaml");
  EXPECT_TRUE(line.serve->check);
  EXPECT_EQ(line.serve->slow, 4);
  EXPECT_EQ(line.serve->ready_fd, 3);
  EXPECT_EQ(line.serve->audit_fd, 4);
  EXPECT_EQ(line.serve->sandbox_netns_fd, 5);
  EXPECT_EQ(line.serve->sandbox_pid, 77);
}

TEST(CommandLine, ReadsEveryFlagOfRun) {
  const CommandLine line = parse({"run", "--policy",    "p.yaml", "--config",   "s.yaml",  "--name",
                                  "ci",  "--state-dir", "/s",     "--workdir",  "/w",      "--slow",
                                  "4",   "--ready-fd",  "3",      "--audit-fd", "4",       "--",
                                  "sh",  "-c",          "exit 7", "--",         "--policy"});
  ASSERT_TRUE(line.run) << line.output;
  EXPECT_FALSE(line.serve);
  EXPECT_EQ(line.run->policy, "p.yaml");
  EXPECT_EQ(line.run->serve.config, "s.yaml");
  EXPECT_EQ(line.run->name, "ci");
  EXPECT_EQ(line.run->state_dir, "/s");
  EXPECT_EQ(line.run->folder, "/w");
  EXPECT_EQ(line.run->serve.slow, 4);
  EXPECT_EQ(line.run->serve.ready_fd, 3);
  EXPECT_EQ(line.run->serve.audit_fd, 4);
  EXPECT_THAT(line.run->command, ElementsAre("sh", "-c", "exit 7", "--", "--policy"));
}

TEST(CommandLine, ReadsEveryFlagOfExec) {
  const CommandLine line = parse({"exec", "--sandbox", "ci", "--state-dir", "/s", "--timeout",
                                  "1.5", "-i", "--json", "--", "cat", "-n"});
  ASSERT_TRUE(line.exec) << line.output;
  EXPECT_EQ(line.exec->sandbox, "ci");
  EXPECT_EQ(line.exec->state_dir, "/s");
  EXPECT_EQ(line.exec->timeout, 1.5);
  EXPECT_TRUE(line.exec->input);
  EXPECT_TRUE(line.exec->json);
  EXPECT_THAT(line.exec->command, ElementsAre("cat", "-n"));
}

TEST(CommandLine, ShowsExamplesOfRunAndExec) {
  EXPECT_THAT(parse({"run", "--help"}).output, HasSubstr("run --policy policy.yaml -- bash"));
  EXPECT_THAT(parse({"exec", "--help"}).output, HasSubstr("exec --sandbox ci"));
}

TEST(CommandLine, RunTakesAConfigurationForAPolicy) {
  const CommandLine line = parse({"run", "--config", "s.yaml", "--", "true"});
  ASSERT_TRUE(line.run) << line.output;
  EXPECT_EQ(line.run->policy, "");
  EXPECT_EQ(line.run->serve.config, "s.yaml");
}

TEST(CommandLine, NeedsAPolicyASandboxAndACommand) {
  EXPECT_EQ(parse({"run", "--", "true"}).exit_code, 2);
  EXPECT_EQ(parse({"run", "--policy", "p.yaml"}).exit_code, 2);
  EXPECT_EQ(parse({"exec", "--", "true"}).exit_code, 2);
  EXPECT_EQ(parse({"exec", "--sandbox", "ci"}).exit_code, 2);
  EXPECT_EQ(parse({"exec", "--sandbox", "ci", "--timeout", "0", "--", "true"}).exit_code, 2);
}

TEST(CommandLine, ShowsHelpAndVersionWithSuccess) {
  EXPECT_EQ(parse({"--help"}).exit_code, 0);
  EXPECT_THAT(parse({"serve", "--help"}).output, HasSubstr("--ready-fd"));
  EXPECT_THAT(parse({"--version"}).output, HasSubstr("sallyport-supervisor "));
}

TEST(CommandLine, ExitsTwoOnMisuse) {
  EXPECT_EQ(parse({}).exit_code, 2);
  EXPECT_EQ(parse({"serve"}).exit_code, 2);
  EXPECT_EQ(parse({"serve", "--config", "s.yaml", "--ready-fd", "x"}).exit_code, 2);
  EXPECT_EQ(parse({"serve", "--config", "s.yaml", "--slow", "0.5"}).exit_code, 2);
  EXPECT_EQ(parse({"serve", "--config", "s.yaml", "--bogus"}).exit_code, 2);
}

TEST(Descriptors, AcceptsAWritableFileAndANetworkNamespace) {
  const base::UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const base::UniqueFd netns(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  ServeFlags flags;
  flags.ready_fd = null.get();
  flags.audit_fd = null.get();
  flags.sandbox_netns_fd = netns.get();
  flags.sandbox_pid = ::getpid();
  EXPECT_THAT(check_descriptors(flags), IsEmpty());
}

TEST(Descriptors, RefusesOneThatIsNotOpen) {
  ServeFlags flags;
  flags.ready_fd = 1'000'000;
  flags.sandbox_netns_fd = 1'000'001;
  EXPECT_THAT(check_descriptors(flags),
              ElementsAre(HasSubstr("--ready-fd 1000000: not an open descriptor"),
                          HasSubstr("--sandbox-netns-fd 1000001: not an open descriptor")));
}

TEST(Descriptors, RefusesAReadOnlyAuditDescriptor) {
  const base::UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ServeFlags flags;
  flags.audit_fd = null.get();
  EXPECT_THAT(check_descriptors(flags), ElementsAre(HasSubstr("must be writable")));
}

TEST(Descriptors, RefusesAFileAndAnotherNamespaceAsNetworkNamespace) {
  const base::UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const base::UniqueFd mounts(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  ServeFlags flags;
  flags.sandbox_netns_fd = null.get();
  EXPECT_THAT(check_descriptors(flags), ElementsAre(HasSubstr("not a namespace")));
  flags.sandbox_netns_fd = mounts.get();
  EXPECT_THAT(check_descriptors(flags), ElementsAre(HasSubstr("another kind")));
}

}  // namespace
}  // namespace sallyport::supervisor
