#include "reference/inference/request.h"

#include <algorithm>
#include <iterator>

#include "reference/http/header_rules.h"
#include "reference/http/text.h"

namespace sallyport::inference {
namespace {

constexpr std::string_view kModels = "/v1/models/";

// What any client may say to any upstream.
constexpr std::string_view kAlwaysPass[] = {"content-type", "accept", "accept-encoding",
                                            "user-agent"};
// What no list can let through.
constexpr std::string_view kNeverPass[] = {"authorization",
                                           "x-api-key",
                                           "host",
                                           "content-length",
                                           "connection",
                                           "keep-alive",
                                           "te",
                                           "proxy-authenticate",
                                           "proxy-authorization",
                                           "proxy-connection",
                                           "trailer",
                                           "transfer-encoding",
                                           "upgrade"};

template <class List>
bool is_among(std::string_view name, const List& words) {
  return std::any_of(std::begin(words), std::end(words), [name](std::string_view word) {
    return http::equal_ignoring_case(name, word);
  });
}

bool has_default(const Route& route, std::string_view name) {
  return std::any_of(
      route.default_headers.begin(), route.default_headers.end(),
      [name](const HeaderDefault& field) { return http::equal_ignoring_case(name, field.name); });
}

bool passes(const Route& route, const http::RequestHead& head, std::string_view name) {
  if (is_among(name, kNeverPass)) return false;
  // The field that the route's own key goes in is the route's.
  if (http::equal_ignoring_case(name, route.auth.name)) return false;
  if (http::is_nominated(head.fields, name)) return false;
  return is_among(name, kAlwaysPass) || is_among(name, route.passthrough_headers) ||
         has_default(route, name);
}

void append(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_credential(std::string& out, const Route& route) {
  if (route.api_key.empty()) return;
  switch (route.auth.kind) {
    case AuthKind::bearer:
      out.append("Authorization: Bearer ").append(route.api_key.reveal()).append("\r\n");
      return;
    case AuthKind::custom:
      append(out, route.auth.name, route.api_key.reveal());
      return;
    case AuthKind::none:
      return;
  }
}

// A path with %2F in it is meant as a model's id, and may be nothing else.
bool encoded_slash_is_misplaced(std::string_view path) {
  const std::size_t slash = path.find("%2F");
  if (slash == std::string_view::npos) return false;
  if (!path.starts_with(kModels)) return true;
  return path.find('/', kModels.size()) != std::string_view::npos;
}

constexpr std::string_view kHost = "inference.local";
constexpr std::uint16_t kPort = 443;

// What a client means for somebody else, and only lands here, gets no key of the operator's.
bool names_us(const http::RequestHead& head) {
  const http::Authority ours{std::string(kHost), kPort};
  if (http::is_absolute_form(head.target)) {
    const auto absolute = http::parse_absolute_form(head.target);
    if (!absolute || absolute->authority != ours) return false;
  }
  const auto host = head.field("host");
  return !host || http::authority_matches(*host, kPort, ours);
}

bool takes_body(const Call& call) { return call.match.method == "POST"; }

bool is_coded(const http::RequestHead& head) {
  for (const http::Field& field : head.fields) {
    if (!http::equal_ignoring_case(field.name, "content-encoding")) continue;
    const bool plain = http::for_each_element(field.value, [](std::string_view coding) {
      return coding.empty() || http::equal_ignoring_case(coding, "identity");
    });
    if (!plain) return true;
  }
  return false;
}

}  // namespace

base::Result<Call> read_call(const http::RequestHead& head, std::uint64_t target_bytes_max) {
  if (!names_us(head)) return InferenceErrc::wrong_authority;
  http::TargetOptions options;
  options.allow_encoded_slash = true;  // held against the path below
  options.bytes_max = target_bytes_max;
  auto target = http::canonical_target(head.target, options);
  if (!target || encoded_slash_is_misplaced(target->path())) return InferenceErrc::bad_target;
  const auto match = classify(head.method, target->path());
  if (!match) return InferenceErrc::not_inference;
  return Call{*match, *std::move(target)};
}

std::string upstream_target(const BaseUrl& base, const http::CanonicalTarget& target) {
  constexpr std::string_view kV1 = "/v1";
  std::string_view rest = target.text;
  const bool versioned_base = base.path.starts_with("/v1/") || base.path.ends_with(kV1);
  const std::string_view path = target.path();
  const bool versioned_path = path == kV1 || path.starts_with("/v1/");
  if (versioned_base && versioned_path) rest.remove_prefix(kV1.size());
  std::string out;
  out.reserve(base.path.size() + rest.size() + 1);
  out.append(base.path).append(rest);
  if (out.empty() || out.front() != '/') out.insert(out.begin(), '/');
  return out;
}

std::string build_upstream_head(const Route& route, const Call& call, const http::RequestHead& head,
                                std::uint64_t body_bytes) {
  std::string out;
  out.reserve(512 + call.target.text.size() + route.api_key.reveal().size());
  out.append(call.match.method).append(" ");
  out.append(upstream_target(route.base, call.target)).append(" HTTP/1.1\r\n");
  append(out, "Host", route.base.host_field);
  append_credential(out, route);
  for (const http::Field& field : head.fields) {
    if (passes(route, head, field.name)) append(out, field.name, field.value);
  }
  for (const HeaderDefault& field : route.default_headers) {
    const bool sent = head.count(field.name) > 0 && passes(route, head, field.name);
    if (!sent) append(out, field.name, field.value);
  }
  if (takes_body(call)) append(out, "Content-Length", std::to_string(body_bytes));
  out.append("\r\n");
  return out;
}

base::Result<SplicedBody> prepare_body(const Route& route, const Call& call,
                                       const http::RequestHead& head, std::string_view body) {
  if (!takes_body(call)) {
    if (!body.empty()) return InferenceErrc::unexpected_body;
    return SplicedBody();
  }
  // A body that can't be read is a model that can't be forced (OpenShell passes it on as it is).
  if (is_coded(head)) return InferenceErrc::body_encoded;
  return force_model(body, route.model_json);
}

}  // namespace sallyport::inference
