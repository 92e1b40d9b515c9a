#include "simulator/runner/gate_words.h"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <sstream>

#include "simulator/runner/fake_tools.h"

namespace sallyport::sim::runner {
namespace {

std::string seconds(base::Duration duration) {
  return fmt::format("{:.6f}", std::chrono::duration<double>(duration).count());
}

std::string yes_or_no(bool value) { return value ? "yes" : "no"; }

// A number that stands alone in `text`.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A member that is a number, or digits in a text.
std::optional<std::int64_t> number_of(const rapidjson::Value& value) {
  if (value.IsInt64()) return value.GetInt64();
  if (!value.IsString()) return std::nullopt;
  return number_in<std::int64_t>({value.GetString(), value.GetStringLength()});
}

std::string text_of(const rapidjson::Value& value) {
  if (value.IsString()) return {value.GetString(), value.GetStringLength()};
  if (value.IsInt64()) return std::to_string(value.GetInt64());
  return {};
}

std::string unquoted(std::string word) {
  std::erase_if(word, [](char c) { return c == '\'' || c == '"' || c == '\\'; });
  return word;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words.push_back(unquoted(word));
  return words;
}

}  // namespace

std::vector<std::string> gate_arguments(const agents::GateSpec& spec, const GateGround& ground) {
  const agents::GateSpec::Setup& setup = spec.setup;
  const agents::GateSpec::Limits& limits = spec.limits;
  std::vector<std::string> all{"gate", spec.kind, "--json", "--rule", spec.rule};
  const auto add = [&all](const char* flag, std::string value) {
    all.emplace_back(flag);
    all.push_back(std::move(value));
  };
  add("--agent-netns", std::to_string(ground.agent));
  add("--exec-command", shell_quoted(ground.exec_command));
  add("--gpu", yes_or_no(setup.gpu));
  add("--platform", setup.platform);
  add("--driver", setup.driver);
  add("--route", setup.route);
  add("--network", setup.network);
  add("--auto-fix", yes_or_no(setup.auto_fix));
  const std::string& subnet = setup.subnet.empty() ? ground.subnet : setup.subnet;
  if (!subnet.empty()) add("--subnet", subnet);
  if (!ground.gateway.empty()) add("--gateway-address", ground.gateway);
  if (ground.port != 0) add("--port", std::to_string(ground.port));
  add("--attempts", std::to_string(limits.attempts));
  add("--gap", seconds(limits.gap));
  add("--connect", seconds(limits.connect));
  add("--total", seconds(limits.total));
  add("--exec-timeout", seconds(limits.exec));
  return all;
}

agents::Facts facts_of_report(const std::string& json) {
  agents::Facts facts;
  rapidjson::Document report;
  report.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (report.HasParseError() || !report.IsObject()) return facts;
  constexpr std::array<const char*, 7> kTexts{"class",   "code",    "reason",    "detail",
                                              "network", "recheck", "tls_verify"};
  for (const char* const name : kTexts) {
    const auto found = report.FindMember(name);
    if (found == report.MemberEnd() || found->value.IsNull()) continue;
    facts[name] = text_of(found->value);
  }
  for (const char* const name : {"gaps", "exit", "http_connect"}) {
    const auto found = report.FindMember(name);
    if (found == report.MemberEnd()) continue;
    if (const auto number = number_of(found->value)) facts[name] = *number;
  }
  return facts;
}

std::optional<BridgeTry> bridge_try(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front() != "run") return std::nullopt;
  // `nc -zw5 HOST PORT`, as words of their own or as a shell's text.
  const std::vector<std::string> words = words_of(arguments.back());
  const bool is_text = words.size() > 1;
  if (!is_text && arguments.size() < 3) return std::nullopt;
  BridgeTry one;
  const std::string port = is_text ? words.back() : arguments.back();
  one.host = is_text ? words[words.size() - 2] : arguments[arguments.size() - 2];
  const auto number = number_in<std::uint16_t>(port);
  if (!number || *number == 0) return std::nullopt;
  one.port = *number;
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    const std::string& names = arguments[i + 1];
    if (arguments[i] == "--add-host" && names.starts_with(one.host + ":"))
      one.address = names.substr(one.host.size() + 1);
  }
  return one;
}

}  // namespace sallyport::sim::runner
