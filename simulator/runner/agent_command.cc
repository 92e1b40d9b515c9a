#include "simulator/runner/agent_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

namespace sallyport::sim::runner {
namespace {

using Environment = std::map<std::string, std::string>;
using Kind = agents::RunSpec::Environment;

// An id that is nobody's on the machine, so that an agent owns nothing but its folder.
constexpr uid_t kAgentId = 64021;
constexpr std::string_view kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// What an operator has of the gateway's: a folder of its own, out of the agents'.
std::string operators_folder(const Stage& stage, const std::string& nonce) {
  return stage.options.run_folder + "/operators/" + nonce;
}

// Where the gateway is, whose word it takes, and its command line on the PATH.
void add_operators(Stage& stage, const std::string& nonce, const User& user,
                   Environment& environment) {
  if (!stage.gateway) return;
  const subject::GatewaySpec& spec = stage.gateway->spec();
  environment["SALLYPORT_GATEWAY"] = spec.address;
  const std::filesystem::path binary = stage.options.gateway_binary;
  environment["PATH"] = binary.parent_path().string() + ":" + environment["PATH"];
  if (spec.operator_token.empty()) return;
  const std::string folder = operators_folder(stage, nonce);
  const std::string token = folder + "/token";
  const bool made = world::own_folder(folder, user.uid, user.gid).has_value() &&
                    subject::write_private_file(token, spec.operator_token + "\n") &&
                    ::chown(token.c_str(), user.uid, user.gid) == 0;
  if (!made) stage.trouble = token + " can't be written";
  environment["SALLYPORT_GATEWAY_TOKEN_FILE"] = token;
}

Environment environment_of(Stage& stage, const agents::RunSpec& spec, const CommandPlace& place,
                           const User& user, const journal::Lookup& lookup) {
  const std::string home = home_of(stage, place.nonce);
  Environment environment{{"PATH", std::string(kPath)},
                          {"HOME", home},
                          {"USER", "agent"},
                          {"SHELL", "/bin/bash"},
                          {"TERM", "dumb"},
                          {"LANG", "C.UTF-8"},
                          {"TMPDIR", home}};
  const bool agents_own = spec.environment != Kind::none && spec.environment != Kind::operator_;
  if (place.whose != nullptr && agents_own) {
    for (const auto& [name, value] : place.whose->agent_environment()) environment[name] = value;
  }
  if (spec.environment == Kind::operator_) add_operators(stage, place.nonce, user, environment);
  for (const auto& [name, value] : spec.variables)
    environment[name] = journal::expand(value, lookup, true);
  for (const std::string& name : spec.unset) environment.erase(name);
  return environment;
}

std::optional<User> user_named(const std::string& wanted) {
  std::istringstream lines(subject::read_file("/etc/passwd"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, skipped, uid, gid;
    std::getline(words, name, ':');
    std::getline(words, skipped, ':');
    std::getline(words, uid, ':');
    std::getline(words, gid, ':');
    if (name != wanted && uid != wanted) continue;
    return User{name, static_cast<uid_t>(std::strtoul(uid.c_str(), nullptr, 10)),
                static_cast<gid_t>(std::strtoul(gid.c_str(), nullptr, 10))};
  }
  const bool number = !wanted.empty() && wanted.size() < 10 &&
                      wanted.find_first_not_of("0123456789") == std::string::npos;
  if (!number) return std::nullopt;
  const auto id = static_cast<uid_t>(std::strtoul(wanted.c_str(), nullptr, 10));
  return User{wanted, id, id};
}

}  // namespace

std::optional<User> user_of(const Stage& stage, const std::string& wanted) {
  if (!wanted.empty()) return user_named(wanted);
  const uid_t id = stage.options.ids ? kAgentId : 0;
  return User{"agent", id, id};
}

std::string home_of(const Stage& stage, const std::string& nonce) {
  return fmt::format("{}/agents/{}", stage.options.run_folder, nonce);
}

world::CommandSpec agent_command(Stage& stage, const agents::RunSpec& spec,
                                 const CommandPlace& place, const User& user,
                                 const FakeTools& tools) {
  const journal::Lookup lookup = stage.step_lookup(place.nonce);
  const std::string home = home_of(stage, place.nonce);
  if (const auto made = world::own_folder(home, user.uid, user.gid); !made) {
    stage.trouble = fmt::format("{}: {}", home, made.error().message());
  }
  world::CommandSpec command;
  for (const std::string& argument : spec.argv)
    command.argv.push_back(journal::expand(argument, lookup, true));
  Environment environment = environment_of(stage, spec, place, user, lookup);
  if (!spec.user.empty()) environment["USER"] = user.name;
  if (const auto path = environment.find("PATH"); path != environment.end())
    path->second = tools.path(path->second);
  world::Confinement confinement;
  confinement.uid = user.uid;
  confinement.gid = user.gid;
  confinement.folder = home;
  confinement.hidden = {stage.options.run_folder};
  confinement.sandboxed = spec.confined;
  if (!tools.folder().empty()) confinement.visible.push_back(tools.folder());
  if (!tools.folder().empty()) confinement.reports.push_back(tools.pipe());
  if (place.whose != nullptr) confinement.visible.push_back(place.whose->ca_folder());
  if (spec.environment == Kind::operator_ && stage.gateway &&
      !stage.gateway->spec().operator_token.empty())
    confinement.visible.push_back(operators_folder(stage, place.nonce));
  for (const auto& [name, value] : environment) command.environment.push_back(name + "=" + value);
  command.cwd =
      (std::filesystem::path(stage.scenario.folder) / spec.cwd).lexically_normal().string();
  command.stdin_text = journal::expand(spec.stdin_text, lookup, true);
  command.host = stage.hosts->view(place.from);
  command.confined = std::move(confinement);
  return command;
}

std::string text_of(const world::CommandSpec& command) {
  std::string text;
  for (const std::string& argument : command.argv) text += argument + "\n";
  for (const std::string& variable : command.environment) text += variable + "\n";
  return text;
}

std::string without_last_newline(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace sallyport::sim::runner
