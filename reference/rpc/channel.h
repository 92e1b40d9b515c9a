// A gRPC client for the loop: unary calls on one channel as awaitables. The one place where gRPC's
// threads meet ours: an answer is handed over by `post`, and everything else of a Channel happens
// on the loop. gRPC is initialised by the first Channel, never before.
//
// Rules of the channel, all in channel.cc: no environment proxy; keep-alive also without calls;
// messages bounded both ways; connect attempts bounded; a channel that failed to connect, or whose
// call ended by its deadline with nothing received, is replaced by a fresh one, at most once in
// `fresh_after`: gRPC's own back-off holds a service that came back off for seconds. A call whose
// connection ended under it (GOAWAY, a reset) before an answer is made once more, in its deadline:
// calls must be ones that may be made twice, or `retry_lost` be off. A call that is refused as
// UNAUTHENTICATED is made once more when the token's file holds another token by now.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "reference/base/clock.h"
#include "reference/base/result.h"
#include "reference/net/clock.h"
#include "reference/net/executor.h"
#include "reference/rpc/status.h"
#include "reference/rpc/token_file.h"

namespace google::protobuf {
class MessageLite;
}

namespace sallyport::rpc {

struct ChannelOptions {
  std::string endpoint;  // http://HOST:PORT or https://HOST:PORT
  std::string ca_pem;    // https: trusted instead of the system's; empty: the system's
  std::uint64_t message_bytes_max = 4ULL * 1024 * 1024;  // either way; over it: the call fails
  base::Duration connect = std::chrono::seconds(5);      // one attempt
  base::Duration keepalive = std::chrono::seconds(10);
  base::Duration keepalive_timeout = std::chrono::seconds(20);
  base::Duration fresh_after = std::chrono::milliseconds(50);
  bool retry_lost = true;  // false where a call may have taken effect before its answer was lost
  std::shared_ptr<TokenFile> token;  // sent as a bearer with each call; null: none
  bool insecure = false;             // the token may go over http:// to elsewhere than loopback
  // Sent with each call. Keys as gRPC has them; one that ends in `-bin` may have any value.
  std::map<std::string, std::string> metadata;
};

class Channel {
 public:
  // Connects to nothing yet. An error: the endpoint is neither http:// nor https:// with host:port,
  // a CA is given without https, or is no PEM; a token would go over the net in clear.
  [[nodiscard]] static base::Result<std::unique_ptr<Channel>> create(net::Executor executor,
                                                                     const net::Clock& clock,
                                                                     ChannelOptions options);
  // Calls under way are cancelled and end with Code::cancelled in the loop's next turns.
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // One call of `method` (`/openshell.middleware.v1.SupervisorMiddleware/Describe`). `response` is
  // complete only when the status is ok; both messages must live until the call has ended. Past
  // `deadline` it ends with deadline_exceeded, without waiting for gRPC. A coroutine that is
  // cancelled while it waits cancels the call.
  [[nodiscard]] net::Task<Status> unary(std::string_view method,
                                        const google::protobuf::MessageLite& request,
                                        google::protobuf::MessageLite& response,
                                        base::TimePoint deadline);

  [[nodiscard]] const std::string& endpoint() const;

 private:
  class Impl;
  explicit Channel(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sallyport::rpc
