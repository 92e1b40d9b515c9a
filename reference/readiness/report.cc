#include "reference/readiness/report.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "reference/http/text.h"
#include "reference/readiness/applicability.h"
#include "reference/readiness/bridge.h"
#include "reference/readiness/command_words.h"
#include "reference/readiness/firewall_fix.h"

namespace sallyport::readiness {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kLineMax = 300;

std::string the_sandbox(const Request& request) {
  if (request.sandbox.empty()) return "the sandbox";
  return fmt::format("the sandbox {}", printable(request.sandbox, kLineMax));
}

// What an operator can paste to see what the agent sees.
std::string try_it(const Request& request) {
  Words words = request.exec_command;
  words.insert(words.end(), {"curl", "-sS", request.endpoint});
  return "  " + command_line(words);
}

// The narrowest rule that can be told.
Lines firewall_lines(const Setup& setup) {
  if (invalid_operand(setup).empty())
    return {fmt::format("  sudo {}", command_line(allow_words(setup)))};
  Setup wide = setup;
  wide.gateway = setup.subnet.substr(0, setup.subnet.find('/'));
  if (setup.gateway.empty() && invalid_operand(wide).empty()) {
    wide.gateway = "any";
    return {fmt::format("  sudo {}", command_line(allow_words(wide)))};
  }
  constexpr std::string_view kAsk =
      "  docker network inspect --format '{{json .IPAM.Config}}' openshell-docker";
  return {std::string(kAsk),
          fmt::format("  sudo ufw allow from SUBNET to GATEWAY port {} proto tcp", setup.port)};
}

Lines bridge_recovery(const Request& request, const Report& report) {
  if (report.bridge == kVethUnsupported)
    return {
        "This kernel can't make the bridge's pair of interfaces: update it, or use another host."};
  if (report.bridge == kProbeTimeout)
    return {"Restart Docker, look for containers that hang, then run the gate again."};
  if (report.bridge == kDaemonUnreachable)
    return {"Start Docker, see that `docker info` answers, then run the gate again."};
  Lines lines{fmt::format("Let the sandbox's bridge reach port {} of this machine, for ufw:",
                          request.setup.port)};
  for (std::string& line : firewall_lines(request.setup)) lines.push_back(std::move(line));
  lines.emplace_back("then run the gate again (--auto-fix yes does it where sudo asks nothing).");
  return lines;
}

Lines unreachable_recovery(const Request& request) {
  return {
      "See that Ollama or vLLM runs and that the inference route leads to it.",
      "See what the agent sees:", try_it(request),
      "If a host firewall (ufw, say) stands before the sandbox's bridge, let the bridge through.",
      "Don't force the host's network on the sandbox: the agent has a network namespace of its "
      "own, and the host's loopback isn't in it."};
}

std::string heading(const Request& request) {
  return fmt::format("Local inference was not proven to work in {}.", the_sandbox(request));
}

// One object; a text that is empty is null.
class Json {
 public:
  Json() { writer_.StartObject(); }

