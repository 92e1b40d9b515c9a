// How a supervisor is started, told of its configuration and listened to: a value, read from a YAML
// file (`--subject FILE`, docs/subject-contract.md) or built in for the reference. Texts may hold
// variables, `${listen}` and the like, which are filled in when it is started. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/diagnostics.h"
#include "simulator/subject/ability.h"

namespace sallyport::sim::subject {

// Arguments that stand or fall together: left out when a variable in one of them has no value.
struct ArgumentGroup {
  std::vector<std::string> texts;
  bool optional = false;  // else a variable without a value is a failure of the start
};

struct Description {
  std::string name;
  std::string version;
  std::string file;  // as it was named; `reference` for the one that is built in
  std::string here;  // absolute folder of its file; empty: built in

  std::vector<ArgumentGroup> command;  // the first text is the program, with a slash or by PATH
  std::map<std::string, std::string> environment;

  // Where the agent's namespace comes from.
  enum class Agent { given, made_by_subject };
  Agent agent = Agent::given;

  // How something is told. `line`: on a descriptor; `output`: a line of stdout or stderr that the
  // pattern (RE2) is found in; `file`: it is there, in the subject's own folder.
  enum class Way { line, output, file, port };
  struct Told {
    Way way = Way::line;
    std::string text;  // pattern or file
  };
  Told ready;   // `port`: a connection to its listener is accepted
  Told holder;  // of made_by_subject: the pid of a process in the agent's namespace, before `ready`

  // Files that the harness writes into its folder before the start, and anew for a reload.
  enum class Form { none, yaml, json };
  Form policy = Form::yaml;
  Form routes = Form::none;
  // Its own configuration: the reference's, or a text of its own; neither: none.
  bool reference_config = false;
  std::string config_text;

  // What it writes for agents, in its folder; empty: nothing.
  std::string ca_folder;          // agents may read it
  std::string ca_certificate;     // PEM of whom agents are to trust; empty: it terminates no TLS
  std::string agent_environment;  // NAME=VALUE lines
  std::map<std::string, std::string> workload;  // variables that the harness gives agents besides

  enum class ReloadBy { none, signal, command };
  enum class ReloadDone { event, exit, sent, output };
  struct Reload {
    ReloadBy by = ReloadBy::none;
    int signal = 1;
    std::vector<ArgumentGroup> command;
    ReloadDone done = ReloadDone::event;
    std::string pattern;  // of `output`
    std::string refused;  // of `output`: it keeps what it had; empty: it never says so
  };
  Reload reload;

  enum class Events { none, descriptor, file };
  Events events = Events::none;
  std::string events_file;  // in its folder; what is read from it is `late`

  // Says by an event what it works by, at its start too; else it works by its files when ready.
  bool tells_configuration = false;

  Abilities lacks;  // declared, and those that follow from the above
};

// The variables, without `${}`.
[[nodiscard]] std::span<const std::string_view> variable_words();

// The reference, `sallyport-supervisor serve`: described in the same words.
[[nodiscard]] const Description& reference_description();

// `text` as read from `path`; nothing, and complaints, when it isn't a description.
[[nodiscard]] std::optional<Description> parse_description(std::string_view text,
                                                           const std::string& path,
                                                           base::Diagnostics& complaints);
[[nodiscard]] std::optional<Description> load_description(const std::string& path,
                                                          base::Diagnostics& complaints);

// `text` with its variables replaced; nothing when one has no value, and `missing` is its name.
// `$${` stands for `${`.
using Variables = std::map<std::string, std::string, std::less<>>;
[[nodiscard]] std::optional<std::string> fill(std::string_view text, const Variables& variables,
                                              std::string& missing);
// The arguments that remain; nothing when one that isn't optional has a variable without a value.
[[nodiscard]] std::optional<std::vector<std::string>> fill(const std::vector<ArgumentGroup>& groups,
                                                           const Variables& variables,
                                                           std::string& missing);

}  // namespace sallyport::sim::subject
