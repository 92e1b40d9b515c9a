#include "reference/readiness/script.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "reference/readiness/command_words.h"
#include "reference/readiness/facts.h"

namespace sallyport::readiness {
namespace {

constexpr std::string_view kTold = "%{http_code} %{http_connect} %{ssl_verify_result}";

// Says where it runs before anything can fail; then whether there is a curl.
std::string beginning() {
  return fmt::format(
      "set -f; echo \"{}netns=$(readlink /proc/self/ns/net 2>/dev/null)\" >&2; "
      "if ! command -v curl >/dev/null 2>&1; then echo NO_CURL; exit 0; fi; ",
      kFactsMark);
}

std::string times(const GateLimits& limits) {
  return fmt::format("--connect-timeout {} --max-time {}", seconds(limits.connect),
                     seconds(limits.total));
}

std::string list_script(const Request& request) {
  return fmt::format(
      "{}told=$(curl -so /dev/null -w '{}' {} {} 2>/dev/null); end=$?; set -- $told; "
      "echo \"{}curl=$end connect=$2 verify=$3\" >&2; "
      "code=$1; [ \"$end\" -eq 0 ] || code=\"$code\"000; echo \"HTTP_$code\"",
      beginning(), kTold, times(request.limits), quoted(request.endpoint), kFactsMark);
}

std::string completion_request(const Request& request) {
  rapidjson::StringBuffer json;
  rapidjson::Writer<rapidjson::StringBuffer> writer(json);
  const auto text = [&writer](std::string_view value) {
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  writer.Key("model");
  text(request.model);
  writer.Key("messages");
  writer.StartArray();
  writer.StartObject();
  writer.Key("role");
  writer.String("user");
  writer.Key("content");
  text(fmt::format("Answer with this one word and nothing else: {}", request.expect));
  writer.EndObject();
  writer.EndArray();
  writer.EndObject();
  return {json.GetString(), json.GetSize()};
}

// The body goes through as it comes; the last line is curl's and ours, so that nothing in the body
// can stand for it.
std::string completion_script(const Request& request) {
  return fmt::format(
      "{}curl -s -w '\\nHTTP_{}' {} -H 'Content-Type: application/json' --data-binary {} {} "
      "2>/dev/null; end=$?; echo \" CURL_$end\"",
      beginning(), kTold, times(request.limits), quoted(completion_request(request)),
      quoted(request.endpoint));
}

}  // namespace

std::string seconds(ms time) { return fmt::format("{}", static_cast<double>(time.count()) / 1000); }

std::string probe_script(const Request& request) {
  return request.rule == Rule::invocation ? completion_script(request) : list_script(request);
}

std::string bridge_script(const Request& request) {
  const auto wait = std::chrono::ceil<std::chrono::seconds>(request.limits.bridge_connect);
  return fmt::format("nc -zw{} {} {}", wait.count(), word(request.bridge_host), request.setup.port);
}

}  // namespace sallyport::readiness
