#include "simulator/runner/ambient.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "simulator/runner/escapes.h"
#include "simulator/runner/judge.h"
#include "simulator/runner/processes.h"

namespace sallyport::sim::runner {
namespace {

std::string base64(std::string_view bytes, bool url) {
  const std::string alphabet =
      std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") +
      (url ? "-_" : "+/");
  std::string out;
  for (std::size_t i = 0; i + 3 <= bytes.size(); i += 3) {
    const unsigned group = (static_cast<unsigned char>(bytes[i]) << 16U) |
                           (static_cast<unsigned char>(bytes[i + 1]) << 8U) |
                           static_cast<unsigned char>(bytes[i + 2]);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out += alphabet[(group >> shift) & 63U];
  }
  return out;
}

// Two digits an octet, each with `before` in front of it.
std::string hex(std::string_view bytes, std::string_view digits, std::string_view before) {
  std::string out;
  for (const char c : bytes) {
    const auto octet = static_cast<unsigned char>(c);
    out.append(before).append(1, digits[octet >> 4U]).append(1, digits[octet & 15U]);
  }
  return out;
}

// The text of a step that may have put a key somewhere itself.
std::string text_of(const scenario::Step& step, const journal::Lookup& lookup) {
  std::string text;
  const auto add = [&text, &lookup](const std::string& part) {
    text += journal::expand(part, lookup, true) + "\n";
  };
  if (const auto* const request = std::get_if<agents::RequestSpec>(&step.verb)) {
    add(request->url);
    for (const auto& [name, value] : request->headers) add(value);
    if (request->body) add(*request->body);
    if (request->json) add(*request->json);
  }
  if (const auto* const run = std::get_if<agents::RunSpec>(&step.verb)) {
    for (const std::string& argument : run->argv) add(argument);
    for (const auto& [name, value] : run->variables) add(value);
    add(run->stdin_text);
  }
  return text;
}

class SecretsRule {
 public:
  SecretsRule(const Stage& stage, std::vector<Failure>& failures)
      : stage_(stage), failures_(failures), outputs_(outputs(stage)) {
    for (const scenario::Step& step : stage.cell.steps)
      step_texts_[step.name] = text_of(step, stage.lookup());
  }

  void check() {
    for (const Canary& key : stage_.canaries) {
      const Sought canary{key, SecretForms(key.value)};
      for (const journal::Event& event : stage_.journal.events()) check_event(canary, event);
      for (const auto& [step, text] : stage_.command_texts) {
        if (!put_there_by(step, canary))
          look(canary, text, "the arguments, environment or output of " + step);
      }
      for (const auto& [actor, output] : outputs_) look(canary, output, actor + "'s output");
      if (stage_.subject) look(canary, agent_environment(), "the environment for agents");
    }
  }

 private:
  struct Sought {
    const Canary& key;
    SecretForms forms;
  };

  void check_event(const Sought& canary, const journal::Event& event) {
    // Nothing of another provider, a decoy or the DNS has anything of the key. Middleware stands
    // before the keys are put in.
    const bool elsewhere =
        (event.source_type == "provider" && event.source != canary.key.provider) ||
        event.source_type == "decoy" || event.source_type == "middleware" ||
        event.source_type == "dns";
    const bool audited = event.source_type == "supervisor" && event.kind == "audit";
    const bool answered =
        event.source_type == "step" && event.kind == "outcome" && event.fields.contains("body");
    if (!elsewhere && !audited && !answered) return;
    if (put_there_by(event.step.empty() ? event.source : event.step, canary)) return;
    for (const auto& [name, value] : event.fields) {
      const bool told = name == "data" || name == "json" || name == "body" || name == "headers";
      if (elsewhere || told) look_at(canary, value, place_of(event));
    }
  }

  void look_at(const Sought& canary, const journal::Value& value, const std::string& where) {
    if (const auto* const text = std::get_if<std::string>(&value)) look(canary, *text, where);
    if (const auto* const json = std::get_if<journal::Json>(&value))
      look(canary, json->text, where);
    if (const auto* const headers = std::get_if<journal::HeaderList>(&value)) {
      for (const auto& [name, line] : *headers) look(canary, name + ": " + line, where);
    }
  }

  [[nodiscard]] static std::string place_of(const journal::Event& event) {
    return fmt::format("{}.{}{}", event.source, event.kind,
                       event.connection.empty() ? "" : " on " + event.connection);
  }

