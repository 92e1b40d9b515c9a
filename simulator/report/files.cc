#include "simulator/report/files.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <map>

#include "simulator/report/console.h"
#include "simulator/report/figures.h"
#include "simulator/runner/compare.h"

namespace sallyport::sim::report {
namespace {

using runner::CellResult;
using runner::Verdict;

// Length of the well-formed UTF-8 sequence at `at`, or 0.
std::size_t utf8_length(const std::string& text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  std::size_t length = 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xc0U) != 0x80U) return 0;
  }
  return length;
}

// XML 1.0 has no way at all to write most control characters: they are shown as \xNN.
std::string xml(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t length = utf8_length(text, at);
    if (length == 0 || (byte < 0x20 && byte != '\n' && byte != '\t')) {
      out += fmt::format("\\x{:02x}", byte);
      ++at;
      continue;
    }
    switch (byte) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.append(text, at, length);
    }
    at += length;
  }
  return out;
}

double seconds(base::Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string test_case(const CellResult& cell, const std::string& command) {
  std::string name = cell.cell.empty() ? cell.scenario : cell.cell;
  if (!cell.subject.empty()) name += " on " + cell.subject;
  std::string text = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\"",
                                 xml(cell.path), xml(name), seconds(cell.phases.total));
  if (cell.verdict == Verdict::skip) {
    return text +
           fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", xml(cell.reason));
  }
  if (is_green(cell.verdict)) return text + "/>\n";
  const char* const element = cell.verdict == Verdict::error ? "error" : "failure";
  const std::string message = cell.failures.empty() ? cell.reason : cell.failures.front().claim;
  return text +
         fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n    </testcase>\n",
                     element, to_string(cell.verdict), xml(message),
                     xml(describe_failure(cell, command)));
}

struct Suite {
  std::string name;
  std::string cases;
  int tests = 0, failures = 0, errors = 0, skipped = 0;
  base::Duration time{0};
};

using Allocator = rapidjson::Document::AllocatorType;
using rapidjson::Value;

Value text_json(const std::string& text, Allocator& allocator) {
  return Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

Value phases_json(const std::array<base::Duration, 6>& parts, base::Duration total,
                  Allocator& allocator) {
  Value object(rapidjson::kObjectType);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    object.AddMember(Value(runner::Phases::names().at(i), allocator),
                     Value(static_cast<std::int64_t>(parts.at(i).count())), allocator);
  }
  object.AddMember("total", static_cast<std::int64_t>(total.count()), allocator);
  return object;
}

Value medians_json(const runner::RunResult& run, Allocator& allocator) {
  const Medians all = medians(run);
  Value object = phases_json(all.phases, all.total, allocator);
  object.AddMember("own", phases_json(all.own, all.own_total, allocator), allocator);
  object.AddMember("cells", static_cast<std::uint64_t>(all.cells), allocator);
  return object;
}

// Of a run that names them.
Value subjects_json(const runner::RunResult& run, Allocator& allocator) {
  Value list(rapidjson::kArrayType);
  for (const runner::Tally& tally : runner::tallies(run)) {
    if (tally.subject.empty()) continue;
    Value object(rapidjson::kObjectType);
    object.AddMember("subject", text_json(tally.subject, allocator), allocator);
    object.AddMember("passed", static_cast<std::uint64_t>(tally.passed), allocator);
    object.AddMember("failed", static_cast<std::uint64_t>(tally.failed), allocator);
    object.AddMember("skipped", static_cast<std::uint64_t>(tally.skipped), allocator);
    list.PushBack(object, allocator);
  }
  return list;
}

Value differences_json(const runner::RunResult& run, Allocator& allocator) {
  Value list(rapidjson::kArrayType);
  for (const runner::Difference& difference : runner::differences(run)) {
    Value verdicts(rapidjson::kArrayType);
    for (const runner::Judged& judged : difference.judged) {
      Value one(rapidjson::kObjectType);
      one.AddMember("subject", text_json(judged.subject, allocator), allocator);
      one.AddMember("verdict", text_json(std::string(to_string(judged.verdict)), allocator),
                    allocator);
      one.AddMember("line", text_json(judged.line, allocator), allocator);
      verdicts.PushBack(one, allocator);
    }
    Value object(rapidjson::kObjectType);
    object.AddMember("path", text_json(difference.path, allocator), allocator);
    object.AddMember("cell", text_json(difference.cell, allocator), allocator);
    object.AddMember("verdicts", verdicts, allocator);
    list.PushBack(object, allocator);
  }
  return list;
}

}  // namespace

std::string to_junit(const runner::RunResult& run, const std::string& command) {
  std::map<std::string, Suite> suites;
  Suite all;
  for (const CellResult& cell : run.cells) {
    Suite& suite = suites[cell.path];
    suite.name = cell.scenario;
    suite.cases += test_case(cell, command);
    for (Suite* const counted : {&suite, &all}) {
      ++counted->tests;
      counted->time += cell.phases.total;
      if (cell.verdict == Verdict::skip)
        ++counted->skipped;
      else if (cell.verdict == Verdict::error)
        ++counted->errors;
      else if (!is_green(cell.verdict))
        ++counted->failures;
    }
  }
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"sallyport\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
      "time=\"{:.6f}\">\n",
      all.tests, all.failures, all.errors, all.skipped, seconds(run.total));
  for (const auto& [path, suite] : suites) {
    text += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
        "time=\"{:.6f}\">\n{}  </testsuite>\n",
        xml(fmt::format("{}: {}", path, suite.name)), suite.tests, suite.failures, suite.errors,
        suite.skipped, seconds(suite.time), suite.cases);
  }
  return text + "</testsuites>\n";
}

std::string to_json(const runner::RunResult& run) {
  rapidjson::Document document(rapidjson::kObjectType);
  rapidjson::Document::AllocatorType& allocator = document.GetAllocator();
  rapidjson::Value cells(rapidjson::kArrayType);
  std::int64_t passed = 0;
  std::int64_t skipped = 0;
  for (const CellResult& cell : run.cells) {
    if (cell.verdict == Verdict::skip)
      ++skipped;
    else if (is_green(cell.verdict))
      ++passed;
    rapidjson::Document one(&allocator);
    one.Parse(encode(cell).c_str());
    cells.PushBack(rapidjson::Value(one, allocator), allocator);
  }
  rapidjson::Value notes(rapidjson::kArrayType);
  for (const std::string& note : run.notes) {
    notes.PushBack(rapidjson::Value(note.c_str(), allocator), allocator);
  }
  const auto failed = static_cast<std::int64_t>(run.cells.size()) - passed - skipped;
  document.AddMember("passed", passed, allocator);
  document.AddMember("failed", failed, allocator);
  document.AddMember("skipped", skipped, allocator);
  document.AddMember("exit_code", exit_code(run), allocator);
  document.AddMember("total_ns", static_cast<std::int64_t>(run.total.count()), allocator);
  document.AddMember("notes", notes, allocator);
  document.AddMember("medians_ns", medians_json(run, allocator), allocator);
  document.AddMember("subjects", subjects_json(run, allocator), allocator);
  document.AddMember("differences", differences_json(run, allocator), allocator);
  document.AddMember("cells", cells, allocator);
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  document.Accept(writer);
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace sallyport::sim::report
