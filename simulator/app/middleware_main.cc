// sallyport-middleware: the fake middleware service, for worlds and for people who write one of
// their own. The only program of the harness that links gRPC.
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <sstream>

#include "reference/base/yaml.h"
#include "simulator/middleware/script.h"
#include "simulator/middleware/server/serve.h"

namespace sallyport::sim {
namespace {

constexpr int kMisuse = 2;

constexpr const char* kFooter =
    "The script is the `middleware` entry of a scenario, as YAML or JSON:\n"
    "  name: guard\n"
    "  script:\n"
    "    - {where: {path: /v1/chat, body: {contains: secret}}, decision: deny,\n"
    "       reason_code: secret_found}\n"
    "    - {replace: {alice: bob}, headers: [{overwrite: x-openshell-middleware-seen, value: "
    "guard}]}\n"
    "The first entry that fits decides; nothing fits: allow.\n"
    "\n"
    "Faults, as lines on standard input (or --control):\n"
    "  begin NAME slow 200ms | begin NAME unavailable|internal|malformed | lift NAME\n"
    "\n"
    "Example:\n"
    "  sallyport-middleware --listen 127.0.0.1:9000 --script guard.yaml --verbose\n";

struct Flags {
  std::string listen = "127.0.0.1:0";
  std::string script;
  int ready_fd = -1;
  int event_fd = -1;
  std::vector<std::string> control;
  bool strict_pings = false;
  bool verbose = false;
};

void add_flags(CLI::App& program, Flags& flags) {
  program.add_option("--listen", flags.listen, "ADDRESS:PORT; port 0 picks a free one")
      ->capture_default_str();
  program.add_option("--script", flags.script,
                     "What it answers (.json: JSON, else YAML); none: it allows everything");
  program
      .add_option("--control", flags.control, "A fault that holds from the start (may be repeated)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  program.add_flag("--strict-pings", flags.strict_pings,
                   "GOAWAY (too_many_pings) to clients that ping without calls");
  program.add_flag("-v,--verbose", flags.verbose, "A line for each call");
  program.add_option("--ready-fd", flags.ready_fd, "Says {\"port\": N} there once it serves");
  program.add_option("--event-fd", flags.event_fd,
                     "Tells events there as JSON; a SOCK_SEQPACKET socket");
  program.footer(kFooter);
}

// The script's JSON; nothing after a complaint.
std::optional<std::string> script_text(const std::string& path) {
  if (path.ends_with(".json")) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    if (stream) return text.str();
    std::fprintf(stderr, "sallyport-middleware: can't read %s\n", path.c_str());
    return std::nullopt;
  }
  base::Diagnostics complaints;
  const auto node = base::yaml::parse_file(path, complaints);
  if (node && complaints.empty()) return base::yaml::to_json(*node);
  std::fprintf(stderr, "%s", complaints.to_string().c_str());
  return std::nullopt;
}

int run(const Flags& flags) {
  middleware::server::ServeOptions options;
  const auto listen = net::Endpoint::parse(flags.listen);
  if (!listen) {
    std::fprintf(stderr, "sallyport-middleware: --listen must be ADDRESS:PORT, not %s\n",
                 flags.listen.c_str());
    return kMisuse;
  }
  options.listen = *listen;
  options.spec.name = "middleware";
  if (!flags.script.empty()) {
    const auto text = script_text(flags.script);
    if (!text) return kMisuse;
    auto read = middleware::read_script(*text);
    if (!read.spec) {
      std::fprintf(stderr, "%s: %s\n", flags.script.c_str(), read.complaint.c_str());
      return kMisuse;
    }
    options.spec = std::move(*read.spec);
  }
  options.ready_fd = flags.ready_fd;
  options.event_fd = flags.event_fd;
  options.control = flags.control;
  options.strict_pings = flags.strict_pings;
  const bool verbose = flags.verbose;
  if (flags.event_fd < 0) {
    options.on_line = [verbose](const std::string& line) {
      if (!verbose && !line.starts_with("serving")) return;
      std::printf("%s\n", line.c_str());
      std::fflush(stdout);
    };
  }
  return middleware::server::serve(std::move(options));
}

}  // namespace
}  // namespace sallyport::sim

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App program(
      "A scripted service of openshell.middleware.v1: answers Describe, ValidateConfig and "
      "EvaluateHttpRequest");
  program.set_version_flag("--version", "sallyport 0.1.0");
  sallyport::sim::Flags flags;
  try {
    sallyport::sim::add_flags(program, flags);
    program.parse(argc, argv);
    return sallyport::sim::run(flags);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : sallyport::sim::kMisuse;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sallyport-middleware: %s\n", error.what());
    return 4;
  }
}
