// From what a subject is given to how it is started: variables, files, command. Internal to this
// module; pure but for the files that it writes.
#pragma once

#include <string>

#include "reference/base/result.h"
#include "simulator/subject/subject.h"

namespace sallyport::sim::subject {

inline constexpr int kHolderFd = 13;     // a holding process's pid is told here
inline constexpr int kAgentLifeFd = 14;  // kept open for as long as the subject lives

// A pid of 0: nobody sits in the agent's namespace for it.
[[nodiscard]] Variables variables_of(const SubjectSpec& spec, pid_t sandbox_pid);
// Whether its command has a place for that variable.
[[nodiscard]] bool uses(const Description& description, std::string_view variable);

// What it reads again when it is told to; false when it can't be written.
[[nodiscard]] bool write_sources(const SubjectSpec& spec);
// Everything; what went wrong, or nothing.
[[nodiscard]] std::string write_files(const SubjectSpec& spec, const Variables& variables);

// A command of the subject's, in its host and folder, with its environment; nothing, and why, when
// a variable has no value.
[[nodiscard]] std::optional<world::CommandSpec> command_of(const SubjectSpec& spec,
                                                           const std::vector<ArgumentGroup>& argv,
                                                           const Variables& variables,
                                                           std::string& why);

// `text`, a YAML document, as JSON; nothing when it is none.
[[nodiscard]] std::optional<std::string> as_json(const std::string& text);

}  // namespace sallyport::sim::subject
