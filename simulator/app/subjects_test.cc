// Several supervisors judged by the same scenarios, as their users do it: the reference beside the
// examples of fixtures/subjects.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace sallyport::sim::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::string read_file(const std::string& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

class Subjects : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/var/tmp/sallyport-subjects-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    ASSERT_EQ(::chmod(name, 0755), 0);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), SALLYPORT_PROGRAM);
    const std::string output = folder_ + "/output";
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t pid = -1;
    EXPECT_EQ(::posix_spawn(&pid, SALLYPORT_PROGRAM, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    ::waitpid(pid, &status, 0);
    output_ = read_file(output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  // What any supervisor can do.
  std::string allows_and_denies() {
    return write("allows.yaml",
                 "scenario: Only the endpoint that is listed is reached, and a new list counts\n"
                 "reproduces: [a/b#1]\n"
                 "providers:\n"
                 "  api: {dialect: plain, tls: valid}\n"
                 "  other: {dialect: plain, tls: valid}\n"
                 "policy: {network_policies: {api: {endpoints: [{host: api.test, port: 443}]}}}\n"
                 "steps:\n"
                 "  listed: {request: https://api.test/, expect: {status: 200}}\n"
                 "  unlisted: {request: https://other.test/, expect: {class: denied}}\n"
                 "  swap: {policy: {network_policies: {other: {endpoints: [{host: other.test, "
                 "port: 443}]}}}}\n"
                 "  dropped: {request: https://api.test/, expect: {class: denied}}\n"
                 "  added: {request: https://other.test/, expect: {status: 200}}\n"
                 "kills: [anything]\n");
  }
  // What a plain allow list doesn't see.
  std::string refuses_loopback() {
    return write("loopback.yaml",
                 "scenario: A listed name that leads to loopback is refused\n"
                 "reproduces: [a/b#1]\n"
                 "providers:\n"
                 "  api: {listen: 127.0.0.1:8443, names: [api.test], dialect: plain, tls: valid}\n"
                 "policy: {network_policies: {api: {endpoints: [{host: api.test, port: 8443}]}}}\n"
                 "steps:\n"
                 "  call: {request: https://api.test:8443/, expect: {class: denied}}\n"
                 "kills: [anything]\n");
  }
  std::string sends_absolute_form() {
    return write("forward.yaml",
                 "scenario: A listed endpoint is reached in absolute form\n"
                 "reproduces: [a/b#1]\n"
                 "providers: {api: {dialect: plain}}\n"
                 "policy: {network_policies: {api: {endpoints: [{host: api.test, port: 80}]}}}\n"
                 "steps:\n"
                 "  call: {request: http://api.test/, expect: {status: 200}}\n"
                 "kills: [anything]\n");
  }

  const std::string plain_ = std::string(SALLYPORT_SUBJECTS) + "/plain_proxy.yaml";
  std::string folder_;
  std::string output_;
};

TEST_F(Subjects, ASimpleProxyIsJudgedByTheSameScenarios) {
  EXPECT_EQ(run({"run", allows_and_denies(), "--subject", plain_}), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("allows.yaml on plain-proxy"));
  EXPECT_THAT(output_, HasSubstr("1 passed, 0 failed, 0 skipped"));
}

TEST_F(Subjects, SeveralAreComparedCellByCell) {
  const std::string json = folder_ + "/report.json";
  const std::string loopback = refuses_loopback();
  EXPECT_EQ(run({"run", allows_and_denies(), loopback, sends_absolute_form(), "--subject",
                 "reference", "--subject", plain_, "--json", json, "-v"}),
            1);
  EXPECT_THAT(output_,
              HasSubstr("2 subjects:\n"
                        "  reference    3 passed, 0 failed, 0 skipped\n"
                        "  plain-proxy  1 passed, 1 failed, 1 skipped\n"
                        "verdicts differ in 1 cell:\n  " +
                        loopback + "\n    reference    pass   \n    plain-proxy  fail     " +
                        loopback + ":7:"));
  EXPECT_THAT(output_, HasSubstr("subject plain-proxy can't: forward"));
  EXPECT_THAT(output_, HasSubstr("--subject " + plain_));
  EXPECT_THAT(output_, HasSubstr("of that the harness itself: world "));
  const std::string report = read_file(json);
  EXPECT_THAT(report, HasSubstr("\"differences\":[{\"path\":\"" + loopback + "\""));
  EXPECT_THAT(report, HasSubstr("\"medians_ns\":{\"world\":"));
}

TEST_F(Subjects, WithoutAnyTheReferenceRunsAndIsNotNamed) {
  EXPECT_EQ(run({"run", allows_and_denies()}), 0) << output_;
  EXPECT_THAT(output_, Not(HasSubstr(" on reference")));
  EXPECT_THAT(output_, Not(HasSubstr("subjects:")));
}

TEST_F(Subjects, OneWhoseDescriptionIsWrongRunsNothing) {
  const std::string wrong = write("wrong.yaml", "name: x\ncommand: [./x]\nreadi: port\n");
  EXPECT_EQ(run({"run", allows_and_denies(), "--subject", wrong}), 2);
  EXPECT_THAT(output_, HasSubstr(wrong + ":3:1: a description has no \"readi\""));
  EXPECT_EQ(run({"run", allows_and_denies(), "--subject", plain_, "--subject", plain_}), 2);
  EXPECT_THAT(output_, HasSubstr("another subject is called plain-proxy too"));
  EXPECT_EQ(run({"subject", wrong}), 2);
}

TEST_F(Subjects, AreAskedWhatTheyCannotDo) {
  EXPECT_EQ(run({"subject", plain_, "reference"}), 0);
  EXPECT_THAT(output_, HasSubstr("plain-proxy 1\n  can't: audit, reload_routes, gateway"));
  EXPECT_THAT(output_, HasSubstr("reference\n  can't: own_namespace"));
}

TEST_F(Subjects, OneThatMakesItsAgentsNamespaceIsJoinedThere) {
  const std::string path = write("own.yaml",
                                 "scenario: An agent lives where its supervisor has put it\n"
                                 "reproduces: [a/b#1]\n"
                                 "matrix: {by: [harness, supervisor]}\n"
                                 "hosts: {agent: {inside: box, by: $(matrix.by)}}\n"
                                 "providers: {api: {dialect: plain, tls: valid}}\n"
                                 "policy: {network_policies: {api: {endpoints: [{host: api.test, "
                                 "port: 443}]}}}\n"
                                 "steps:\n"
                                 "  call: {request: https://api.test/, expect: {status: 200}}\n"
                                 "  where: {run: [cat, /proc/net/dev], expect: {stdout: {contains: "
                                 "theirs}}}\n"
                                 "expect:\n"
                                 "  - {count: {event: api.connection, where: {from: box}}, is: 1}\n"
                                 "kills: [anything]\n");
  const std::string maker = std::string(SALLYPORT_SUBJECTS) + "/namespace_maker.yaml";
  EXPECT_EQ(run({"run", path, "--subject", maker}), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("2 passed, 0 failed, 0 skipped"));
  EXPECT_EQ(run({"run", path, "--subject", "reference", "--cell", "by=supervisor"}), 3);
  EXPECT_THAT(output_, HasSubstr("subject reference can't: own_namespace"));
}

}  // namespace
}  // namespace sallyport::sim::app
