#include "simulator/runner/secrets.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "simulator/runner/processes.h"
#include "simulator/runner/secret_forms.h"

namespace sallyport::sim::runner {
namespace {

namespace fs = std::filesystem;

// Of one file that agents can read; and how many files are looked into.
constexpr std::size_t kFileMax = 1024UL * 1024;
constexpr std::size_t kFilesMax = 512;

void add_moves(const std::vector<wire::Move>& moves, std::string& text) {
  for (const wire::Move& move : moves) text += move.bytes;
  text += '\n';
}

// The text of a step, as written: it may put a key somewhere itself.
std::string written_text(const scenario::Step& step) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += part + "\n"; };
  if (const auto* const request = std::get_if<agents::RequestSpec>(&step.verb)) {
    add(request->url);
    for (const auto& [name, value] : request->headers) add(value);
    if (request->body) add(*request->body);
    if (request->json) add(*request->json);
  }
  if (const auto* const raw = std::get_if<agents::RawSpec>(&step.verb)) {
    add(raw->to);
    add_moves(raw->moves, text);
  }
  if (const auto* const socket = std::get_if<agents::WebSocketSpec>(&step.verb)) {
    add(socket->url);
    for (const auto& [name, value] : socket->headers) add(value);
    for (const wire::WebSocketMove& move : socket->moves) add(move.bytes);
  }
  if (const auto* const gate = std::get_if<agents::GateSpec>(&step.verb)) {
    for (const auto& [name, value] : gate->variables) add(value);
    for (const agents::GateSpec::Result& result : gate->results) add(result.out + result.err);
  }
  if (const auto* const run = std::get_if<agents::RunSpec>(&step.verb)) {
    for (const std::string& argument : run->argv) add(argument);
    for (const auto& [name, value] : run->variables) add(value);
    add(run->stdin_text);
  }
  return text;
}

// The part of a step's text that an event holds: whole keys that it put there are its own doing.
class PutThere {
 public:
  explicit PutThere(const Stage& stage) {
    for (const scenario::Step& step : stage.cell.steps)
      texts_[step.name] = journal::expand(written_text(step), stage.lookup(), true);
  }
  [[nodiscard]] bool by(const std::string& step, const SecretForms& forms) const {
    const auto text = texts_.find(step);
    return text != texts_.end() && forms.in(text->second);
  }
  // Whether any step did.
  [[nodiscard]] bool by_any(const SecretForms& forms) const {
    for (const auto& [step, text] : texts_) {
      if (forms.in(text)) return true;
    }
    return false;
  }

 private:
  std::map<std::string, std::string> texts_;
};

std::string text_of(const journal::Value& value) {
  if (const auto* const text = std::get_if<std::string>(&value)) return *text;
  if (const auto* const json = std::get_if<journal::Json>(&value)) return json->text;
  std::string lines;
  if (const auto* const headers = std::get_if<journal::HeaderList>(&value)) {
    for (const auto& [name, line] : *headers) lines += name + ": " + line + "\n";
  }
  return lines;
}

std::string place_of(const journal::Event& event) {
  return fmt::format("{}.{}{}", event.source, event.kind,
                     event.connection.empty() ? "" : " on " + event.connection);
}

std::string values_of(const std::vector<std::pair<std::string, std::string>>& environment) {
  std::string text;
  for (const auto& [name, value] : environment) text += value + "\n";
  return text;
}

