// Sends one answer as the scenario describes it: late, held, paced, framed and encoded as wished,
// cut where wished. One request's worth of work on a connection; internal to this folder.
#pragma once

#include <string_view>

#include "simulator/providers/answer_head.h"
#include "simulator/providers/event_source.h"

namespace sallyport::sim::providers {

class Responder {
 public:
  // Must outlive it.
  explicit Responder(Answering& on) : on_(on), connection_(on.connection()) {}

  // Whether the connection can take another request.
  [[nodiscard]] net::Task<bool> send(const Answer& answer);

 private:
  [[nodiscard]] net::Task<bool> send_body(const Answer& answer, const Plan& plan);
  [[nodiscard]] net::Task<bool> send_events(const Answer& answer, const Plan& plan);
  [[nodiscard]] net::Task<bool> wait_for(const SseSpec& sse, std::uint64_t number);
  [[nodiscard]] net::Task<bool> cut_event(const Answer::Cut& cut, const Plan& plan,
                                          std::string_view event);
  [[nodiscard]] net::Task<bool> send_piece(const Plan& plan, std::string_view piece);
  [[nodiscard]] net::Task<bool> end_body(const Plan& plan);

  Answering& on_;
  Connection& connection_;
};

}  // namespace sallyport::sim::providers
