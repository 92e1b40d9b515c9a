#include "simulator/app/language_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <cstdio>

#include "simulator/app/scenario_files.h"
#include "simulator/scenario/reference_page.h"
#include "simulator/scenario/schema.h"

namespace sallyport::sim::app {
namespace {

using scenario::Scenario;
using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

constexpr int kMisuse = 2;

// Subcommands, then options and files; what a file option takes is any path.
constexpr std::string_view kCompletion = R"BASH(# eval "$(sallyport completion)"
_sallyport() {
  local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "run list lint plan doctor schema reference completion middleware \
      subject --help --version" -- "$current"))
    return
  fi
  local options=--help
  case $command in
    run) options="--jobs --tag --cell --set --keep --keep-in --junit --json --slow --subject \
      --supervisor --gateway --strict --repeat --seed --verbose --quiet --help" ;;
    list) options="--tag --find --json --help" ;;
    lint) options="--set --help" ;;
    plan) options="--set --cells --help" ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _sallyport sallyport
)BASH";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

// All that a scenario says of itself, for a search.
std::string said(const Scenario& scenario) {
  std::string text = scenario.path + "\n" + scenario.title;
  for (const auto* list :
       {&scenario.reproduces, &scenario.kills, &scenario.source, &scenario.tags}) {
    for (const std::string& one : *list) text += "\n" + one;
  }
  if (scenario.requirement) text += "\n" + scenario.requirement->id;
  for (const scenario::Cell& cell : scenario.cells) {
    if (cell.known_issue) text += "\n" + cell.known_issue->ref + "\n" + cell.known_issue->reason;
  }
  return lower(text);
}

bool fits(const Scenario& scenario, const std::vector<std::string>& words) {
  const std::string text = said(scenario);
  return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    return text.find(lower(word)) != std::string::npos;
  });
}

void member(Writer& out, std::string_view key) {
  out.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
}

void text(Writer& out, std::string_view key, const std::string& value) {
  member(out, key);
  out.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
}

void texts(Writer& out, std::string_view key, const std::vector<std::string>& values) {
  member(out, key);
  out.StartArray();
  for (const std::string& value : values) {
    out.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
  }
  out.EndArray();
}

void cell(Writer& out, const scenario::Cell& cell) {
  out.StartObject();
  text(out, "name", cell.name);
  member(out, "axes");
  out.StartObject();
  for (const auto& [axis, label] : cell.values) text(out, axis, label);
  out.EndObject();
  if (cell.known_issue) {
    member(out, "known_issue");
    out.StartObject();
    text(out, "ref", cell.known_issue->ref);
    text(out, "reason", cell.known_issue->reason);
    out.EndObject();
  }
  out.EndObject();
}

void needs(Writer& out, const Scenario& scenario) {
  member(out, "needs");
  out.StartArray();
  for (const scenario::Need& need : scenario.needs) {
    out.StartObject();
    text(out, "name", need.name);
    if (!need.command.empty()) text(out, "command", need.command);
    if (!need.version.empty()) text(out, "version", need.version);
    member(out, "derived");
    out.Bool(need.derived);
    out.EndObject();
  }
  out.EndArray();
}

void one(Writer& out, const Scenario& scenario) {
  out.StartObject();
  text(out, "path", scenario.path);
  text(out, "title", scenario.title);
  texts(out, "reproduces", scenario.reproduces);
  if (scenario.requirement) {
    member(out, "requirement");
    out.StartObject();
    text(out, "id", scenario.requirement->id);
    text(out, "level", scenario.requirement->level);
    out.EndObject();
  }
  texts(out, "kills", scenario.kills);
  texts(out, "source", scenario.source);
  texts(out, "tags", scenario.tags);
  needs(out, scenario);
  member(out, "cells");
  out.StartArray();
  for (const scenario::Cell& each : scenario.cells) cell(out, each);
  out.EndArray();
  out.EndObject();
}

void print_json(const std::vector<Scenario>& scenarios) {
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  out.SetIndent(' ', 2);
  out.StartObject();
  member(out, "scenarios");
  out.StartArray();
  for (const Scenario& scenario : scenarios) one(out, scenario);
  out.EndArray();
  out.EndObject();
  fmt::print("{}\n", buffer.GetString());
}

void print_text(const std::vector<Scenario>& scenarios) {
  std::size_t cells = 0;
  for (const Scenario& scenario : scenarios) {
    fmt::print("{}\n  {}\n", scenario.path, scenario.title);
    if (!scenario.tags.empty()) fmt::print("  tags: {}\n", fmt::join(scenario.tags, ", "));
    for (const scenario::Cell& each : scenario.cells) {
      if (!each.name.empty()) fmt::print("  - {}\n", each.name);
    }
    cells += scenario.cells.size();
  }
  fmt::print("{} scenarios, {} cells\n", scenarios.size(), cells);
}

}  // namespace

int list(const ListCommand& command) {
  const auto files = files_of(command.paths);
  if (!files) return kMisuse;
  LoadedAll all = load_all(*files, {}, command.tags);
  std::erase_if(all.scenarios,
                [&](const Scenario& scenario) { return !fits(scenario, command.words); });
  command.json ? print_json(all.scenarios) : print_text(all.scenarios);
  fmt::print(stderr, "{}", all.complaints);
  return all.complaints.empty() ? 0 : kMisuse;
}

int schema() {
  fmt::print("{}", scenario::json_schema());
  return 0;
}

int reference() {
  fmt::print("{}", scenario::reference_page(scenario::reference_prose()).text);
  return 0;
}

int completion() {
  fmt::print("{}", kCompletion);
  return 0;
}

}  // namespace sallyport::sim::app
