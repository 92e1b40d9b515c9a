#include "reference/readiness/classify.h"

#include <fmt/format.h>

#include <charconv>

#include "reference/readiness/command_words.h"
#include "reference/readiness/completion.h"
#include "reference/readiness/facts.h"

namespace sallyport::readiness {
namespace {

constexpr std::string_view kSentinel = "HTTP_";
constexpr std::string_view kNoCurl = "NO_CURL";
constexpr std::string_view kNone = "000";
constexpr std::size_t kCodeDigits = 3;
constexpr std::size_t kQuotedMax = 160;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool are_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_good(std::string_view code) { return code.starts_with('2'); }

// Takes `wanted` digits off the front of `text`, or nothing.
std::string_view take_digits(std::string_view& text, std::size_t wanted) {
  const std::string_view digits = text.substr(0, wanted);
  if (digits.size() != wanted || !are_digits(digits)) return {};
  text.remove_prefix(wanted);
  return digits;
}

// The first HTTP_ with three digits after it, anywhere.
std::string_view code_anywhere(std::string_view text) {
  for (std::size_t at = 0; (at = text.find(kSentinel, at)) != std::string_view::npos; ++at) {
    std::string_view rest = text.substr(at + kSentinel.size());
    if (const std::string_view code = take_digits(rest, kCodeDigits); !code.empty()) return code;
  }
  return {};
}

// What curl's exit code says of an answer that didn't come; for people.
std::string_view curl_said(int code) {
  switch (code) {
    case 5:
      return "the proxy's name doesn't resolve";
    case 6:
      return "the name doesn't resolve";
    case 7:
      return "nobody takes the connection";
    case 18:
      return "the body is shorter than was said";
    case 28:
      return "the time was over";
    case 35:
      return "the TLS handshake failed";
    case 52:
      return "the answer is empty";
    case 56:
      return "the connection was cut or the proxy refused it";
    case 60:
      return "the certificate isn't trusted";
    default:
      return {};
  }
}

std::string curl_detail(const ProbeFacts& facts) {
  if (!facts.curl_exit || *facts.curl_exit == 0) return {};
  std::string text = fmt::format("; curl ended with {}", *facts.curl_exit);
  if (const std::string_view said = curl_said(*facts.curl_exit); !said.empty())
    text += fmt::format(" ({})", said);
  if (!facts.http_connect.empty() && facts.http_connect != kNone && !is_good(facts.http_connect))
    text += fmt::format(", CONNECT was answered with {}", facts.http_connect);
  return text;
}

// `sallyport-supervisor exec` itself says with these codes that nothing ran, or that its time was
// over; with something printed they are the script's.
CommandResult::End end_of(const CommandResult& result, std::string_view out) {
  constexpr int kTimedOut = 124;
  constexpr int kNotRun = 125;
  if (result.end != CommandResult::End::exited || !out.empty()) return result.end;
  if (result.code == kTimedOut) return CommandResult::End::timed_out;
  return result.code == kNotRun ? CommandResult::End::not_run : result.end;
}

// One classification under way.
class Judge {
 public:
  Judge(const Request& request, std::optional<std::uint64_t> agent, const CommandResult& result)
      : request_(request),
        agent_(agent),
        result_(result),
        out_(trimmed(result.out)),
        end_(end_of(result, out_)) {
    attempt_.facts = read_facts(result.err);
  }

  Attempt judge() {
    if (end_ != CommandResult::End::exited) return did_not_run();
    if (request_.rule == Rule::observed) {
      observe();
    } else if (ended_well()) {
      if (request_.rule == Rule::strict) {
        be_strict();
      } else {
        look_at_completion();
      }
    }
    place();
    return attempt_;
  }

 private:
  Attempt did_not_run() {
    const bool late = end_ == CommandResult::End::timed_out;
    set(Class::exec_failed, late ? "timed-out" : "not-run",
        late ? fmt::format("the exec command didn't end within {} ms", request_.limits.exec.count())
             : fmt::format("the exec command did not run: {}", printable(result_.err, kQuotedMax)));
    return attempt_;
  }

  void set(Class outcome, std::string_view reason, std::string detail) {
    attempt_.outcome = outcome;
    attempt_.reason = reason;
    attempt_.detail = std::move(detail);
  }

  void noise() {
    const std::string_view said = out_.empty() ? trimmed(result_.err) : out_;
    set(Class::exec_failed, "unexpected-output",
        fmt::format("the exec command printed something else: {}", printable(said, kQuotedMax)));
  }
  void no_curl() { set(Class::skipped, "probe-tool-unavailable", "there is no curl"); }
  void good() { set(Class::ok, {}, {}); }
  void no_answer() {
    set(Class::unreachable, "no-answer",
        fmt::format("{} gave HTTP 000: no name, no connection or no answer{}", request_.endpoint,
                    curl_detail(attempt_.facts)));
  }
  void bad_status(std::string_view body) {
    set(Class::unreachable, "bad-status",
        fmt::format("{} gave HTTP {}: the route is there and doesn't serve (its provider, its "
                    "credential, or what is behind it){}{}",
                    request_.endpoint, attempt_.code,
                    body.empty() ? "" : "; it said: ", printable(body, kQuotedMax)));
  }
  void cut_short() {
    set(Class::unreachable, "cut-short",
        fmt::format("{} gave HTTP {} and then no whole answer{}", request_.endpoint, attempt_.code,
                    curl_detail(attempt_.facts)));
  }

