// The reference in the words of a description, and the filling-in of variables.
#include "simulator/subject/description.h"

#include <algorithm>
#include <array>

#include "simulator/world/process.h"

namespace sallyport::sim::subject {
namespace {

constexpr std::array<std::string_view, 26> kVariables{
    "name",        "here",         "folder",     "listen",      "listen_address", "listen_port",
    "policy",      "routes",       "config",     "upstream_ca", "ca_dir",         "netns_fd",
    "sandbox_pid", "ready_fd",     "events_fd",  "holder_fd",   "gateway",        "sandbox",
    "poll",        "name_server",  "hosts_file", "resolv_conf", "agent_address",  "slow",
    "program",     "gateway_token"};

ArgumentGroup required(std::string text) { return {{std::move(text)}, false}; }
ArgumentGroup optional(std::string flag, std::string value) {
  return {{std::move(flag), std::move(value)}, true};
}

Description make_reference() {
  Description reference;
  reference.name = "reference";
  reference.file = "reference";
  for (const char* const text : {"${program}", "serve", "--config", "${config}", "--ready-fd",
                                 "${ready_fd}", "--audit-fd", "${events_fd}"}) {
    reference.command.push_back(required(text));
  }
  reference.command.push_back(optional("--sandbox-netns-fd", "${netns_fd}"));
  reference.command.push_back(optional("--slow", "${slow}"));
  const std::string no_search = world::kNoLeakSearch;
  const std::size_t equals = no_search.find('=');
  reference.environment[no_search.substr(0, equals)] = no_search.substr(equals + 1);
  reference.policy = Description::Form::yaml;
  reference.routes = Description::Form::yaml;
  reference.reference_config = true;
  reference.ca_folder = "ca";
  reference.ca_certificate = "ca/openshell-ca.pem";
  reference.agent_environment = "ca/agent.env";
  reference.reload.by = Description::ReloadBy::signal;
  reference.events = Description::Events::descriptor;
  reference.tells_configuration = true;
  reference.lacks = {Ability::own_namespace, Ability::upstream_proxy};
  return reference;
}

}  // namespace

std::span<const std::string_view> variable_words() { return kVariables; }

const Description& reference_description() {
  static const Description kReference = make_reference();
  return kReference;
}

std::optional<std::string> fill(std::string_view text, const Variables& variables,
                                std::string& missing) {
  std::string out;
  while (!text.empty()) {
    const std::size_t begin = text.find("${");
    const std::size_t end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) break;
    if (begin > 0 && text[begin - 1] == '$') {  // `$${`
      out.append(text.substr(0, begin - 1)).append("${");
      text.remove_prefix(begin + 2);
      continue;
    }
    const std::string_view name = text.substr(begin + 2, end - begin - 2);
    const auto found = variables.find(name);
    if (found == variables.end()) {
      missing = std::string(name);
      return std::nullopt;
    }
    out.append(text.substr(0, begin)).append(found->second);
    text.remove_prefix(end + 1);
  }
  return out.append(text);
}

std::optional<std::vector<std::string>> fill(const std::vector<ArgumentGroup>& groups,
                                             const Variables& variables, std::string& missing) {
  std::vector<std::string> all;
  for (const ArgumentGroup& group : groups) {
    std::vector<std::string> filled;
    for (const std::string& text : group.texts) {
      if (auto one = fill(text, variables, missing)) filled.push_back(std::move(*one));
    }
    const bool whole = filled.size() == group.texts.size();
    if (!whole && !group.optional) return std::nullopt;
    if (whole) all.insert(all.end(), filled.begin(), filled.end());
  }
  return all;
}

}  // namespace sallyport::sim::subject
