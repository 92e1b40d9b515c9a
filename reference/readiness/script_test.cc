// The scripts, by a real shell with a curl of the test's.
#include "reference/readiness/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "reference/readiness/classify.h"
#include "reference/readiness/facts.h"
#include "reference/readiness/process_runner.h"
#include "reference/readiness/testing/stage.h"

namespace sallyport::readiness {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A folder that is all of PATH but the shell's own: readlink and, where one is made, curl.
class Shell {
 public:
  Shell() {
    (void)::mkdtemp(folder_.data());
    std::filesystem::create_symlink("/usr/bin/readlink", folder_ + "/readlink");
  }
  ~Shell() { std::filesystem::remove_all(folder_); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  // What it does after it has noted its arguments, a line each.
  void curl(const std::string& does) const {
    const std::string path = folder_ + "/curl";
    std::ofstream(path) << "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done > " << folder_
                        << "/arguments\n"
                        << does << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  [[nodiscard]] CommandResult run(const std::string& script) const {
    net::testing::TestLoop loop;
    ProcessRunner runner(loop.executor(), loop.deadlines);
    Words words{"/usr/bin/env", "PATH=" + folder_, "/bin/sh", "-c", script};
    return loop.run(runner.run(std::move(words), ms(20'000)));
  }
  [[nodiscard]] std::string arguments() const {
    std::ifstream file(folder_ + "/arguments");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] bool has(const std::string& name) const {
    return std::filesystem::exists(folder_ + "/" + name);
  }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  std::string folder_ = "/tmp/readiness-XXXXXX";
};

std::uint64_t own_namespace() {
  return namespace_inode(std::filesystem::read_symlink("/proc/self/ns/net").string()).value_or(0);
}

TEST(ProbeScript, CallsCurlWithTheFieldsOptions) {
  Shell shell;
  shell.curl("printf '200 000 0'");
  const CommandResult result = shell.run(probe_script(testing::request()));
  EXPECT_EQ(result.out, "HTTP_200\n");
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(shell.arguments(),
            "-so\n/dev/null\n-w\n%{http_code} %{http_connect} %{ssl_verify_result}\n"
            "--connect-timeout\n5\n--max-time\n10\nhttps://inference.local/v1/models\n");
}

TEST(ProbeScript, TellsWhereItRanAndWhatCurlSaidOnStandardError) {
  Shell shell;
  shell.curl("printf '000 403 19'; exit 56");
  const CommandResult result = shell.run(probe_script(testing::request()));
  EXPECT_EQ(result.out, "HTTP_000000\n");
  const ProbeFacts facts = read_facts(result.err);
  EXPECT_EQ(facts.netns, own_namespace());
  EXPECT_EQ(facts.curl_exit, 56);
  EXPECT_EQ(facts.http_connect, "403");
  EXPECT_EQ(facts.tls_verify, "19");
}

TEST(ProbeScript, AppendsZerosWhenCurlFailsAfterAGoodStatus) {
  Shell shell;
  shell.curl("printf '200 000 0'; exit 28");
  EXPECT_EQ(shell.run(probe_script(testing::request())).out, "HTTP_200000\n");
}

TEST(ProbeScript, PrintsZerosForACurlThatSaysNothing) {
  Shell shell;
  shell.curl("kill -9 $$");
  const CommandResult result = shell.run(probe_script(testing::request()));
  EXPECT_EQ(result.out, "HTTP_000\n");
  EXPECT_EQ(read_facts(result.err).curl_exit, 137);
}

TEST(ProbeScript, SaysThatThereIsNoCurlAndWhereItLooked) {
  const Shell shell;
  const CommandResult result = shell.run(probe_script(testing::request()));
  EXPECT_EQ(result.out, "NO_CURL\n");
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(read_facts(result.err).netns, own_namespace());
}

TEST(ProbeScript, HoldsAnyEndpointInOneArgument) {
  for (const std::string endpoint :
       {"https://x/'; touch hit; '", "https://x/$(touch hit)", "https://x/`touch hit`",
        "https://x/\"; touch hit; \"", "https://x/\\", "https://x/*", "https://x/''"}) {
    Shell shell;
    std::filesystem::create_symlink("/usr/bin/touch", shell.folder() + "/touch");
    shell.curl("printf '200 000 0'");
    Request request = testing::request();
    request.endpoint = endpoint;
    EXPECT_EQ(shell.run("cd " + shell.folder() + " && " + probe_script(request)).out, "HTTP_200\n")
        << endpoint;
    EXPECT_THAT(shell.arguments(), HasSubstr("\n" + endpoint + "\n")) << endpoint;
    EXPECT_FALSE(shell.has("hit")) << endpoint;
  }
}

TEST(ProbeScript, IsNotLedAstrayByFilesThatMatchWhatCurlSays) {
  Shell shell;
  shell.curl("printf '* * *'");
  EXPECT_EQ(shell.run("cd " + shell.folder() + " && " + probe_script(testing::request())).out,
            "HTTP_*\n");
}

TEST(ProbeScript, NeitherIgnoresCertificatesNorNamesAProxyNorFollows) {
  for (const Rule rule : {Rule::observed, Rule::strict, Rule::invocation}) {
    const std::string script = probe_script(testing::request(rule));
    for (const char* option : {" -k", "--insecure", "--proxy", " -x", " -L", "--location"})
      EXPECT_THAT(script, Not(HasSubstr(option)));
  }
}

TEST(ProbeScript, TakesTimesInFractionsOfSeconds) {
  Request request = testing::request();
  request.limits.connect = ms(200);
  request.limits.total = ms(1500);
  EXPECT_THAT(probe_script(request), HasSubstr("--connect-timeout 0.2 --max-time 1.5 "));
  EXPECT_EQ(seconds(ms(1)), "0.001");
  EXPECT_EQ(seconds(ms(86'400'000)), "86400");
}

TEST(CompletionScript, SendsAChatThatAsksForTheWord) {
  Shell shell;
  shell.curl("printf '{}\\nHTTP_200 200 0'");
  Request request = testing::request(Rule::invocation);
  request.model = "it's \"mine\"";
  request.expect = "PING";
  EXPECT_EQ(shell.run(probe_script(request)).out, "{}\nHTTP_200 200 0 CURL_0\n");
  EXPECT_EQ(shell.arguments(),
            "-s\n-w\n\\nHTTP_%{http_code} %{http_connect} %{ssl_verify_result}\n"
            "--connect-timeout\n5\n--max-time\n90\n-H\nContent-Type: application/json\n"
            "--data-binary\n"
            R"({"model":"it's \"mine\"","messages":[{"role":"user",)"
            R"("content":"Answer with this one word and nothing else: PING"}]})"
            "\nhttps://inference.local/v1/models\n");
}

TEST(CompletionScript, IsReadAsItWasWritten) {
  Shell shell;
  const Request request = testing::request(Rule::invocation);
  const auto attempt = [&](const std::string& does) {
    shell.curl(does);
    return classify(request, own_namespace(), shell.run(probe_script(request)));
  };
  constexpr const char* kBody = R"(printf '%s' '{"choices":[{"message":{"content":"PONG"}}]}')";
  EXPECT_EQ(attempt(std::string(kBody) + "; printf '\\nHTTP_200 200 0'").outcome, Class::ok);
  EXPECT_EQ(attempt(std::string(kBody) + "; printf '\\nHTTP_200 200 0'; exit 18").reason,
            "cut-short");
  EXPECT_EQ(attempt("printf '\\nHTTP_000 000 0'; exit 7").reason, "no-answer");
  EXPECT_EQ(attempt(std::string(kBody) + "; kill -9 $$").reason, "unexpected-output");
}

TEST(BridgeScript, QuotesOnlyAHostThatNeedsIt) {
  Request request = testing::request();
  EXPECT_EQ(bridge_script(request), "nc -zw5 host.openshell.internal 8080");
  request.bridge_host = "a;b";
  request.limits.bridge_connect = ms(1001);
  EXPECT_EQ(bridge_script(request), "nc -zw2 'a;b' 8080");
}

}  // namespace
}  // namespace sallyport::readiness