  // The field's rule: the exit status doesn't count, nor does what stands around.
  void observe() {
    if (out_ == kNoCurl) return no_curl();
    attempt_.code = code_anywhere(out_);
    if (attempt_.code.empty()) return noise();
    if (is_good(attempt_.code)) return good();
    return attempt_.code == kNone ? no_answer() : bad_status({});
  }

  // What both of our rules ask of the command before they look at any text.
  bool ended_well() {
    attempt_.code = {};
    if (result_.code != 0) {
      const std::string_view said = out_.empty() ? trimmed(result_.err) : out_;
      set(Class::exec_failed, "exit-status",
          fmt::format("the exec command ended with {}: {}", result_.code,
                      printable(said, kQuotedMax)));
      return false;
    }
    if (result_.cut) {
      set(Class::exec_failed, "unexpected-output", "the exec command printed more than is kept");
      return false;
    }
    if (out_ != kNoCurl) return true;
    no_curl();
    return false;
  }

  void be_strict() {
    std::string_view rest = out_;
    if (!rest.starts_with(kSentinel)) return noise();
    rest.remove_prefix(kSentinel.size());
    const std::string_view code = take_digits(rest, kCodeDigits);
    const bool failed = rest == kNone;
    if (code.empty() || (!failed && !rest.empty())) return noise();
    attempt_.code = code;
    if (code == kNone) return no_answer();
    if (!is_good(code)) return bad_status({});
    if (failed || attempt_.facts.curl_exit.value_or(0) != 0) return cut_short();
    good();
  }

  // `HTTP_200 000 0 CURL_0`: the last line, which is curl's and the script's.
  bool read_last_line(std::string_view line) {
    constexpr std::string_view kCurl = " CURL_";
    if (!line.starts_with(kSentinel)) return false;
    line.remove_prefix(kSentinel.size());
    const std::string_view code = take_digits(line, kCodeDigits);
    if (code.empty() || !line.starts_with(' ')) return false;
    line.remove_prefix(1);
    const std::string_view connect = take_digits(line, kCodeDigits);
    const std::size_t curl = line.find(kCurl);
    if (connect.empty() || !line.starts_with(' ') || curl == std::string_view::npos) return false;
    const std::string_view verify = curl == 0 ? std::string_view() : line.substr(1, curl - 1);
    const std::string_view end = line.substr(curl + kCurl.size());
    int exit = -1;
    const auto read = std::from_chars(end.data(), end.data() + end.size(), exit);
    if (!are_digits(verify) || !are_digits(end) || read.ec != std::errc()) return false;
    attempt_.code = code;
    attempt_.facts.http_connect = connect;
    attempt_.facts.tls_verify = verify;
    attempt_.facts.curl_exit = exit;
    return true;
  }

  void look_at_completion() {
    const std::size_t end = out_.rfind('\n');
    const bool has_body = end != std::string_view::npos;
    const std::string_view body = has_body ? trimmed(out_.substr(0, end)) : std::string_view();
    if (!read_last_line(has_body ? out_.substr(end + 1) : out_)) return noise();
    if (attempt_.code == kNone) return no_answer();
    if (!is_good(attempt_.code)) return bad_status(body);
    if (attempt_.facts.curl_exit != 0) return cut_short();
    const auto text = completion_text(body);
    if (text && text->find(request_.expect) != std::string::npos) return good();
    set(Class::unreachable, "unexpected-answer",
        fmt::format("{} gave HTTP {}, and {}: {}", request_.endpoint, attempt_.code,
                    text ? fmt::format("the answer doesn't say \"{}\"",
                                       printable(request_.expect, kQuotedMax))
                         : "no completion",
                    printable(text ? *text : body, kQuotedMax)));
  }

  // Where the probe ran counts for more than what it printed.
  void place() {
    const auto& there = attempt_.facts.netns;
    if (there && agent_ && *there != *agent_) {
      set(Class::wrong_context, "other-namespace",
          fmt::format("the probe ran in network namespace {}, the agent's is {}", *there, *agent_));
    } else if (attempt_.outcome == Class::ok && request_.rule != Rule::observed &&
               !(there && agent_)) {
      set(Class::exec_failed, "context-unknown",
          fmt::format("HTTP {}, but the network namespace of {} isn't known", attempt_.code,
                      there ? "the agent" : "the probe"));
    }
  }

  const Request& request_;
  std::optional<std::uint64_t> agent_;
  const CommandResult& result_;
  std::string_view out_;
  CommandResult::End end_;
  Attempt attempt_;
};

}  // namespace

Attempt classify(const Request& request, std::optional<std::uint64_t> agent,
                 const CommandResult& result) {
  return Judge(request, agent, result).judge();
}

}  // namespace sallyport::readiness