  void text(const char* name, std::string_view value) {
    writer_.Key(name);
    if (value.empty()) {
      writer_.Null();
    } else {
      string(value);
    }
  }
  void number(const char* name, std::optional<std::uint64_t> value) {
    writer_.Key(name);
    if (value) {
      writer_.Uint64(*value);
    } else {
      writer_.Null();
    }
  }
  void integer(const char* name, std::optional<int> value) {
    writer_.Key(name);
    if (value) {
      writer_.Int(*value);
    } else {
      writer_.Null();
    }
  }
  void truth(const char* name, bool value) {
    writer_.Key(name);
    writer_.Bool(value);
  }
  void list(const char* name, const Lines& lines) {
    writer_.Key(name);
    writer_.StartArray();
    for (const std::string& line : lines) string(line);
    writer_.EndArray();
  }
  std::string take() {
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  void string(std::string_view value) {
    const std::string clean =
        http::is_utf8(value) ? std::string(value) : printable(value, SIZE_MAX);
    writer_.String(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
  }
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

std::optional<int> verdict(const ProbeFacts& facts) {
  if (facts.tls_verify.empty()) return std::nullopt;
  int value = 0;
  for (const char digit : facts.tls_verify) value = value * 10 + (digit - '0');
  return value;
}

std::string block(const Request& request, const Report& report) {
  std::string text =
      fmt::format("{}\n  {}\n  provider={}\n  endpoint={}\n", heading(request), report.message,
                  printable(label(request.kind), kLineMax), printable(request.endpoint, kLineMax));
  if (!report.detail.empty()) text += fmt::format("  detail={}\n", report.detail);
  text += "  Recovery:\n";
  for (const std::string& line : report.recovery) text += fmt::format("    {}\n", line);
  return text;
}

std::string skip_text(const Request& request, const Report& report) {
  if (report.reason == "probe-tool-unavailable") {
    return fmt::format("warning: skipped, nothing is proven: there is no curl in {}\n",
                       the_sandbox(request));
  }
  return fmt::format("skipped, nothing is proven: {}\n", report.message);
}

std::string skip_message(const Report& report) {
  if (report.reason == "not-docker-gpu-patch")
    return "the sandbox isn't one that was made again for its GPU (not-docker-gpu-patch)";
  if (report.reason == "not-local-provider") return "the provider isn't local (not-local-provider)";
  if (report.reason == "no-runtime-endpoint")
    return "the provider has no endpoint in a sandbox (no-runtime-endpoint)";
  return "there is no curl to ask with (probe-tool-unavailable)";
}

}  // namespace

std::string message_of(const Report& report) {
  switch (report.outcome) {
    case Class::ok:
      return {};
    case Class::skipped:
      return skip_message(report);
    case Class::unreachable:
      if (report.reason == kBridgeUnreachable)
        return fmt::format("The bridge between sandbox and machine is closed ({}).",
                           report.recheck);
      return "From where the agent runs, its inference route doesn't serve.";
    case Class::exec_failed:
      return "Nothing could be learned from where the agent runs.";
    case Class::wrong_context:
      return fmt::format(
          "The probe didn't run where the agent runs, so its answer{} proves nothing.",
          report.code.empty() ? "" : fmt::format(" {}", report.code));
  }
  return {};
}

std::vector<std::string> recovery_of(const Request& request, const Report& report) {
  switch (report.outcome) {
    case Class::ok:
    case Class::skipped:
      return {};
    case Class::unreachable:
      return report.reason == kBridgeUnreachable ? bridge_recovery(request, report)
                                                 : unreachable_recovery(request);
    case Class::exec_failed:
      if (report.reason == "context-unknown")
        return {"Tell the gate where the agent runs: --sandbox NAME, or --agent-netns PATH.",
                "The probe needs readlink and /proc to tell where it runs itself."};
      return {"See that the sandbox runs and takes commands:",
              "  " + command_line(request.exec_command) + " true", "then run the gate again."};
    case Class::wrong_context:
      return {"Run the probe in the agent's own network namespace:",
              "  sallyport-supervisor exec --sandbox NAME -- ...",
              "A container's `docker exec` reaches its main namespace, which isn't the agent's."};
  }
  return {};
}

std::string report_text(const Request& request, const Report& report) {
  if (report.outcome == Class::skipped) return skip_text(request, report);
  if (report.outcome != Class::ok) return block(request, report);
  return fmt::format("\u2713 {} reached its local inference: {} (HTTP {})\n", the_sandbox(request),
                     printable(request.endpoint, kLineMax), report.code);
}

std::string report_json(const Request& request, const Report& report) {
  Json json;
  json.text("class", name(report.outcome));
  json.text("reason", report.reason);
  json.text("rule", name(request.rule));
  json.text("kind", request.kind);
  json.text("provider", label(request.kind));
  json.text("endpoint", request.endpoint);
  json.text("sandbox", request.sandbox);
  json.text("code", report.code);
  json.text("message", report.message);
  json.text("detail", report.detail);
  json.integer("calls", report.calls);
  json.integer("gaps", report.gaps);
  json.number("context", report.facts.netns);
  json.number("agent", report.agent_netns);
  json.integer("exit", report.facts.curl_exit);
  json.text("http_connect", report.facts.http_connect);
  json.integer("tls_verify", verdict(report.facts));
  json.text("network", report.network);
  json.truth("downgraded", report.downgraded);
  json.text("recheck", report.recheck);
  json.text("bridge", report.bridge);
  json.text("fix", report.fix);
  json.list("recovery", report.recovery);
  return json.take();
}

}  // namespace sallyport::readiness
