#include "simulator/runner/world_plan.h"

#include <algorithm>
#include <filesystem>

namespace sallyport::sim::runner {
namespace {

namespace fs = std::filesystem;

std::string self_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

}  // namespace

std::string checkout_of(const std::string& folder) {
  std::error_code ignored;
  fs::path holder;  // of a folder `scenarios`, for a tree that came without its history
  for (fs::path at = folder; at.has_relative_path(); at = at.parent_path()) {
    if (fs::exists(at / ".git", ignored)) return at.string();
    if (at.filename() == "scenarios") holder = at.parent_path();
  }
  return holder.has_relative_path() ? holder.string() : std::string();
}

world::WorldPlan plan_for(const RunOptions& options, const scenario::Scenario& scenario,
                          const subject::Description& subject) {
  world::WorldPlan plan;
  plan.files.read_only = {self_folder(), scenario.folder};
  const auto show = [&plan](const std::string& folder) {
    const auto& known = plan.files.read_only;
    if (!folder.empty() && std::find(known.begin(), known.end(), folder) == known.end())
      plan.files.read_only.push_back(folder);
  };
  show(checkout_of(scenario.folder));
  for (const std::string* const binary :
       {&options.supervisor_binary, &options.gateway_binary, &options.middleware_binary}) {
    show(fs::path(*binary).parent_path().string());
  }
  show(subject.here);
  // One that is installed is seen anyway, through links too.
  const fs::path program = subject.command.front().texts.front();
  const std::string text = program.string();
  if (program.is_absolute() && !text.starts_with("/usr/") && !text.starts_with("/bin/"))
    show(program.parent_path().string());
  return plan;
}

}  // namespace sallyport::sim::runner
