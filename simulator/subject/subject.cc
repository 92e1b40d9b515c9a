#include "simulator/subject/subject.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <sstream>

namespace sallyport::sim::subject {

class Subject::Impl {
 public:
  Impl(SubjectSpec given, net::Executor executor, net::Deadlines& deadlines,
       journal::Journal& journal, std::function<std::string()> step_of)
      : spec(std::move(given)),
        daemon(spec.name, "supervisor", executor, deadlines, journal,
               [this](const std::string& json) { note_audit(json); }),
        step_of_(std::move(step_of)) {}

  [[nodiscard]] bool write_files() const;
  [[nodiscard]] bool write_sources() const;
  [[nodiscard]] world::CommandSpec command() const;

  SubjectSpec spec;
  Daemon daemon;
  std::string ca_pem;
  Configured configured;

 private:
  void note_audit(const std::string& json);
  void note_config(const std::map<std::string, std::string>& texts);

  std::function<std::string()> step_of_;
};

void Subject::Impl::note_config(const std::map<std::string, std::string>& texts) {
  const auto text = [&texts](const char* name) {
    const auto found = texts.find(name);
    return found == texts.end() ? std::string() : found->second;
  };
  journal::Fields fields;
  for (const char* const name : {"generation", "state", "message", "detail", "part",
                                 "config_revision", "bundle_revision", "environment_revision"}) {
    if (texts.contains(name)) fields[name] = text(name);
  }
  const std::string state = text("state");
  if (state == "loaded") {
    ++configured.loaded;
    ++configured.loaded_in_run;
    configured.revisions = {text("config_revision"), text("bundle_revision"),
                            text("environment_revision")};
  }
  if (state == "stale") ++configured.stale;
  if (state == "failed") {
    ++configured.failed;
    configured.failed_part = text("part");
    configured.failed_why = text("detail").empty() ? text("message") : text("detail");
  }
  daemon.note("config", std::move(fields));
}

void Subject::Impl::note_audit(const std::string& json) {
  const auto texts = audit_fields(json);
  if (!texts) return;
  journal::Fields fields;
  for (const auto& [name, text] : *texts) fields[name] = text;
  const auto type = texts->find("class");
  if (type != texts->end() && type->second == "Device Config State Change") note_config(*texts);
  fields["json"] = journal::Json{json};
  daemon.note("audit", std::move(fields), step_of_ ? step_of_() : std::string());
}

bool Subject::Impl::write_sources() const {
  bool good = write_file(spec.folder + "/policy.yaml", spec.policy_yaml);
  if (spec.route || spec.routes_file)
    good = write_file(spec.folder + "/routes.yaml", routes_yaml(spec.route)) && good;
  return good;
}

bool Subject::Impl::write_files() const {
  ::mkdir(spec.folder.c_str(), 0755);
  bool good = spec.uplink || write_sources();
  if (!spec.upstream_ca_pem.empty()) {
    good = write_file(spec.folder + "/upstream-ca.pem", spec.upstream_ca_pem) && good;
  }
  return write_file(spec.folder + "/config.yaml", configuration_yaml(spec)) && good;
}

world::CommandSpec Subject::Impl::command() const {
  world::CommandSpec command;
  command.argv = {spec.binary,  "serve",
                  "--config",   spec.folder + "/config.yaml",
                  "--ready-fd", std::to_string(kReadyFd),
                  "--audit-fd", std::to_string(kMessagesFd)};
  if (spec.sandbox_net_namespace >= 0) {
    command.argv.insert(command.argv.end(), {"--sandbox-netns-fd", std::to_string(kSpareFd)});
    command.descriptors.emplace_back(spec.sandbox_net_namespace, kSpareFd);
  }
  if (spec.slow != 1.0)
    command.argv.insert(command.argv.end(), {"--slow", fmt::format("{}", spec.slow)});
  command.argv.insert(command.argv.end(), spec.arguments.begin(), spec.arguments.end());
  command.environment = plain_environment();
  if (!spec.environment.contains("ASAN_OPTIONS"))
    command.environment.emplace_back(world::kNoLeakSearch);
  for (const auto& [name, value] : spec.environment)
    command.environment.push_back(name + "=" + value);
  command.cwd = spec.folder;
  command.host = spec.host;
  return command;
}

Subject::Subject(SubjectSpec spec, net::Executor executor, net::Deadlines& deadlines,
                 journal::Journal& journal, std::function<std::string()> step_of)
    : impl_(std::make_unique<Impl>(std::move(spec), executor, deadlines, journal,
                                   std::move(step_of))) {}

Subject::~Subject() = default;

net::Task<std::optional<StartFailure>> Subject::start(base::TimePoint deadline) {
  impl_->configured.revisions = {};
  impl_->configured.loaded_in_run = 0;
  if (!impl_->write_files())
    co_return StartFailure{"its files can't be written to " + impl_->spec.folder};
  if (auto failure = impl_->daemon.launch(impl_->command())) co_return failure;
  Daemon::Ready ready = co_await impl_->daemon.wait_ready(deadline);
  if (ready.failure) co_return ready.failure;
  impl_->ca_pem = read_file(impl_->spec.folder + "/ca/openshell-ca.pem");
  // What it says of its configuration before it is ready stands before `ready`.
  impl_->daemon.drain();
  journal::Fields fields;
  fields["json"] = journal::Json{std::move(ready.line)};
  impl_->daemon.note("ready", std::move(fields));
  co_return std::nullopt;
}

bool Subject::reconfigure(std::string policy_yaml, std::optional<Route> route) {
  impl_->spec.policy_yaml = std::move(policy_yaml);
  impl_->spec.route = std::move(route);
  const bool written = impl_->write_sources();
  if (written) impl_->daemon.signal(SIGHUP);
  return written;
}

const Subject::Configured& Subject::configured() const { return impl_->configured; }
Daemon& Subject::process() { return impl_->daemon; }
const Daemon& Subject::process() const { return impl_->daemon; }
const SubjectSpec& Subject::spec() const { return impl_->spec; }

std::vector<std::pair<std::string, std::string>> Subject::agent_environment() const {
  std::vector<std::pair<std::string, std::string>> variables;
  std::istringstream lines(read_file(ca_folder() + "/agent.env"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos)
      variables.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return variables;
}

const std::string& Subject::ca_pem() const { return impl_->ca_pem; }
std::string Subject::ca_folder() const { return impl_->spec.folder + "/ca"; }

}  // namespace sallyport::sim::subject
