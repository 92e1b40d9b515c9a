// Sends one answer as the scenario describes it: late, held, paced, framed as wished, cut where
// wished. One request's worth of work on a connection; internal to this folder.
#pragma once

#include <string>
#include <string_view>

#include "simulator/providers/connection.h"
#include "simulator/providers/request.h"
#include "simulator/providers/spec.h"

namespace sallyport::sim::providers {

class Responder {
 public:
  // All are to outlive it.
  Responder(const ProviderSpec& spec, const Environment& environment, Connection& connection,
            const Request& request);

  // Whether the connection can take another request.
  [[nodiscard]] net::Task<bool> send(const Answer& answer);

 private:
  // How one answer is put onto the wire.
  struct Plan {
    Answer::Framing framing = Answer::Framing::length;
    std::string content_type;
    std::string body;          // but of a stream
    std::uint64_t length = 0;  // Framing::length: what the head promises
    bool bodiless = false;     // HEAD, 204, 304
    bool close = false;        // the connection ends with this answer
  };
  [[nodiscard]] Plan plan(const Answer& answer, const std::vector<std::string>& events) const;
  [[nodiscard]] std::vector<std::string> events_of(const SseSpec& sse) const;
  [[nodiscard]] std::string head(const Answer& answer, const Plan& plan) const;
  [[nodiscard]] std::string expand_text(const std::string& text) const;
  [[nodiscard]] std::string expand_json(const std::string& text) const;
  void note_response(int status);
  void note_event(const std::string& data);

  [[nodiscard]] net::Task<bool> send_body(const Answer& answer, const Plan& plan);
  [[nodiscard]] net::Task<bool> send_events(const SseSpec& sse, const Plan& plan,
                                            const std::vector<std::string>& events);
  [[nodiscard]] net::Task<bool> cut_event(const SseSpec::Cut& cut, const Plan& plan,
                                          std::string_view event);
  [[nodiscard]] net::Task<bool> send_piece(const Plan& plan, std::string_view piece);
  [[nodiscard]] net::Task<bool> end_body(const Plan& plan);
  [[nodiscard]] net::Task<bool> run(const std::vector<Move>& moves);
  [[nodiscard]] net::Task<bool> send_move(const Move& move);
  [[nodiscard]] net::Task<bool> expect_move(const Move& move);

  const ProviderSpec& spec_;
  const Environment& environment_;
  Connection& connection_;
  const Request& request_;
  journal::Lookup variables_;
  bool response_noted_ = false;
  bool own_head_met_ = false;
};

}  // namespace sallyport::sim::providers
