#include "reference/audit/shorthand.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "reference/audit/json.h"

namespace sallyport::audit {
namespace {

constexpr std::size_t kReasonBytesMax = 256;
constexpr std::size_t kMessageBytesMax = 120;

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

// Other control bytes too: the line goes to terminals.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return out;
}

// At most `most` bytes, `...` included, cut between characters.
std::string shortened(std::string_view text, std::size_t most) {
  std::string out = one_line(text);
  if (out.size() <= most) return out;
  std::size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  out.resize(end);
  return out + "...";
}

std::string_view severity_tag(Severity severity) {
  switch (severity) {
    case Severity::low:
      return "[LOW]";
    case Severity::medium:
      return "[MED]";
    case Severity::high:
      return "[HIGH]";
    case Severity::critical:
      return "[CRIT]";
    case Severity::fatal:
      return "[FATAL]";
    case Severity::unknown:
    case Severity::informational:
    case Severity::other:
      break;
  }
  return "[INFO]";
}

std::string one_line_peer(const Peer& peer) { return one_line(peer_text(peer)); }

// Who asked: the program where it is known, else the other end.
std::string asker(const Event& event) {
  if (event.actor) return fmt::format(" {}({})", one_line(event.actor->name), event.actor->pid);
  return event.source ? " " + one_line_peer(*event.source) : std::string();
}

std::string action_word(const Event& event) {
  return event.action ? " " + upper(action_name(*event.action)) : std::string();
}

std::string rule_context(const Event& event) {
  if (!event.rule) return {};
  const std::string policy = event.rule->policy.empty() ? "-" : one_line(event.rule->policy);
  if (event.rule->engine.empty()) return fmt::format(" [policy:{}]", policy);
  return fmt::format(" [policy:{} engine:{}]", policy, event.rule->engine);
}

std::string reason_context(const Event& event) {
  if (event.action != Action::denied) return {};
  const std::string& reason = event.status_detail.empty() ? event.message : event.status_detail;
  return reason.empty() ? "" : fmt::format(" [reason:{}]", shortened(reason, kReasonBytesMax));
}

std::string message_context(const Event& event) {
  if (event.message.empty()) return {};
  return fmt::format(" [msg:{}]", shortened(event.message, kMessageBytesMax));
}

std::string network(const Event& event) {
  std::string line = fmt::format("NET:{} {}{}", upper(activity_name(event)),
                                 severity_tag(event.severity), action_word(event));
  line += asker(event);
  if (event.destination) line += " -> " + one_line_peer(*event.destination);
  const std::string context = rule_context(event) + reason_context(event);
  return line + (context.empty() ? message_context(event) : context);
}

std::string url_text(const HttpRequest& request) {
  const bool default_port = (request.scheme == "http" && request.port == 80) ||
                            (request.scheme == "https" && request.port == 443);
  std::string where = peer_text({request.host, request.port});
  if (default_port) where.resize(where.rfind(':'));
  return one_line(request.scheme + "://" + where + request.path.substr(0, request.path.find('?')));
}

std::string http(const Event& event) {
  const std::string method =
      event.http_request ? one_line(event.http_request->method) : upper(activity_name(event));
  std::string line =
      fmt::format("HTTP:{} {}{}", method, severity_tag(event.severity), action_word(event));
  line += asker(event);
  if (event.http_request) line += fmt::format(" -> {} {}", method, url_text(*event.http_request));
  const std::string context = rule_context(event) + reason_context(event);
  return line + (context.empty() ? message_context(event) : context);
}

std::string escaped_title(std::string_view title) {
  std::string out;
  for (const char c : title) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escaped_context(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool special = c == '[' || c == ']' || c == '\\' || static_cast<unsigned char>(c) <= ' ';
    if (special) {
      out += fmt::format("\\u{{{:x}}}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out;
}

std::string finding_line(const Event& event) {
  const std::string word =
      event.disposition ? upper(disposition_name(*event.disposition)) : upper(activity_name(event));
  std::string line = fmt::format("FINDING:{} {}", word, severity_tag(event.severity));
  if (!event.finding) return line + message_context(event);
  line += fmt::format(" \"{}\" [type:{}", escaped_title(event.finding->title),
                      escaped_context(event.finding->uid));
  for (const auto& [key, value] : event.finding->evidence) {
    line += fmt::format(" {}:{}", key, escaped_context(value));
  }
  return line + "]";
}

std::string config(const Event& event) {
  std::string line =
      fmt::format("CONFIG:{} {} {}", upper(event.state.empty() ? "Log" : event.state),
                  severity_tag(event.severity), shortened(event.message, kMessageBytesMax));
  std::string context;
  for (const auto& [key, value] : event.unmapped) {
    const auto* text = std::get_if<std::string>(&value);
    context += fmt::format(
        "{}{}:{}", context.empty() ? "" : " ", key,
        text != nullptr ? one_line(*text) : std::to_string(std::get<std::int64_t>(value)));
  }
  return context.empty() ? line : fmt::format("{} [{}]", line, context);
}

std::string api(const Event& event) {
  std::string line = fmt::format("API:INFERENCE {}", severity_tag(event.severity));
  if (event.status) line += fmt::format(" {}", status_name(*event.status));
  if (!event.api) return line;
  line += fmt::format(" {} via {}", one_line(event.api->model), one_line(event.api->provider));
  for (const auto& [key, value] : event.unmapped) {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (key == "latency_ms" && number != nullptr) line += fmt::format(" {}ms", *number);
  }
  return fmt::format("{} [{}]", line, event.api->operation);
}

}  // namespace

std::string shorthand_body(const Event& event) {
  switch (event.kind) {
    case EventClass::network_activity:
      return network(event);
    case EventClass::http_activity:
      return http(event);
    case EventClass::detection_finding:
      return finding_line(event);
    case EventClass::config_state_change:
      return config(event);
    case EventClass::api_activity:
      return api(event);
    case EventClass::application_lifecycle:
      break;
  }
  return fmt::format("LIFECYCLE:{} {} {}", upper(activity_name(event)),
                     severity_tag(event.severity), shortened(event.message, kMessageBytesMax));
}

std::string shorthand(const Event& event, std::int64_t wall_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(wall_ms)};
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z OCSF {}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(whole)), (at - whole).count(),
                     shorthand_body(event));
}

}  // namespace sallyport::audit
