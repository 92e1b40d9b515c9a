#include "reference/sandbox/environment.h"

#include <fmt/format.h>

#include <map>

namespace sallyport::sandbox {
namespace {

bool is_supervisors(std::string_view name) {
  return name.starts_with("SALLYPORT_") || name.starts_with("OPENSHELL_");
}

constexpr const char* kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr const char* kUsualTerminal = "xterm-256color";

}  // namespace

std::vector<std::string> build_environment(const EnvironmentSources& from, const Account& account,
                                           const std::string& folder) {
  std::map<std::string, std::string> all{{"PATH", kUsualPath}, {"TERM", kUsualTerminal}};
  for (const auto& [name, value] : from.inherited) {
    if (!is_supervisors(name) && !from.withheld.contains(name)) all[name] = value;
  }
  for (const auto& [name, value] : from.placeholders) all[name] = value;
  all["HOME"] = account.home.empty() ? folder : account.home;
  all["USER"] = account.name;
  all["LOGNAME"] = account.name;
  all["SHELL"] = "/bin/bash";
  for (const auto& [name, value] : from.proxy) all[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : all) lines.push_back(fmt::format("{}={}", name, value));
  return lines;
}

Variables split_variables(std::span<const char* const> lines) {
  Variables all;
  for (const std::string_view line : lines) {
    const std::size_t at = line.find('=');
    if (at != std::string_view::npos && at > 0)
      all.emplace_back(line.substr(0, at), line.substr(at + 1));
  }
  return all;
}

}  // namespace sallyport::sandbox
