#include "reference/policy/static_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace sallyport::policy {
namespace {

std::string refuse(std::string_view what) {
  return fmt::format("{} can't change while the sandbox runs", what);
}

bool has(const std::vector<std::string>& paths, std::string_view path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

std::optional<std::string> removed_path(std::string_view list, const std::vector<std::string>& live,
                                        const std::vector<std::string>& next) {
  for (const std::string& path : live) {
    if (has(next, path)) continue;
    return fmt::format("filesystem_policy.{}: \"{}\" can't be removed while the sandbox runs", list,
                       path);
  }
  return std::nullopt;
}

std::optional<std::string> refuse_filesystem(const std::optional<Filesystem>& live,
                                             const std::optional<Filesystem>& next) {
  if (!live) return std::nullopt;
  if (!next) return "filesystem_policy can't be removed while the sandbox runs";
  if (live->include_workdir != next->include_workdir) {
    return refuse("filesystem_policy.include_workdir");
  }
  if (auto wrong = removed_path("read_only", live->read_only, next->read_only)) return wrong;
  return removed_path("read_write", live->read_write, next->read_write);
}

}  // namespace

std::optional<std::string> refuse_live_change(const StaticSections& live,
                                              const StaticSections& next) {
  if (auto wrong = refuse_filesystem(live.filesystem, next.filesystem)) return wrong;
  if (live.landlock != next.landlock) return refuse("landlock");
  if (live.run_as_user != next.run_as_user) return refuse("process.run_as_user");
  if (live.run_as_group != next.run_as_group) return refuse("process.run_as_group");
  return std::nullopt;
}

std::optional<std::string> settle_live(const StaticSections& live, StaticSections& next,
                                       const PathExists& exists) {
  const auto in_force = [&](const std::string& path) {
    return exists(path) || (live.filesystem && (has(live.filesystem->read_only, path) ||
                                                has(live.filesystem->read_write, path)));
  };
  StaticSections enriched = next;
  enriched.filesystem = with_baseline(next.filesystem, in_force).filesystem;
  // Who left the section out is told of the section, not of a path in it.
  if (!next.filesystem && refuse_filesystem(live.filesystem, enriched.filesystem)) {
    return refuse_filesystem(live.filesystem, next.filesystem);
  }
  if (auto wrong = refuse_live_change(live, enriched)) return wrong;
  next = std::move(enriched);
  return std::nullopt;
}

}  // namespace sallyport::policy
