// A description as it is written: YAML, strict, every mistake with its place.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "reference/base/yaml.h"
#include "simulator/subject/description.h"

namespace sallyport::sim::subject {
namespace {

using base::yaml::MapReader;
using base::yaml::Node;

constexpr std::array<std::string_view, 2> kAgents{"given", "made_by_subject"};
constexpr std::array<std::string_view, 3> kForms{"none", "yaml", "json"};
constexpr std::array<std::string_view, 2> kTells{"event", "ready"};
constexpr std::array<std::string_view, 3> kDone{"event", "exit", "sent"};
constexpr std::array<std::pair<std::string_view, int>, 6> kSignals{{{"HUP", SIGHUP},
                                                                    {"USR1", SIGUSR1},
                                                                    {"USR2", SIGUSR2},
                                                                    {"INT", SIGINT},
                                                                    {"WINCH", SIGWINCH},
                                                                    {"CONT", SIGCONT}}};

bool is_word(const Node* node, std::string_view word) {
  return node != nullptr && node->is_scalar() && !node->quoted && node->text == word;
}

class Reading {
 public:
  Reading(const Node& root, const std::string& file, base::Diagnostics& complaints)
      : file_(file), complaints_(complaints), map_(root, file, "a description", complaints) {}

  Description read();

 private:
  void complain(const Node& node, std::string message) {
    complaints_.add({file_, node.mark, std::move(message), node.used_at});
  }
  void check_variables(const Node& node, std::string_view text);
  std::string text_of(const Node& node);
  std::string pattern_of(const Node& node);
  std::string path_of(const Node& node);
  std::vector<ArgumentGroup> command_of(const Node& node);
  std::map<std::string, std::string> variables_of(std::string_view key);
  Description::Told told(std::string_view key, bool port);
  void read_config();
  void read_ca();
  void read_reload();
  void read_events();
  void read_lacks();
  void derive_lacks();

