// The head of an answer, and how its body is put onto the wire. Pure; internal to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "simulator/providers/answering.h"

namespace sallyport::sim::providers {

// How one answer is put onto the wire.
struct Plan {
  Answer::Framing framing = Answer::Framing::length;
  std::string content_type;
  std::string body;          // encoded; of a stream, empty
  std::uint64_t length = 0;  // Framing::length: what the head promises
  bool bodiless = false;     // HEAD, 204, 304
  bool close = false;        // the connection ends with this answer
};

[[nodiscard]] Plan plan_of(const Answering& on, const Answer& answer);
[[nodiscard]] std::string head_of(const Answering& on, const Answer& answer, const Plan& plan);
[[nodiscard]] std::string_view reason_of(int status);

}  // namespace sallyport::sim::providers
