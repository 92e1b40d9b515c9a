#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "simulator/report/console.h"
#include "simulator/report/files.h"

namespace sallyport::sim::report {
namespace {

using runner::CellResult;
using runner::Failure;
using runner::RunResult;
using runner::Verdict;
using testing::HasSubstr;

// A scenario's file with memory: what failures quote.
class Report : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sallyport-report-XXXXXX";
    const int fd = ::mkstemp(name);
    ASSERT_GE(fd, 0);
    ::close(fd);
    path_ = name;
    std::ofstream(path_)
        << "scenario: a claim\nsteps:\n  call: {request: x, expect: {status: 200}}\n";
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  CellResult failed() {
    CellResult cell;
    cell.path = path_;
    cell.scenario = "a claim";
    cell.cell = "bind=every,x=a b";
    cell.verdict = Verdict::fail;
    Failure failure;
    failure.claim = "call: status";
    failure.expected = "200";
    failure.observed = "403 <denied>\x01";
    failure.file = path_;
    failure.mark = {3, 31};
    cell.failures.push_back(failure);
    cell.last_events = {"+1.2 ms  api.request"};
    cell.subject_stderr = "one\ntwo\n";
    return cell;
  }

  std::string path_;
};

TEST_F(Report, QuotesTheLineWithACaretBelowTheColumn) {
  const std::string text = describe_failure(failed(), "sallyport");
  EXPECT_THAT(text, HasSubstr(path_ + ":3:31: fail: call: status\n"));
  EXPECT_THAT(text, HasSubstr("  3 |   call: {request: x, expect: {status: 200}}\n"
                              "    |                               ^\n"));
  EXPECT_THAT(text, HasSubstr("  expected: 200\n  observed: 403"));
  EXPECT_THAT(text, HasSubstr("    +1.2 ms  api.request\n"));
  EXPECT_THAT(text, HasSubstr("    one\n    two\n"));
  EXPECT_THAT(text, HasSubstr("--cell 'bind=every,x=a b'"));
}

TEST_F(Report, SumsUpInOneLastLine) {
  char* data = nullptr;
  std::size_t size = 0;
  std::FILE* const out = ::open_memstream(&data, &size);
  Console console(out, {});
  RunResult run;
  run.cells = {failed(), failed()};
  run.cells[1].verdict = Verdict::pass;
  run.total = std::chrono::milliseconds(1900);
  console.begin(2);
  for (const CellResult& cell : run.cells) console.cell_done(cell);
  console.end(run);
  std::fclose(out);
  const std::string text(data, size);
  std::free(data);
  EXPECT_THAT(text, HasSubstr("\n1 passed, 1 failed, 0 skipped in 1.90 s (1 scenario)\n"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(Report, WritesJunitWithoutCharactersThatXmlForbids) {
  RunResult run;
  run.cells = {failed()};
  const std::string text = to_junit(run, "sallyport");
  EXPECT_THAT(text, HasSubstr("tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\""));
  EXPECT_THAT(text, HasSubstr("403 &lt;denied&gt;\\x01"));
  EXPECT_EQ(text.find('\x01'), std::string::npos);
}

TEST_F(Report, WritesJsonWithTheExitCode) {
  RunResult run;
  run.cells = {failed()};
  rapidjson::Document document;
  document.Parse(to_json(run).c_str());
  ASSERT_TRUE(document.IsObject());
  EXPECT_EQ(document["exit_code"].GetInt(), 1);
  EXPECT_STREQ(document["cells"][0]["verdict"].GetString(), "fail");
}

}  // namespace
}  // namespace sallyport::sim::report
