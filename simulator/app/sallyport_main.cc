// The command line of `sallyport`; what the subcommands do is in commands.cc.
#include <CLI/CLI.hpp>

#include <csignal>
#include <exception>

#include "simulator/app/commands.h"
#include "simulator/app/language_commands.h"
#include "simulator/app/middleware_command.h"
#include "simulator/app/subject_command.h"

namespace {

using sallyport::sim::app::RunCommand;

constexpr const char* kRunFooter =
    "Examples:\n"
    "  sallyport run scenarios/\n"
    "  sallyport run scenarios/reachability --verbose -j 1\n"
    "  sallyport run scenarios/a.yaml --cell bind=loopback,inner_lo=up --keep\n"
    "  sallyport run --tag ssrf --junit report.xml scenarios/\n"
    "  sallyport run --subject reference --subject theirs.yaml scenarios/\n"
    "\n"
    "Exit codes: 0 all green and something ran; 1 a failure; 2 misuse or an invalid scenario "
    "(then\n"
    "nothing runs); 3 nothing could run for lack of a capability; 4 an error of the harness;\n"
    "130 interrupted. Of several: 4, 2, 1, 3.";

void add_run(CLI::App& program, RunCommand& command, int& code) {
  CLI::App* const run = program.add_subcommand("run", "Run scenarios and judge them");
  run->add_option("PATHS", command.paths, "Scenario files, or folders of them")
      ->default_str("scenarios");
  run->add_option("-j,--jobs", command.jobs, "Worlds at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  run->add_option("--tag", command.tags, "Only scenarios with this tag (may be repeated)")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  run->add_option("--cell", command.cells, "Only this cell, AXIS=LABEL,... (may be repeated)")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  run->add_option("--set", command.sets, "Override a value, a.b.c=VALUE (may be repeated)")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  run->add_flag("--keep{failed}", command.keep,
                "Keep configuration, policy, CA and journal of failed cells; --keep=always of all")
      ->check(CLI::IsMember({"never", "failed", "always"}));
  run->add_option("--keep-in", command.keep_folder, "Where they are kept")->capture_default_str();
  run->add_option("--junit", command.junit, "Write a JUnit XML report to this file");
  run->add_option("--json", command.json, "Write a JSON report to this file");
  run->add_option("--slow", command.slow, "Multiply every limit, pace, pause and bound")
      ->check(CLI::Range(1.0, 1000.0))
      ->capture_default_str();
  run->add_option("--subject", command.subjects,
                  "Run every cell on this supervisor: its description (docs/subject-contract.md), "
                  "or `reference` (may be repeated)")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  run->add_option("--supervisor", command.supervisor,
                  "The sallyport-supervisor to test (default: beside this program)");
  run->add_option("--gateway", command.gateway,
                  "The sallyport-gateway to use (default: beside this program)");
  run->add_flag("--strict", command.strict,
                "A scenario that can't run here for lack of a capability fails");
  run->add_option("--repeat", command.repeat,
                  "Run each cell so often, and tell which are stable and what differed first")
      ->check(CLI::Range(1, 10000));
  run->add_option("--seed", command.seed,
                  "The source of nonces, keys and the cells' order (default: by scenario)");
  run->add_flag("-v,--verbose", command.verbose, "Times by phase");
  run->add_flag("-q,--quiet", command.quiet, "Only failures and the last line");
  run->footer(kRunFooter);
  run->callback([&command, &code] {
    if (command.paths.empty()) command.paths = {"scenarios"};
    code = sallyport::sim::app::run(command);
  });
}

struct Others {
  std::vector<std::string> paths, tags, sets;
  std::string file;
  bool cells_only = false;
};

void add_others(CLI::App& program, Others& others, int& code) {
  CLI::App* const lint = program.add_subcommand("lint", "Check scenarios without running them");
  lint->add_option("PATHS", others.paths, "Scenario files, or folders of them");
  lint->add_option("--set", others.sets, "Override a value, a.b.c=VALUE (may be repeated)")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  CLI::App* const plan =
      program.add_subcommand("plan", "Print a scenario with every default written out");
  plan->add_option("FILE", others.file, "A scenario")->required();
  plan->add_option("--set", others.sets, "Override a value, a.b.c=VALUE (may be repeated)")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  plan->add_flag("--cells", others.cells_only, "Only its cells and the rules that are on");
  CLI::App* const doctor =
      program.add_subcommand("doctor", "Tell what this machine lacks, and how to mend it");
  doctor->add_option("PATHS", others.paths,
                     "Scenarios that are told of when they can't run here (default: scenarios)");
  const auto paths = [&others] {
    return others.paths.empty() ? std::vector<std::string>{"scenarios"} : others.paths;
  };
  lint->callback(
      [&others, &code, paths] { code = sallyport::sim::app::lint(paths(), others.sets); });
  plan->callback([&others, &code] {
    code = sallyport::sim::app::plan(others.file, others.sets, others.cells_only);
  });
  doctor->callback([&others, &code] { code = sallyport::sim::app::doctor(others.paths); });
}

void add_subject(CLI::App& program, std::vector<std::string>& named, int& code) {
  CLI::App* const subject = program.add_subcommand(
      "subject", "Check descriptions of supervisors, and tell what each can't do");
  subject->add_option("FILE", named, "A description (docs/subject-contract.md), or `reference`")
      ->required();
  subject->callback([&named, &code] { code = sallyport::sim::app::show_subjects(named); });
}

void add_language(CLI::App& program, sallyport::sim::app::ListCommand& command, int& code) {
  CLI::App* const list = program.add_subcommand("list", "List scenarios and their cells");
  list->add_option("PATHS", command.paths, "Scenario files, or folders of them")
      ->default_str("scenarios");
  list->add_option("--tag", command.tags, "Only scenarios with this tag (may be repeated)")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  list->add_option("--find", command.words,
                   "Only scenarios that say this of themselves: claim, field reports, requirement, "
                   "defects, tags (may be repeated; each must be there)")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  list->add_flag("--json", command.json, "As JSON: all that they say of themselves, and cells");
  list->callback([&command, &code] {
    if (command.paths.empty()) command.paths = {"scenarios"};
    code = sallyport::sim::app::list(command);
  });
  program.add_subcommand("schema", "Print the JSON Schema of a scenario, for editors")
      ->callback([&code] { code = sallyport::sim::app::schema(); });
  program.add_subcommand("reference", "Print the reference of the language (Markdown)")
      ->callback([&code] { code = sallyport::sim::app::reference(); });
  program
      .add_subcommand("completion", "Print completion for bash: eval \"$(sallyport completion)\"")
      ->callback([&code] { code = sallyport::sim::app::completion(); });
}

void add_middleware(CLI::App& program, int& code) {
  CLI::App* const middleware = program.add_subcommand(
      "middleware", "Serve a scripted middleware service (see `sallyport middleware --help`)");
  // Everything after it is the other program's, its --help too.
  middleware->prefix_command();
  middleware->set_help_flag();
  middleware->callback(
      [middleware, &code] { code = sallyport::sim::app::middleware(middleware->remaining()); });
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App program(
      "Replays field bugs of agent-sandbox egress from YAML and judges a supervisor by them");
  program.set_version_flag("--version", "sallyport 0.1.0");
  program.require_subcommand(1);
  program.failure_message(CLI::FailureMessage::help);
  RunCommand run;
  run.program = argv[0];
  Others others;
  std::vector<std::string> subjects;
  sallyport::sim::app::ListCommand list;
  int code = 0;
  try {
    add_run(program, run, code);
    add_language(program, list, code);
    add_others(program, others, code);
    add_subject(program, subjects, code);
    add_middleware(program, code);
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int parsed = program.exit(error);
    return parsed == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sallyport: %s\n", error.what());
    return 4;
  }
  return code;
}
