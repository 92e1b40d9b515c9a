#include "reference/sandbox/exec_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>

namespace sallyport::sandbox {
namespace {

// Words are separated by what no word can have in it.
constexpr char kEnd = '\0';
constexpr std::string_view kVersion = "exec1";
constexpr std::int64_t kTimeoutMax = 1000LL * 60 * 60 * 24 * 366;
constexpr std::array kPassedOn{SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1,
                               SIGUSR2, SIGCONT, SIGWINCH, SIGKILL};

std::optional<std::string_view> take(std::string_view& text) {
  const std::size_t at = text.find(kEnd);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at + 1);
  return part;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || at != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::string> write_exec_request(const ExecRequest& request) {
  std::string text = fmt::format("{}{}{}{}", kVersion, kEnd, request.timeout_ms, kEnd);
  std::size_t octets = 0;
  for (const std::string& word : request.words) {
    octets += word.size() + 1;
    if (octets > kExecWordsMax) return std::nullopt;
    text += word;
    text += kEnd;
  }
  return text;
}

std::optional<ExecRequest> read_exec_request(std::string_view text) {
  if (text.size() > kExecWordsMax + 64 || take(text) != kVersion) return std::nullopt;
  const auto timeout = take(text);
  const auto ms = timeout ? number<std::int64_t>(*timeout) : std::nullopt;
  if (!ms || *ms < 0 || *ms > kTimeoutMax) return std::nullopt;
  ExecRequest request{*ms, {}};
  while (!text.empty()) {
    const auto word = take(text);
    if (!word) return std::nullopt;
    request.words.emplace_back(*word);
  }
  if (request.words.empty() || request.words.front().empty()) return std::nullopt;
  return request;
}

std::optional<int> read_signal(std::string_view text) {
  constexpr std::string_view kWord = "signal ";
  if (!text.starts_with(kWord)) return std::nullopt;
  const auto signal = number<int>(text.substr(kWord.size()));
  if (!signal || std::find(kPassedOn.begin(), kPassedOn.end(), *signal) == kPassedOn.end())
    return std::nullopt;
  return signal;
}

}  // namespace sallyport::sandbox
