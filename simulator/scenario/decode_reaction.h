// Entries of a middleware service's script. Of decode_middleware.cc. Pure.
#pragma once

#include <string>

#include "reference/base/scalars.h"
#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {

[[nodiscard]] middleware::Reaction decode_reaction(const Node& node, const std::string& service,
                                                   Context& context);

// `delay` and `status`: when and how a call ends, of entries, descriptions and verdicts alike.
template <class Call>
void decode_end(Reader& reader, Call& call) {
  const Node* delay = reader.get("delay");
  call.never = delay != nullptr && delay->is_word("never");
  if (delay != nullptr && !call.never)
    call.delay = as_duration(*delay, reader.complaints()).value_or(base::Duration(0));
  const Node* status = reader.get("status");
  if (status == nullptr) return;
  const auto number =
      status->is_scalar() ? base::parse_integer(status->text) : std::optional<std::uint64_t>();
  if (!number) {
    call.status =
        as_word(*status, grpc_codes().subspan(1), "a value of \"status\"", reader.complaints());
  } else if (*number == 0 || *number > 0x7fffffff) {
    reader.complaints().at(*status, "the number of a status is 1 to 2147483647");
  } else {
    call.status = status->text;
  }
}

}  // namespace sallyport::sim::scenario