  [[nodiscard]] std::string agent_environment() const {
    std::string text;
    for (const auto& [name, value] : stage_.subject->agent_environment()) text += value + "\n";
    return text;
  }

  [[nodiscard]] bool put_there_by(const std::string& step, const Sought& canary) const {
    const auto text = step_texts_.find(step);
    return text != step_texts_.end() && canary.forms.in(text->second);
  }

  void look(const Sought& sought, std::string_view text, const std::string& where) {
    if (!sought.forms.in(text)) return;
    const Canary& canary = sought.key;
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
  std::vector<Failure>& failures_;
  // The gateway's commands and files are the control plane's own, what it prints is not.
  const std::map<std::string, std::string> outputs_;
  std::map<std::string, std::string> step_texts_;
};

void check_decoys(const Stage& stage, std::vector<Failure>& failures) {
  for (const providers::DecoySpec& decoy : stage.cell.decoys) {
    for (const journal::Event& event : stage.journal.events()) {
      if (event.source != decoy.name || event.kind != "connection") continue;
      Failure failure;
      failure.claim = fmt::format("decoy: {} gets no connection", decoy.name);
      failure.expected = "none";
      failure.observed = draw(event, stage.journal.events().front().at);
      failure.file = stage.scenario.path;
      failure.mark = decoy.mark;
      failure.lanes = {decoy.name};
      if (!event.step.empty()) failure.notes.push_back("the step under way: " + event.step);
      failures.push_back(std::move(failure));
      break;
    }
  }
}

void check_processes(const Stage& stage, const Teardown& teardown, std::vector<Failure>& failures) {
  Failure failure;
  failure.file = stage.scenario.path;
  failure.mark = stage.scenario.title_place.mark;
  for (const Crash& crash : crashes(stage)) {
    failure.claim = "crash: no process ends that no step stopped";
    failure.expected = crash.actor + " runs until it is stopped";
    failure.observed = fmt::format(
        "it ended with {} {}",
        crash.end.kind == world::Exit::Kind::signalled ? "signal" : "exit code", crash.end.value);
    failure.lanes = {crash.actor};
    failures.push_back(failure);
  }
  for (const std::string& actor : teardown.late) {
    failure.verdict = Verdict::leak;
    failure.claim = fmt::format("leak: {} exits within 2 s of TERM", actor);
    failure.expected = "an exit";
    failure.observed = "it had to be killed";
    failure.lanes = {actor};
    failures.push_back(failure);
  }
  for (const std::string& process : teardown.still_running) {
    failure.verdict = Verdict::leak;
    failure.claim = "leak: no process outlives the steps and the subject";
    failure.expected = "none";
    failure.observed = process;
    failures.push_back(failure);
  }
}

}  // namespace

SecretForms::SecretForms(std::string_view secret) {
  constexpr std::size_t kLeast = 6;
  if (secret.size() < kLeast) return;
  forms_.emplace_back(secret);
  for (std::size_t skip = 0; skip < 3; ++skip) {
    for (const bool url : {false, true}) {
      std::string encoded = base64(secret.substr(skip), url);
      if (!encoded.empty()) forms_.push_back(std::move(encoded));
    }
  }
  for (const std::string_view digits : {"0123456789abcdef", "0123456789ABCDEF"}) {
    forms_.push_back(hex(secret, digits, ""));
    forms_.push_back(hex(secret, digits, "%"));
  }
}

bool SecretForms::in(std::string_view text) const {
  return std::any_of(forms_.begin(), forms_.end(), [text](const std::string& form) {
    return text.find(form) != std::string_view::npos;
  });
}

std::vector<Failure> ambient_failures(const Stage& stage, const Teardown& teardown) {
  std::vector<Failure> failures;
  check_decoys(stage, failures);
  check_processes(stage, teardown, failures);
  for (Failure& escape : escape_failures(stage.scenario, stage.cell, stage.escapes))
    failures.push_back(std::move(escape));
  SecretsRule(stage, failures).check();
  return failures;
}

std::vector<std::string> ambient_rules() {
  return {"decoy: no decoy gets a connection", "crash: no process ends that no step stopped",
          "leak: no process outlives the world; ours exit within 2 s of TERM",
          "escape: no packet goes to an address that isn't one of this world (off where doctor "
          "misses firewall)",
          "secret: keys, plain, in base64 or in hexadecimal, are seen only on the way to their "
          "provider"};
}

}  // namespace sallyport::sim::runner
