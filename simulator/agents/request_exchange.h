// One `request` of the built-in client, on a connection of its own or a kept one. Internal to this
// folder.
#pragma once

#include "simulator/agents/exchange.h"
#include "simulator/agents/request_text.h"

namespace sallyport::sim::agents {

class RequestExchange : private Exchange {
 public:
  RequestExchange(RequestSpec spec, ClientContext& context);

  [[nodiscard]] net::Task<Seen> run();

 private:
  // Whether a kept connection was taken, whatever has become of it.
  bool reuse();
  [[nodiscard]] net::Task<bool> send_request(const RequestText& text, wire::HttpReader& reader);
  [[nodiscard]] net::Task<void> read_answer(wire::HttpReader& reader);
  void keep_or_close(const wire::HttpReader& reader);

  RequestSpec spec_;
};

}  // namespace sallyport::sim::agents
