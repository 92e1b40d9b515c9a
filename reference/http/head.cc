#include "reference/http/head.h"

#include <algorithm>

#include "reference/base/check.h"
#include "reference/http/authority.h"
#include "reference/http/target.h"
#include "reference/http/text.h"

namespace sallyport::http {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";

// Cuts the line at the front of `rest`, without its CRLF. There always is one: the block ends in
// CRLFCRLF and its line endings were checked.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  CHECK(end != std::string_view::npos);
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

bool has_bare_line_ending(std::string_view block) {
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (block[i] == '\n') return true;
    if (block[i] != '\r') continue;
    if (i + 1 == block.size() || block[i + 1] != '\n') return true;
    ++i;
  }
  return false;
}

base::Error parse_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return HttpErrc::bad_request_line;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(head.method)) return HttpErrc::bad_method;
  const bool clean = std::none_of(head.target.begin(), head.target.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
  });
  if (head.target.empty() || !clean) return HttpErrc::bad_request_line;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return HttpErrc::bad_version;
  head.version_minor = version.back() - '0';
  return {};
}

base::Error parse_field(std::string_view line, Fields& fields) {
  if (line.front() == ' ' || line.front() == '\t') return HttpErrc::folded_line;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return HttpErrc::bad_field;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_token(name)) return HttpErrc::bad_field;
  if (!is_field_value(value)) return HttpErrc::control_byte;
  if (fields.size() == kFieldsMax) return HttpErrc::too_many_fields;
  fields.add(name, value);
  return {};
}

bool may_not_be_nominated(std::string_view option) {
  return equal_ignoring_case(option, "host") || equal_ignoring_case(option, "content-length") ||
         equal_ignoring_case(option, "transfer-encoding");
}

base::Error check_connection(const Fields& fields) {
  base::Error error;
  for (const Field& field : fields) {
    if (!equal_ignoring_case(field.name, "connection")) continue;
    for_each_element(field.value, [&error](std::string_view option) {
      if (!is_token(option))
        error = HttpErrc::bad_connection;
      else if (may_not_be_nominated(option))
        error = HttpErrc::forbidden_nomination;
      return !error;
    });
    if (error) return error;
  }
  return {};
}

base::Error check_host(const RequestHead& head) {
  const std::size_t count = head.count("host");
  if (count > 1) return HttpErrc::several_hosts;
  if (count == 0) return head.version_minor == 0 ? base::Error() : HttpErrc::missing_host;
  // The default port doesn't matter here: only whether the text is an authority.
  const auto host = parse_authority(*head.field("host"), 80);
  if (!host) return HttpErrc::bad_host;
  if (!is_absolute_form(head.target)) return {};
  const auto target = parse_absolute_form(head.target);
  if (!target) return target.error();
  const std::uint16_t default_port = target->scheme == "https" ? 443 : 80;
  if (!authority_matches(*head.field("host"), default_port, target->authority))
    return HttpErrc::host_mismatch;
  return {};
}

}  // namespace

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (const Field& field : all_) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Fields::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(),
                    [name](const Field& field) { return equal_ignoring_case(field.name, name); }));
}

bool Fields::has_token(std::string_view name, std::string_view token) const {
  for (const Field& field : all_) {
    if (!equal_ignoring_case(field.name, name)) continue;
    const bool absent = for_each_element(field.value, [token](std::string_view element) {
      return !equal_ignoring_case(element, token);
    });
    if (!absent) return true;
  }
  return false;
}

bool RequestHead::keeps_alive() const {
  if (fields.has_token("connection", "close")) return false;
  return version_minor == 1 || fields.has_token("connection", "keep-alive");
}

std::optional<std::size_t> find_head_end(std::string_view bytes) {
  const std::size_t at = bytes.find(kEnd);
  if (at == std::string_view::npos) return std::nullopt;
  return at + kEnd.size();
}

base::Result<std::optional<std::size_t>> HeadScanner::scan(std::string_view bytes) {
  const std::string_view window = bytes.substr(0, bytes_max_);
  for (; scanned_ < window.size(); ++scanned_) {
    const char c = window[scanned_];
    // A CR is judged when the octet after it is there.
    const bool after_cr = scanned_ > 0 && window[scanned_ - 1] == '\r';
    if ((c == '\n') != after_cr) return HttpErrc::bare_line_ending;
    if (c == '\n' && window.substr(0, scanned_ + 1).ends_with(kEnd)) return ++scanned_;
  }
  if (window.size() == bytes_max_) return HttpErrc::head_too_long;
  return std::optional<std::size_t>();
}

base::Result<RequestHead> parse_request_head(std::string_view head) {
  if (!head.ends_with(kEnd)) return HttpErrc::bad_request_line;
  if (has_bare_line_ending(head)) return HttpErrc::bare_line_ending;
  if (!is_utf8(head)) return HttpErrc::not_utf8;
  RequestHead parsed;
  std::string_view rest = head;
  if (const base::Error error = parse_request_line(take_line(rest), parsed)) return error;
  parsed.fields.reserve(16);
  while (rest != "\r\n") {
    const std::string_view line = take_line(rest);
    // An empty line ends a head; with more after it this wasn't one head.
    if (line.empty()) return HttpErrc::bad_field;
    if (const base::Error error = parse_field(line, parsed.fields)) return error;
  }
  if (const base::Error error = check_connection(parsed.fields)) return error;
  if (const base::Error error = check_host(parsed)) return error;
  return parsed;
}

}  // namespace sallyport::http
