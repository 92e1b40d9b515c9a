#include "reference/inference/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reference/base/check.h"
#include "reference/http/local_response.h"
#include "reference/http/text.h"
#include "reference/inference/request.h"

namespace sallyport::inference {
namespace {

constexpr std::size_t kExcerptMax = 200;  // characters
constexpr std::string_view kRedacted = "[REDACTED]";
// A shorter begin of the key at the end of a cut text says nothing about it.
constexpr std::size_t kKeyBeginMin = 4;

struct Probe {
  std::string_view protocol;
  std::string_view path;
  std::string_view body;
  std::string_view second_body;  // for who doesn't know max_completion_tokens; may be empty
};

constexpr std::array<Probe, 5> kProbes{{
    {"openai_chat_completions", "/v1/chat/completions",
     R"({"messages":[{"role":"user","content":"ping"}],"max_completion_tokens":32})",
     R"({"messages":[{"role":"user","content":"ping"}],"max_tokens":32})"},
    {"anthropic_messages",
     "/v1/messages",
     R"({"messages":[{"role":"user","content":"ping"}],"max_tokens":32})",
     {}},
    {"openai_responses", "/v1/responses", R"({"input":"ping","max_output_tokens":32})", {}},
    {"openai_completions", "/v1/completions", R"({"prompt":"ping","max_tokens":32})", {}},
    {"openai_embeddings", "/v1/embeddings", R"({"input":"ping"})", {}},
}};

// In a refusal that isn't 401 or 403 these mean the key all the same.
constexpr std::string_view kAboutTheKey[] = {
    "invalid_api_key",      "invalid api key",       "incorrect api key", "invalid_authentication",
    "authentication_error", "authentication failed", "unauthorized",      "permission_denied",
    "permission denied",    "missing api key"};

bool speaks_of_the_key(std::string_view body) {
  const std::string text = http::lower(body);
  return std::any_of(std::begin(kAboutTheKey), std::end(kAboutTheKey),
                     [&](std::string_view words) { return text.find(words) != std::string::npos; });
}

ProbeFault fault_of(unsigned status, std::string_view body) {
  switch (status) {
    case 401:
    case 403:
      return ProbeFault::credentials;
    case 400:
    case 404:
    case 422:
      return speaks_of_the_key(body) ? ProbeFault::credentials : ProbeFault::request_shape;
    case 405:
      return ProbeFault::request_shape;
    case 429:
      return ProbeFault::rate_limited;
    default:
      return status >= 500 && status <= 599 ? ProbeFault::upstream_health : ProbeFault::unexpected;
  }
}

std::string_view summary_of(ProbeFault fault) {
  switch (fault) {
    case ProbeFault::credentials:
      return "the endpoint refused the credentials";
    case ProbeFault::request_shape:
      return "the endpoint refused the form of the request";
    case ProbeFault::rate_limited:
      return "the endpoint limits the rate of requests and answered";
    case ProbeFault::upstream_health:
      return "the endpoint is not well and answered";
    case ProbeFault::connectivity:
      return "the endpoint can't be reached";
    case ProbeFault::unexpected:
      break;
  }
  return "the endpoint gave an answer that was not expected,";
}

bool lists(const Route& route, std::string_view protocol) {
  return std::find(route.protocols.begin(), route.protocols.end(), protocol) !=
         route.protocols.end();
}

Call call_of(const Probe& probe) {
  Call call;
  const auto match = classify("POST", probe.path);
  CHECK(match.has_value());
  call.match = *match;
  call.target.text = probe.path;
  call.target.path_bytes = probe.path.size();
  return call;
}

// Every `word` gone, and the begin of one that the text's end cuts off.
std::string without(std::string_view text, std::string_view word) {
  if (word.empty()) return std::string(text);
  std::string out;
  std::size_t at = 0;
  for (std::size_t found = text.find(word); found != std::string_view::npos;
       found = text.find(word, at)) {
    out.append(text.substr(at, found - at)).append(kRedacted);
    at = found + word.size();
  }
  std::string_view rest = text.substr(at);
  for (std::size_t size = std::min(word.size(), rest.size()); size >= kKeyBeginMin; --size) {
    if (!rest.ends_with(word.substr(0, size))) continue;
    rest.remove_suffix(size);
    return out.append(rest).append(kRedacted);
  }
  return out.append(rest);
}

// The size of the character at the front: 1 for what is none in UTF-8.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size) {
    if (http::is_utf8(text.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

std::string excerpt(std::string_view text, const base::Secret& key, std::size_t most) {
  std::string clean = without(text, key.reveal());
  // As a JSON text has it: quotes and backslashes in a key are spelled otherwise there.
  const std::string quoted = http::json_string(key.reveal());
  const std::string_view spelled = std::string_view(quoted).substr(1, quoted.size() - 2);
  if (spelled != key.reveal()) clean = without(clean, spelled);
  std::string out;
  std::string_view rest = clean;
  for (std::size_t count = 0; count < most && !rest.empty(); ++count) {
    const std::size_t size = character_size(rest);
    const auto first = static_cast<unsigned char>(rest.front());
    if (size == 0) {
      out.push_back('?');
    } else if (size == 1 && (first < 0x20 || first == 0x7F)) {
      out.push_back(' ');
    } else {
      out.append(rest.substr(0, size));
    }
    rest.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return std::string(http::trim(out));
}

Verification::Verification(const Route& route) : route_(route) {
  if (ask_next_from(0)) return;
  decide(ProbeFault::request_shape,
         fmt::format("route '{}' does not expose a writable inference protocol for validation",
                     route.name));
}

bool Verification::ask_next_from(std::size_t index) {
  fall_back_ = false;
  for (at_ = index; at_ < kProbes.size(); ++at_) {
    if (lists(route_, kProbes[at_].protocol)) return true;
  }
  return false;
}

std::string Verification::request() const {
  CHECK(!decided_);
  const Probe& probe = kProbes[at_];
  const Call call = call_of(probe);
  http::RequestHead head;
  head.method = "POST";
  head.target = probe.path;
  head.fields.add("content-type", "application/json");
  const auto body = prepare_body(route_, call, head, fall_back_ ? probe.second_body : probe.body);
  CHECK(body.has_value());
  return build_upstream_head(route_, call, head, body->bytes) + body->to_string();
}

void Verification::take_answer(unsigned status, std::string_view body) {
  CHECK(!decided_);
  if (status >= 200 && status <= 299) return pass();
  const ProbeFault fault = fault_of(status, body);
  const bool other_form = fault == ProbeFault::request_shape && !fall_back_ &&
                          !kProbes[at_].second_body.empty() &&
                          body.find("max_completion_tokens") != std::string_view::npos;
  if (other_form) {
    fall_back_ = true;
    return;
  }
  std::string details = fmt::format("{} with HTTP {}.", summary_of(fault), status);
  const std::string shown = excerpt(body, route_.api_key, kExcerptMax);
  if (!shown.empty()) details += fmt::format(" Response body: {}", shown);
  if (fault != ProbeFault::request_shape) return decide(fault, std::move(details));
  if (!first_misfit_) first_misfit_ = std::move(details);
  if (!ask_next_from(at_ + 1)) decide(fault, *first_misfit_);
}

void Verification::take_loss(std::string_view cause) {
  CHECK(!decided_);
  decide(ProbeFault::connectivity, fmt::format("{}: {}", summary_of(ProbeFault::connectivity),
                                               excerpt(cause, route_.api_key, kExcerptMax)));
}

void Verification::decide(ProbeFault fault, std::string details) {
  decided_ = true;
  verdict_.fault = fault;
  verdict_.details = std::move(details);
}

void Verification::pass() {
  const Probe& probe = kProbes[at_];
  decided_ = verdict_.passed = true;
  verdict_.protocol = probe.protocol;
  verdict_.url =
      fmt::format("{}://{}{}", route_.base.tls ? "https" : "http", route_.base.host_field,
                  upstream_target(route_.base, call_of(probe).target));
}

std::string_view next_steps(ProbeFault fault) {
  switch (fault) {
    case ProbeFault::credentials:
      return "check the provider's API key and what it is allowed to do";
    case ProbeFault::request_shape:
      return "check the model, the provider's type and its base URL";
    case ProbeFault::rate_limited:
      return "wait until the endpoint's limit permits another request";
    case ProbeFault::upstream_health:
      return "wait until the endpoint is well again";
    case ProbeFault::connectivity:
      return "check the provider's base URL, and that the gateway's machine can reach it";
    case ProbeFault::unexpected:
      break;
  }
  return "check the provider's base URL: another kind of service may answer there";
}

std::string refusal_text(const ProbeVerdict& verdict, std::string_view provider,
                         std::string_view model, std::string_view base_url) {
  const std::string_view stop = verdict.details.ends_with('.') ? "" : ".";
  return fmt::format(
      "failed to verify inference endpoint for provider '{}' and model '{}' at '{}': {}{} Next "
      "steps: {}, or retry with '--no-verify' to set the route without asking its endpoint",
      provider, model, base_url, verdict.details, stop, next_steps(verdict.fault));
}

}  // namespace sallyport::inference
