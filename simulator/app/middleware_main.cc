// sallyport-middleware: the fake middleware service, for worlds and for people who write one of
// their own. The only program of the harness that links gRPC.
#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <sstream>

#include "reference/base/yaml.h"
#include "simulator/middleware/script.h"
#include "simulator/middleware/server/probe.h"
#include "simulator/middleware/server/serve.h"
#include "simulator/wire/certificates.h"

namespace sallyport::sim {
namespace {

constexpr int kMisuse = 2;

constexpr const char* kFooter =
    "The script is the `middleware` entry of a scenario (docs/scenario-reference.md), as YAML or\n"
    "JSON; host, listen, initially, registered, timeout and trust mean nothing here:\n"
    "  name: guard\n"
    "  script:\n"
    "    - {where: {path: /v1/chat, body: {contains: secret}}, decision: deny,\n"
    "       reason_code: secret_found}\n"
    "    - {replace: {alice: bob}, headers: [{overwrite: x-openshell-middleware-seen, value: "
    "guard}]}\n"
    "The first entry that fits decides; nothing fits: allow. What a service may do wrong:\n"
    "  describe: [{status: UNAVAILABLE}, {bindings: []}, {delay: 11s}, {}]  # call by call\n"
    "  validate: [no such mode, ok]\n"
    "  goaway: 10           # every ten calls all connections are sent away\n"
    "  tls: expired         # or valid, wrong_name, unknown_issuer, self_signed ...\n"
    "  script:\n"
    "    - {where: {path: /never}, delay: never}\n"
    "    - {where: {path: /seven}, decision: 7}\n"
    "    - {where: {path: /large}, fill: {body: 4194305B}}\n"
    "    - {times: 1, status: INTERNAL}   # the first other call fails, later ones don't\n"
    "\n"
    "Faults, as lines on standard input (or --control):\n"
    "  begin NAME slow 200ms | begin NAME unavailable|internal|malformed | lift NAME\n"
    "\n"
    "Example:\n"
    "  sallyport-middleware --listen 127.0.0.1:9000 --script guard.yaml --verbose\n"
    "  sallyport-middleware --tls-cert guard.pem --tls-key guard.key\n"
    "  sallyport-middleware --script expired.yaml --tls-ca ca.pem   # then register with ca.pem\n";

struct Flags {
  std::string listen = "127.0.0.1:0";
  std::string script;
  std::string probe;
  int ready_fd = -1;
  int event_fd = -1;
  std::vector<std::string> control;
  std::string tls_cert, tls_key, tls_ca;
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
  CLI::Option* const certificate =
      program.add_option("--tls-cert", flags.tls_cert, "Its certificate and issuers, as PEM");
  CLI::Option* const key = program.add_option("--tls-key", flags.tls_key, "The key to it");
  certificate->needs(key);
  key->needs(certificate);
  program.add_option("--tls-ca", flags.tls_ca,
                     "Where to write the CA of the certificate that a script's `tls` makes");
  program.add_flag("-v,--verbose", flags.verbose, "A line for each call");
  program.add_option("--probe", flags.probe,
                     "Serves nothing: waits until the service at ADDRESS:PORT answers Describe");
  program.add_option("--ready-fd", flags.ready_fd, "Says {\"port\": N} there once it serves");
  program.add_option("--event-fd", flags.event_fd,
                     "Tells events there as JSON; a SOCK_SEQPACKET socket");
  program.footer(kFooter);
}

// Nothing after a complaint.
std::optional<std::string> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (stream) return text.str();
  std::fprintf(stderr, "sallyport-middleware: can't read %s\n", path.c_str());
  return std::nullopt;
}

// The same, where such a block is in it.
std::optional<std::string> read_pem(const std::string& path, const char* block) {
  auto text = read_file(path);
  if (!text || text->find(block) != std::string::npos) return text;
  std::fprintf(stderr, "sallyport-middleware: %s has no \"%s\"\n", path.c_str(), block);
  return std::nullopt;
}

// Nothing after a complaint.
std::optional<middleware::ServiceSpec> script_of(const std::string& path) {
  base::yaml::NodePtr node;
  std::optional<std::string> text;
  if (path.ends_with(".json")) {
    text = read_file(path);
    if (!text) return std::nullopt;
  } else {
    base::Diagnostics complaints;
    node = base::yaml::parse_file(path, complaints);
    if (!node || !complaints.empty()) {
      std::fprintf(stderr, "%s", complaints.to_string().c_str());
      return std::nullopt;
    }
    text = base::yaml::to_json(*node);
  }
  auto read = middleware::read_script(*text);
  if (read.spec) return std::move(read.spec);
  base::Diagnostic where{path, {}, read.complaint, std::nullopt};
  base::Diagnostics ignored;  // of JSON that is no YAML: then without a place
  if (!node) node = base::yaml::parse(*text, path, ignored);
  if (node) where.mark = middleware::mark_of(*node, read.complaint);
  std::fprintf(stderr, "%s\n", where.to_string().c_str());
  return std::nullopt;
}

std::optional<wire::Defect> defect_of(middleware::Tls tls) {
  using middleware::Tls;
  switch (tls) {
    case Tls::none:
      return std::nullopt;
    case Tls::valid:
      return wire::Defect::none;
    case Tls::expired:
      return wire::Defect::expired;
    case Tls::not_yet_valid:
      return wire::Defect::not_yet_valid;
    case Tls::wrong_name:
      return wire::Defect::wrong_name;
    case Tls::unknown_issuer:
      return wire::Defect::unknown_issuer;
    case Tls::self_signed:
      return wire::Defect::self_signed;
  }
  return std::nullopt;
}

// The certificate of the command line, or one that is made as the script says. False after a
// complaint.
bool put_certificate(const Flags& flags, const net::Endpoint& listen,
                     middleware::ServiceSpec& spec) {
  if (!flags.tls_cert.empty()) {
    // gRPC itself finds a bad one at the first handshake only.
    const auto certificate = read_pem(flags.tls_cert, "BEGIN CERTIFICATE-----");
    const auto key = certificate ? read_pem(flags.tls_key, "PRIVATE KEY-----") : std::nullopt;
    if (!key) return false;
    spec.certificate_pem = *certificate;
    spec.key_pem = *key;
    return true;
  }
  const auto defect = defect_of(spec.tls);
  if (!defect || !spec.certificate_pem.empty()) return true;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto authority =
      wire::Authority::make(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  const wire::Leaf leaf =
      authority->leaf({listen.address.to_string(), "localhost", spec.name}, *defect);
  spec.certificate_pem = leaf.chain_pem;
  spec.key_pem = leaf.key_pem;
  if (flags.tls_ca.empty()) return true;
  std::ofstream ca(flags.tls_ca, std::ios::binary | std::ios::trunc);
  ca << authority->ca_pem();
  ca.close();
  if (ca) return true;
  std::fprintf(stderr, "sallyport-middleware: can't write %s\n", flags.tls_ca.c_str());
  return false;
}

int probe(const Flags& flags) {
  const auto at = net::Endpoint::parse(flags.probe);
  if (at) return middleware::server::probe(*at, flags.ready_fd);
  std::fprintf(stderr, "sallyport-middleware: --probe must be ADDRESS:PORT, not %s\n",
               flags.probe.c_str());
  return kMisuse;
}

int run(const Flags& flags) {
  middleware::server::ServeOptions options;
  const auto listen = net::Endpoint::parse(flags.listen);
  if (!listen) {
    std::fprintf(stderr, "sallyport-middleware: --listen must be ADDRESS:PORT, not %s\n",
                 flags.listen.c_str());
    return kMisuse;
  }
  if (!flags.probe.empty()) return probe(flags);
  options.listen = *listen;
  options.spec.name = "middleware";
  if (!flags.script.empty()) {
    auto spec = script_of(flags.script);
    if (!spec) return kMisuse;
    options.spec = std::move(*spec);
  }
  if (!put_certificate(flags, *listen, options.spec)) return kMisuse;
  options.ready_fd = flags.ready_fd;
  options.event_fd = flags.event_fd;
  options.control = flags.control;
  if (flags.strict_pings) options.spec.strict_pings = true;
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
