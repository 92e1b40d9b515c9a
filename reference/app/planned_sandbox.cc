#include "reference/app/planned_sandbox.h"

#include <unistd.h>

#include <filesystem>

#include "reference/app/serving.h"
#include "reference/credentials/store.h"
#include "reference/policy/filesystem_baseline.h"
#include "reference/policy/static_change.h"
#include "reference/sandbox/account.h"
#include "reference/sandbox/files.h"

namespace sallyport::app {
namespace {

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

sandbox::Variables own_variables() {
  std::vector<const char*> lines;
  for (char** line = environ; *line != nullptr; ++line) lines.push_back(*line);
  return sandbox::split_variables(lines);
}

}  // namespace

inference::Environment ReadVariables::reader() {
  return [this](std::string_view name) {
    read_.emplace(name);
    return from_environment(name);
  };
}

PlannedSandbox::PlannedSandbox(std::string name, std::string hidden) {
  plan_.name = std::move(name);
  plan_.hidden = std::move(hidden);
}

std::string PlannedSandbox::settle_plan(const std::string& folder, const std::string& ca_output,
                                        egress::Generation& first, const VariableNames& read) {
  policy::StaticSections& says = first.policy.fixed;
  std::string wrong;
  const auto account =
      sandbox::choose_account(says, sandbox::this_process(), sandbox::system_accounts(), wrong);
  if (!account) return wrong;
  plan_.account = *account;
  std::error_code error;
  const auto begin = std::filesystem::absolute(folder.empty() ? "." : folder, error);
  plan_.folder = begin.lexically_normal().string();
  if (plan_.folder.size() > 1 && plan_.folder.ends_with('/')) plan_.folder.pop_back();
  if (says.filesystem) {
    wrong = sandbox::make_writable_folders(*says.filesystem, plan_.account);
    if (!wrong.empty()) return wrong;
  }
  auto enriched = policy::with_baseline(says.filesystem, is_there);
  const supervisor::AgentFiles files = supervisor::agent_files(ca_output);
  plan_.files = sandbox::plan_files(enriched.filesystem, says.landlock, plan_.folder,
                                    {supervisor::folder_of(files)});
  added_ = std::move(enriched.added);
  says.filesystem = std::move(enriched.filesystem);
  live_ = says;
  sources_.inherited = own_variables();
  sources_.withheld = read;
  sources_.proxy = supervisor::agent_environment(plan_.proxy, files);
  plan_.environment = environment_with(first.credentials ? first.credentials->environment()
                                                         : supervisor::Placeholders());
  return {};
}

std::string PlannedSandbox::settle(policy::StaticSections& next) const {
  return policy::settle_live(live_, next, is_there).value_or("");
}

std::vector<std::string> PlannedSandbox::environment_with(
    const supervisor::Placeholders& placeholders) {
  sources_.placeholders.assign(placeholders.begin(), placeholders.end());
  for (const auto& [name, value] : placeholders) sources_.withheld.insert(name);
  return sandbox::build_environment(sources_, plan_.account, plan_.folder);
}

}  // namespace sallyport::app