// Files below `folder`, as many and as much of each as is looked at.
std::map<std::string, std::string> files_below(const std::string& folder) {
  std::map<std::string, std::string> files;
  std::error_code failed;
  for (auto at = fs::recursive_directory_iterator(folder, failed);
       !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    if (files.size() == kFilesMax) break;
    if (!at->is_regular_file(failed)) continue;
    std::ifstream in(at->path(), std::ios::binary);
    std::string text(std::min<std::uintmax_t>(at->file_size(failed), kFileMax), '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    files[at->path().string()] = std::move(text);
  }
  return files;
}

class Rule {
 public:
  explicit Rule(const Stage& stage) : stage_(stage), put_there_(stage), outputs_(outputs(stage)) {
    if (stage.canaries.empty()) return;
    files_ = files_below(stage.options.run_folder + "/agents");
    for (const auto& [name, subject] : stage.subjects) {
      for (auto& [path, text] : files_below(subject->ca_folder())) files_[path] = std::move(text);
    }
  }

  std::vector<Failure> check() {
    for (const Canary& key : stage_.canaries) {
      const Sought sought{key, SecretForms(key.value)};
      for (const journal::Event& event : stage_.journal.events()) check_event(sought, event);
      check_gathered(sought);
      for (const auto& [step, text] : stage_.command_texts) {
        if (!put_there_.by(step, sought.forms))
          look(sought, text, "the arguments, environment or output of " + step);
      }
      // The gateway's commands and files are the control plane's own, what it prints is not.
      for (const auto& [actor, output] : outputs_) look(sought, output, actor + "'s output");
      for (const auto& [name, subject] : stage_.subjects) {
        look(sought, values_of(subject->agent_environment()),
             "the environment for agents of " + name);
      }
      if (put_there_.by_any(sought.forms)) continue;
      for (const auto& [path, text] : files_) look(sought, text, "the file " + path);
    }
    return std::move(failures_);
  }

 private:
  struct Sought {
    const Canary& key;
    SecretForms forms;
  };

  // Whether nothing of the key has any business there. Middleware stands before the keys are put
  // in.
  [[nodiscard]] static bool is_elsewhere(const Sought& sought, const journal::Event& event) {
    const bool other = event.source_type == "provider" && event.source != sought.key.provider;
    return other || event.source_type == "decoy" || event.source_type == "middleware" ||
           event.source_type == "dns";
  }

  void check_event(const Sought& sought, const journal::Event& event) {
    const bool elsewhere = is_elsewhere(sought, event);
    const bool audited = event.source_type == "supervisor" && event.kind == "audit";
    const bool answered = event.source_type == "step" &&
                          (event.kind == "outcome" || event.kind == "message" ||
                           event.kind == "sse" || event.kind == "tool" || event.kind == "exec");
    if (!elsewhere && !audited && !answered) return;
    if (put_there_.by(event.step.empty() ? event.source : event.step, sought.forms)) return;
    for (const auto& [name, value] : event.fields) look(sought, text_of(value), place_of(event));
  }

  void check_gathered(const Sought& sought) {
    std::map<std::string, std::vector<const journal::Event*>> sources;
    for (const journal::Event& event : stage_.journal.events()) {
      if (!is_elsewhere(sought, event)) continue;
      if (put_there_.by(event.step.empty() ? event.source : event.step, sought.forms)) continue;
      sources[event.source].push_back(&event);
    }
    for (const auto& [source, events] : sources) {
      for (const auto& [what, text] : gathered(events))
        look(sought, text, fmt::format("the {} of {}, put together", what, source));
    }
  }

  void look(const Sought& sought, std::string_view text, const std::string& where) {
    if (!sought.forms.in(text)) return;
    const Canary& canary = sought.key;
    if (!told_.emplace(canary.value, where).second) return;
    Failure failure;
    failure.claim = fmt::format("secret: {}'s key {} is seen only on the way to {}",
                                canary.provider, canary.key, canary.provider);
    failure.expected = "nowhere else";
    failure.observed = "in " + where;
    failure.file = stage_.scenario.path;
    failure.lanes = {canary.provider};
    for (const providers::ProviderSpec& spec : stage_.cell.providers) {
      if (spec.name == canary.provider) failure.mark = spec.mark;
    }
    failures_.push_back(std::move(failure));
  }

  const Stage& stage_;
  const PutThere put_there_;
  const std::map<std::string, std::string> outputs_;
  std::map<std::string, std::string> files_;  // that agents can read
  std::set<std::pair<std::string, std::string>> told_;
  std::vector<Failure> failures_;
};

std::string field(const journal::Event& event, std::string_view name) {
  const auto found = event.fields.find(name);
  return found == event.fields.end() ? std::string() : text_of(found->second);
}

}  // namespace

std::map<std::string, std::string> gathered(const std::vector<const journal::Event*>& events) {
  std::map<std::string, std::string> texts;
  for (const journal::Event* const event : events) {
    const std::string on = event->connection.empty() ? "" : " on " + event->connection;
    if (event->kind == "bytes") texts["octets" + on] += field(*event, "data");
    if (event->kind == "message") {
      texts["messages" + on] += field(*event, "text");
      texts["messages"] += field(*event, "text");
    }
    if (event->kind == "request" || event->kind == "evaluate") {
      texts["bodies"] += field(*event, "body");
      texts["targets"] += field(*event, "path") + field(*event, "query");
    }
    // A key in names comes in labels: the first ones, one query after another.
    if (event->kind == "query") {
      const std::string name = field(*event, "name");
      texts["names"] += name.substr(0, name.find('.'));
    }
  }
  return texts;
}

std::vector<Failure> secret_failures(const Stage& stage) { return Rule(stage).check(); }

}  // namespace sallyport::sim::runner
