// Whether the endpoint of a route serves it, asked before the route is stored: which question is
// next, what an answer means, and the words for the operator. Follows OpenShell
// crates/openshell-router/src/backend.rs. Pure: who exchanges the bytes is gateway/probe.h. No text
// that comes out of here but request() holds the key.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "reference/inference/routes.h"

namespace sallyport::inference {

// Why an endpoint wasn't taken. Each has advice of its own (next_steps()).
enum class ProbeFault {
  credentials,    // 401, 403, or another refusal whose body speaks of the key
  request_shape,  // other 400, 404, 405, 422: it doesn't speak this protocol; the next one is tried
  rate_limited,   // 429
  upstream_health,  // 5xx
  connectivity,     // no address, no connection, no answer in time
  unexpected,       // anything else; a redirect too, which is never followed
};

struct ProbeVerdict {
  bool passed = false;
  std::string url;       // of the question that was answered well
  std::string protocol;  // in which it was asked
  ProbeFault fault = ProbeFault::unexpected;
  std::string details;  // of a fault: one sentence or two, without the key
};

// The course of one verification. The route must outlive it.
class Verification {
 public:
  // Decided at once when the route has no protocol that can be asked in.
  explicit Verification(const Route& route);

  [[nodiscard]] bool decided() const { return decided_; }
  // The next question, one whole HTTP/1.1 request. It holds the key: to the wire, and nowhere else.
  // Not once it is decided.
  [[nodiscard]] std::string request() const;
  // What came of the last request(): an answer and as much of its body as was read, or why there is
  // none.
  void take_answer(unsigned status, std::string_view body);
  void take_loss(std::string_view cause);
  // Once it is decided.
  [[nodiscard]] const ProbeVerdict& verdict() const { return verdict_; }

 private:
  [[nodiscard]] bool ask_next_from(std::size_t index);
  void decide(ProbeFault fault, std::string details);
  void pass();

  const Route& route_;
  std::size_t at_ = 0;      // among the questions
  bool fall_back_ = false;  // the question's second form is asked
  bool decided_ = false;
  std::optional<std::string> first_misfit_;  // details of the first request_shape
  ProbeVerdict verdict_;
};

// What the operator may do about it: a clause without a full stop.
[[nodiscard]] std::string_view next_steps(ProbeFault fault);

// The text that SetInferenceRoute is refused with.
[[nodiscard]] std::string refusal_text(const ProbeVerdict& verdict, std::string_view provider,
                                       std::string_view model, std::string_view base_url);

// What may be shown of an upstream's text: its first `most` characters on one line, with the key
// gone, also where the text was cut inside of it.
[[nodiscard]] std::string excerpt(std::string_view text, const base::Secret& key, std::size_t most);

}  // namespace sallyport::inference
