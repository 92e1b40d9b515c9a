#include "simulator/subject/launch.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "reference/base/scalars.h"
#include "reference/base/yaml.h"

namespace sallyport::sim::subject {
namespace {

using Form = Description::Form;

// Written where there is one, or may be one later.
bool has_routes(const SubjectSpec& spec) {
  if (spec.description.routes == Form::none) return false;
  return spec.route || spec.routes_file || !spec.description.reference_config;
}

std::string path_of(const SubjectSpec& spec, const char* name, Form form) {
  return spec.folder + "/" + name + (form == Form::json ? ".json" : ".yaml");
}

bool write_as(const std::string& path, Form form, const std::string& yaml) {
  if (form != Form::json) return write_file(path, yaml);
  const auto json = as_json(yaml);
  return json && write_file(path, *json + "\n");
}

// Folders below its own that files of the description stand in: what it writes there must have a
// place.
bool make_folders(const SubjectSpec& spec) {
  ::mkdir(spec.folder.c_str(), 0755);
  if (spec.description.here.empty()) return true;  // the reference makes its own
  const Description& about = spec.description;
  std::error_code failed;
  for (const std::string* const path :
       {&about.ca_certificate, &about.agent_environment, &about.events_file, &about.ready.text,
        &about.holder.text}) {
    const bool pattern = (path == &about.ready.text && about.ready.way != Description::Way::file) ||
                         (path == &about.holder.text && about.holder.way != Description::Way::file);
    if (path->empty() || pattern) continue;
    std::filesystem::create_directories(
        std::filesystem::path(spec.folder + "/" + *path).parent_path(), failed);
    if (failed) return false;
  }
  return about.ca_folder.empty() ||
         (std::filesystem::create_directories(spec.folder + "/" + about.ca_folder, failed),
          !failed);
}

}  // namespace

std::optional<std::string> as_json(const std::string& text) {
  base::Diagnostics complaints;
  const base::yaml::NodePtr root = base::yaml::parse(text, "policy", complaints);
  if (root == nullptr || !complaints.empty()) return std::nullopt;
  return base::yaml::to_json(*root);
}

Variables variables_of(const SubjectSpec& spec, pid_t sandbox_pid) {
  const Description& about = spec.description;
  Variables all;
  all["name"] = spec.name;
  all["here"] = about.here;
  all["folder"] = spec.folder;
  all["listen"] = spec.listen.to_string();
  all["listen_address"] = spec.listen.address.to_string();
  all["listen_port"] = std::to_string(spec.listen.port);
  if (about.policy != Form::none && !spec.uplink)
    all["policy"] = path_of(spec, "policy", about.policy);
  if (has_routes(spec) && !spec.uplink) all["routes"] = path_of(spec, "routes", about.routes);
  if (about.reference_config || !about.config_text.empty())
    all["config"] = spec.folder + "/config.yaml";
  if (!spec.upstream_ca_pem.empty()) all["upstream_ca"] = spec.folder + "/upstream-ca.pem";
  all["ca_dir"] = spec.folder + "/" + (about.ca_folder.empty() ? "ca" : about.ca_folder);
  const bool given = about.agent == Description::Agent::given && spec.sandbox_net_namespace >= 0;
  if (given) all["netns_fd"] = std::to_string(kSpareFd);
  if (given && sandbox_pid > 0) all["sandbox_pid"] = std::to_string(sandbox_pid);
  all["ready_fd"] = std::to_string(kReadyFd);
  all["events_fd"] = std::to_string(kMessagesFd);
  if (about.agent == Description::Agent::made_by_subject)
    all["holder_fd"] = std::to_string(kHolderFd);
  if (spec.uplink) {
    all["gateway"] = spec.uplink->endpoint;
    all["sandbox"] = spec.uplink->sandbox;
    if (!spec.uplink->token.empty()) all["gateway_token"] = spec.folder + "/gateway.token";
    all["poll"] = base::format_duration(spec.uplink->poll);
  }
  if (!spec.name_servers.empty()) all["name_server"] = spec.name_servers.front().to_string();
  if (!spec.hosts_file.empty()) all["hosts_file"] = spec.hosts_file;
  if (!spec.host.resolv_conf.empty()) all["resolv_conf"] = spec.host.resolv_conf;
  if (spec.agent_address) all["agent_address"] = spec.agent_address->to_string();
  if (spec.slow != 1.0) all["slow"] = fmt::format("{}", spec.slow);
  if (!spec.binary.empty()) all["program"] = spec.binary;
  return all;
}

bool uses(const Description& description, std::string_view variable) {
  const std::string wanted = "${" + std::string(variable) + "}";
  const auto has = [&wanted](const std::string& text) {
    return text.find(wanted) != std::string::npos;
  };
  const auto in = [&has](const ArgumentGroup& group) {
    return std::any_of(group.texts.begin(), group.texts.end(), has);
  };
  const auto in_value = [&has](const auto& entry) { return has(entry.second); };
  return std::any_of(description.command.begin(), description.command.end(), in) ||
         std::any_of(description.environment.begin(), description.environment.end(), in_value) ||
         has(description.config_text);
}

bool write_sources(const SubjectSpec& spec) {
  const Description& about = spec.description;
  bool good = true;
  if (about.policy != Form::none)
    good = write_as(path_of(spec, "policy", about.policy), about.policy, spec.policy_yaml);
  if (has_routes(spec)) {
    const std::string path = path_of(spec, "routes", about.routes);
    good = write_as(path, about.routes, routes_yaml(spec.route)) && good;
  }
  return good;
}

std::string write_files(const SubjectSpec& spec, const Variables& variables) {
  const std::string failed = "its files can't be written to " + spec.folder;
  bool good = make_folders(spec) && (spec.uplink || write_sources(spec));
  if (!spec.upstream_ca_pem.empty())
    good = write_file(spec.folder + "/upstream-ca.pem", spec.upstream_ca_pem) && good;
  good = write_registered_cas(spec.middleware, spec.folder) && good;
  if (spec.uplink && !spec.uplink->token.empty())
    good = write_private_file(spec.folder + "/gateway.token", spec.uplink->token + "\n") && good;
  const std::string config = spec.folder + "/config.yaml";
  if (spec.description.reference_config)
    good = write_file(config, configuration_yaml(spec)) && good;
  if (!spec.description.config_text.empty()) {
    std::string missing;
    const auto text = fill(spec.description.config_text, variables, missing);
    if (!text)
      return fmt::format("its configuration wants ${{{}}}, which has no value here", missing);
    good = write_file(config, *text) && good;
  }
  return good ? std::string() : failed;
}

std::optional<world::CommandSpec> command_of(const SubjectSpec& spec,
                                             const std::vector<ArgumentGroup>& argv,
                                             const Variables& variables, std::string& why) {
  world::CommandSpec command;
  std::string missing;
  auto filled = fill(argv, variables, missing);
  std::map<std::string, std::string> environment;
  for (const std::string& plain : plain_environment()) {
    const std::size_t equals = plain.find('=');
    environment[plain.substr(0, equals)] = plain.substr(equals + 1);
  }
  for (const auto& [name, text] : spec.description.environment) {
    const auto value = fill(text, variables, missing);
    if (!value) filled.reset();
    environment[name] = value.value_or("");
  }
  if (!filled) {
    why = fmt::format("its description wants ${{{}}}, which has no value here", missing);
    return std::nullopt;
  }
  // The scenario's come last: they win.
  for (const auto& [name, value] : spec.environment) environment[name] = value;
  command.argv = std::move(*filled);
  for (const auto& [name, value] : environment) command.environment.push_back(name + "=" + value);
  command.cwd = spec.folder;
  command.host = spec.host;
  return command;
}

}  // namespace sallyport::sim::subject