  const std::string& file_;
  base::Diagnostics& complaints_;
  MapReader map_;
  Description out_;
};

void Reading::check_variables(const Node& node, std::string_view text) {
  const auto words = variable_words();
  for (std::size_t at = text.find("${"); at != std::string_view::npos;
       at = text.find("${", at + 2)) {
    if (at > 0 && text[at - 1] == '$') continue;
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) {
      complain(node, "\"${\" has no \"}\"; a literal one is written $${");
      return;
    }
    const std::string_view name = text.substr(at + 2, end - at - 2);
    if (std::find(words.begin(), words.end(), name) == words.end())
      complain(node,
               fmt::format("there is no variable \"{}\"{}", name, base::suggestion(name, words)));
  }
}

std::string Reading::text_of(const Node& node) {
  std::string text = base::yaml::as_text(node, file_, complaints_).value_or("");
  check_variables(node, text);
  return text;
}

std::string Reading::pattern_of(const Node& node) {
  std::string text = base::yaml::as_text(node, file_, complaints_).value_or("");
  const re2::RE2 pattern(text, re2::RE2::Quiet);
  if (!pattern.ok()) complain(node, "not a pattern (RE2): " + pattern.error());
  return text;
}

// A path in the subject's own folder: nothing else is its to write.
std::string Reading::path_of(const Node& node) {
  std::string text = base::yaml::as_text(node, file_, complaints_).value_or("");
  const std::filesystem::path path(text);
  const bool leaves = std::find(path.begin(), path.end(), "..") != path.end();
  if (text.empty() || path.is_absolute() || leaves)
    complain(node, "a path in the subject's own folder, without \"..\"");
  return text;
}

std::vector<ArgumentGroup> Reading::command_of(const Node& node) {
  std::vector<ArgumentGroup> command;
  if (!node.is_list() || node.items.empty()) {
    complain(node, "a command is a list: the program and its arguments");
    return command;
  }
  for (const base::yaml::NodePtr& item : node.items) {
    ArgumentGroup group;
    group.optional = item->is_list();
    if (item->is_list()) {
      for (const base::yaml::NodePtr& part : item->items) group.texts.push_back(text_of(*part));
    } else {
      group.texts.push_back(text_of(*item));
    }
    command.push_back(std::move(group));
  }
  if (command.front().optional)
    complain(*node.items.front(), "the program itself can't be left out");
  return command;
}

std::map<std::string, std::string> Reading::variables_of(std::string_view key) {
  std::map<std::string, std::string> all;
  const Node* const node = map_.map(key);
  if (node == nullptr) return all;
  for (const base::yaml::Entry& entry : node->entries) {
    if (entry.key.empty() || entry.key.find('=') != std::string::npos)
      complain(*entry.value, fmt::format("\"{}\" is no name of a variable", entry.key));
    all[entry.key] = text_of(*entry.value);
  }
  return all;
}

// `line`, `port`, `{output: PATTERN}` or `{file: PATH}`.
Description::Told Reading::told(std::string_view key, bool port) {
  Description::Told result;
  const Node* const node = map_.node(key);
  if (node == nullptr || is_word(node, "line")) return result;
  if (port && is_word(node, "port")) {
    result.way = Description::Way::port;
    return result;
  }
  if (node->is_map() && node->entries.size() == 1) {
    const base::yaml::Entry& entry = node->entries.front();
    if (entry.key == "output") {
      result.way = Description::Way::output;
      result.text = pattern_of(*entry.value);
      return result;
    }
    if (entry.key == "file") {
      result.way = Description::Way::file;
      result.text = path_of(*entry.value);
      return result;
    }
  }
  complain(*node, fmt::format("\"{}\" is line{}, {{output: PATTERN}} or {{file: PATH}}", key,
                              port ? ", port" : ""));
  return result;
}

void Reading::read_config() {
  const Node* const node = map_.node("config");
  if (node == nullptr || is_word(node, "none")) return;
  if (is_word(node, "reference")) {
    out_.reference_config = true;
  } else if (node->is_map() && node->entries.size() == 1 && node->entries[0].key == "text") {
    out_.config_text = text_of(*node->entries[0].value);
  } else {
    complain(*node, "\"config\" is none, reference or {text: TEXT}");
  }
}

void Reading::read_ca() {
  const Node* const node = map_.node("ca");
  if (node == nullptr || is_word(node, "none")) return;
  if (!node->is_map()) {
    complain(*node, "\"ca\" is none or a map with folder, certificate and environment");
    return;
  }
  MapReader ca(*node, file_, "a CA", complaints_);
  if (const Node* const folder = ca.node("folder")) out_.ca_folder = path_of(*folder);
  if (const Node* const file = ca.node("certificate")) out_.ca_certificate = path_of(*file);
  if (const Node* const file = ca.node("environment")) out_.agent_environment = path_of(*file);
  ca.finish();
}

void Reading::read_reload() {
  const Node* const node = map_.node("reload");
  if (node == nullptr || is_word(node, "none")) return;
  if (!node->is_map()) {
    complain(*node, "\"reload\" is none, {signal: HUP} or {command: [...]}");
    return;
  }
  MapReader reload(*node, file_, "a reload", complaints_);
  Description::Reload& out = out_.reload;
  if (const Node* const signal = reload.node("signal")) {
    out.by = Description::ReloadBy::signal;
    const auto* const found =
        std::find_if(kSignals.begin(), kSignals.end(),
                     [signal](const auto& one) { return one.first == signal->text; });
    if (found == kSignals.end()) {
      complain(*signal, "a signal is one of HUP, USR1, USR2, INT, WINCH, CONT");
    } else {
      out.signal = found->second;
    }
  }
  if (const Node* const command = reload.node("command")) {
    if (out.by != Description::ReloadBy::none)
      complain(*command, "a reload has a signal or a command, not both");
    out.by = Description::ReloadBy::command;
    out.command = command_of(*command);
    out.done = Description::ReloadDone::exit;
  }
  if (out.by == Description::ReloadBy::none)
    complain(*node, "a reload needs a signal or a command");
  const Node* const done = reload.node("done");
  if (done != nullptr && done->is_map()) {
    MapReader words(*done, file_, "the output of a reload", complaints_);
    out.done = Description::ReloadDone::output;
    if (const Node* const pattern = words.require("output")) out.pattern = pattern_of(*pattern);
    if (const Node* const pattern = words.node("refused")) out.refused = pattern_of(*pattern);
    words.finish();
  } else if (done != nullptr) {
    const std::string word = reload.word("done", kDone, "event");
    out.done = word == "exit"   ? Description::ReloadDone::exit
               : word == "sent" ? Description::ReloadDone::sent
                                : Description::ReloadDone::event;
  }
  if (out.done == Description::ReloadDone::exit && out.by == Description::ReloadBy::signal)
    complain(*node, "a signal has no exit; \"done\" is event, sent or {output: PATTERN}");
  reload.finish();
}

void Reading::read_events() {
  const Node* const node = map_.node("events");
  if (node == nullptr || is_word(node, "none")) return;
  if (is_word(node, "fd")) {
    out_.events = Description::Events::descriptor;
  } else if (node->is_map() && node->entries.size() == 1 && node->entries[0].key == "file") {
    out_.events = Description::Events::file;
    out_.events_file = path_of(*node->entries[0].value);
  } else {
    complain(*node, "\"events\" is none, fd or {file: PATH}");
  }
}

void Reading::read_lacks() {
  const auto words = ability_words();
  for (const base::yaml::NodePtr& item : map_.list("lacks")) {
    const auto found = std::find(words.begin(), words.end(), item->text);
    if (found == words.end()) {
      complain(*item, fmt::format("there is no ability \"{}\"{}", item->text,
                                  base::suggestion(item->text, words)));
    } else {
      out_.lacks.insert(static_cast<Ability>(found - words.begin()));
    }
  }
}

// What can't be, given what it says of itself, needn't be declared.
void Reading::derive_lacks() {
  const auto lack = [this](bool when, std::initializer_list<Ability> abilities) {
    if (when) out_.lacks.insert(abilities);
  };
  const bool reloads = out_.reload.by != Description::ReloadBy::none;
  lack(out_.events == Description::Events::none, {Ability::audit});
  lack(!reloads || out_.policy == Description::Form::none, {Ability::reload_policy});
  lack(!reloads || out_.routes == Description::Form::none, {Ability::reload_routes});
  lack(out_.routes == Description::Form::none, {Ability::inference});
  lack(out_.ca_certificate.empty(), {Ability::inference});
  lack(out_.agent_environment.empty(), {Ability::credentials});
  lack(!out_.tells_configuration, {Ability::gateway});
  // Registrations and limits stand in the reference's configuration alone.
  lack(!out_.reference_config,
       {Ability::middleware, Ability::limits, Ability::upstream_proxy, Ability::identity});
  const bool makes = out_.agent == Description::Agent::made_by_subject;
  lack(true, {makes ? Ability::given_namespace : Ability::own_namespace});
  lack(true, {Ability::gate});  // the reference's program asks sandboxes of the reference
}

Description Reading::read() {
  out_.file = file_;
  std::error_code ignored;
  const std::filesystem::path path = std::filesystem::absolute(file_).lexically_normal();
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, ignored);
  out_.here = (real.empty() ? path : real).parent_path().string();
  if (const Node* const name = map_.require("name"))
    out_.name = base::yaml::as_text(*name, file_, complaints_).value_or("");
  if (out_.name == "reference" || out_.name.find_first_of(" \t,=") != std::string::npos)
    map_.complain("name", "a subject's name has no blank, \",\" or \"=\", and isn't \"reference\"");
  out_.version = map_.text("version");
  if (const Node* const command = map_.require("command")) out_.command = command_of(*command);
  out_.environment = variables_of("environment");
  if (map_.word("agent", kAgents, "given") == "made_by_subject")
    out_.agent = Description::Agent::made_by_subject;
  out_.ready = told("ready", true);
  out_.holder = told("holder", false);
  if (map_.has("holder") && out_.agent == Description::Agent::given)
    map_.complain("holder", "only a subject that makes its agent's namespace has a holder");
  const auto form = [this](std::string_view key, std::string fallback) {
    const std::string word = map_.word(key, kForms, std::move(fallback));
    return static_cast<Description::Form>(std::find(kForms.begin(), kForms.end(), word) -
                                          kForms.begin());
  };
  out_.policy = form("policy", "yaml");
  out_.routes = form("routes", "none");
  read_config();
  read_ca();
  out_.workload = variables_of("workload");
  read_reload();
  read_events();
  out_.tells_configuration = map_.word("configuration", kTells, "ready") == "event";
  if (out_.tells_configuration && out_.events == Description::Events::none)
    map_.complain("configuration", "there are no events to say it by");
  if (out_.reload.by != Description::ReloadBy::none &&
      out_.reload.done == Description::ReloadDone::event && !out_.tells_configuration)
    map_.complain("reload",
                  "without `configuration: event`, \"done\" is exit, sent or "
                  "{output: PATTERN}");
  read_lacks();
  derive_lacks();
  map_.finish();
  return std::move(out_);
}

}  // namespace

std::optional<Description> parse_description(std::string_view text, const std::string& path,
                                             base::Diagnostics& complaints) {
  const base::yaml::NodePtr root = base::yaml::parse(text, path, complaints);
  if (root == nullptr) return std::nullopt;
  if (!root->is_map()) {
    complaints.add({path, root->mark, "a description is a map", root->used_at});
    return std::nullopt;
  }
  const std::size_t before = complaints.all().size();
  Description description = Reading(*root, path, complaints).read();
  if (complaints.all().size() != before) return std::nullopt;
  return description;
}

std::optional<Description> load_description(const std::string& path,
                                            base::Diagnostics& complaints) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    complaints.add({path, {}, "can't be read", {}});
    return std::nullopt;
  }
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return parse_description(text, path, complaints);
}

}  // namespace sallyport::sim::subject
