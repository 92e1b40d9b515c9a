#include "reference/readiness/bridge.h"

#include <algorithm>
#include <array>
#include <string>

#include "reference/http/text.h"
#include "reference/readiness/script.h"

namespace sallyport::readiness {
namespace {

// The image that the field system pins.
constexpr std::string_view kImage =
    "busybox@sha256:73aaf090f3d85aa34ee199857f03fa3a95c8ede2ffd4cc2cdb5b94e566b11662";
constexpr std::string_view kName = "host.openshell.internal:";
constexpr int kNobodyThere = 1;  // nc's

using Marks = std::array<std::string_view, 5>;

// What docker says when its daemon isn't there.
constexpr Marks kDaemon{"cannot connect to the docker daemon", "is the docker daemon running",
                        "docker daemon is not running", "error during connect", "docker.sock"};
constexpr Marks kNoName{"bad address", "name or service not known",
                        "temporary failure in name resolution", "could not resolve", "getaddrinfo"};

bool has_any(std::string_view text, const Marks& marks) {
  return std::any_of(marks.begin(), marks.end(), [text](std::string_view mark) {
    return text.find(mark) != std::string_view::npos;
  });
}

// Both in one sentence: "veth" alone, or an operation that isn't supported, is something else.
bool is_veth(std::string_view text) {
  constexpr std::string_view kPair = "veth pair";
  const std::size_t pair = text.find(kPair);
  if (pair == std::string_view::npos) return false;
  const std::string_view rest = text.substr(pair);
  return rest.substr(0, rest.find('.')).find("operation not supported") != std::string_view::npos;
}

}  // namespace

Words bridge_words(const Request& request) {
  Words words = request.bridge_command;
  if (words.empty()) {
    const Setup& setup = request.setup;
    const bool known = !setup.host_gateway && !setup.gateway.empty();
    words = {"docker",           "run",       "--rm", "--pull=missing", "--network",
             "openshell-docker", "--add-host"};
    words.push_back(std::string(kName) + (known ? setup.gateway : "host-gateway"));
    words.emplace_back(kImage);
  }
  words.insert(words.end(), {"sh", "-c", bridge_script(request)});
  return words;
}

std::string_view bridge_reason(const CommandResult& result) {
  if (result.end == CommandResult::End::exited && result.code == 0) return kBridgeOk;
  const std::string said = http::lower(result.err) + "\n" + http::lower(result.out);
  if (is_veth(said)) return kVethUnsupported;
  if (result.end == CommandResult::End::timed_out) return kProbeTimeout;
  if (has_any(said, kDaemon)) return kDaemonUnreachable;
  if (result.end == CommandResult::End::not_run || result.code != kNobodyThere ||
      has_any(said, kNoName))
    return kProbeUnavailable;
  return kTcpFailed;
}

bool is_fatal(std::string_view bridge_reason) {
  return bridge_reason != kBridgeOk && bridge_reason != kProbeUnavailable;
}

}  // namespace sallyport::readiness
