#include "simulator/runner/resources.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace sallyport::sim::runner {
namespace {

// So many of a step's repetitions are looked at, at most about.
constexpr std::uint64_t kSamples = 400;

pid_t pid_of(const Stage& stage, const std::string& actor) {
  if (stage.gateway && actor == kGateway) return stage.gateway->process().pid();
  const auto subject = stage.subjects.find(actor);
  if (subject != stage.subjects.end()) return subject->second->process().pid();
  const auto service = stage.services.find(actor);
  return service == stage.services.end() ? -1 : service->second->pid();
}

std::string type_of(const Stage& stage, const std::string& actor) {
  if (actor == kGateway) return "gateway";
  return stage.services.contains(actor) ? "middleware" : "supervisor";
}

void sample(Stage& stage, const scenario::Step& step, const std::string& actor) {
  const auto held = resources_of(pid_of(stage, actor));
  if (!held) return;
  journal::Event event;
  event.source = actor;
  event.source_type = type_of(stage, actor);
  event.kind = kResourcesKind;
  event.step = step.name;
  event.fields["rss"] = static_cast<std::int64_t>(held->rss);
  event.fields["fds"] = static_cast<std::int64_t>(held->fds);
  stage.journal.append(std::move(event));
}

}  // namespace

std::optional<Resources> resources_of(pid_t pid) {
  if (pid <= 0) return std::nullopt;
  const std::string folder = fmt::format("/proc/{}", pid);
  std::ifstream in(folder + "/statm");
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  if (!(in >> pages >> resident)) return std::nullopt;
  Resources held;
  held.rss = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::error_code failed;
  const std::filesystem::directory_iterator descriptors(folder + "/fd", failed);
  if (failed) return std::nullopt;
  held.fds = static_cast<std::uint64_t>(std::distance(begin(descriptors), end(descriptors)));
  return held;
}

void sample_resources(Stage& stage, const scenario::Step& step, std::uint64_t exchanges) {
  const std::uint64_t every = std::max<std::uint64_t>(1, step.repeat / kSamples);
  if (exchanges % every != 0) return;
  for (const scenario::Expectation& item : stage.cell.expect) {
    const auto* const checker = std::get_if<scenario::Checker>(&item.item);
    const bool asks = checker != nullptr && checker->name == "resources_flat";
    if (asks && checker->step == step.name) sample(stage, step, checker->actor);
  }
}

}  // namespace sallyport::sim::runner
