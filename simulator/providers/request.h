// A request as a provider got it, with what was made of it. A value, internal to this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulator/journal/event.h"
#include "simulator/journal/query.h"
#include "simulator/wire/http_reader.h"

namespace sallyport::sim::providers {

struct Request {
  wire::HttpMessage message;
  bool complete = true;
  bool keeps_alive = true;
  std::string key;    // name of the credential it carries, `unknown` or `none`
  std::string nonce;  // of the step that caused it; empty when it can't be told
};

// The value of the credential that a request carries: of `Authorization: Bearer`, else of
// `x-api-key` or `api-key`. Empty when it carries none.
[[nodiscard]] std::vector<std::string> credentials(const wire::HttpMessage& message);
// What of `Proxy-Authorization` may be one: the value of Bearer; of Basic the password, the user
// and both as they stand. Empty when there is no such header.
[[nodiscard]] std::vector<std::string> proxy_credentials(const wire::HttpMessage& message);

// What follows `sallyport ` in the User-Agent; empty when it isn't ours.
[[nodiscard]] std::string user_agent_nonce(const wire::HttpMessage& message);

// The fields of its `request` event.
[[nodiscard]] journal::Fields fields_of(const Request& request);

// Variables of an answer: `request.*` of this request, then those of `others` (may be null).
[[nodiscard]] journal::Lookup variables(const Request& request, const journal::Lookup& others);

}  // namespace sallyport::sim::providers
