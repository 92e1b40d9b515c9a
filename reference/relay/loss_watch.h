// While it lives, a client that breaks its connection is noticed at once, whatever the relay waits
// for. A client that only ended its own direction is not lost: it waits for its answer.
#pragma once

#include <utility>

#include "reference/net/byte_stream.h"

namespace sallyport::relay {

class LossWatch {
 public:
  // The stream must outlive the watch; one watch a stream.
  LossWatch(net::ByteStream& client, std::function<void()> lost) : client_(client) {
    client_.watch_loss(std::move(lost));
  }
  ~LossWatch() { client_.watch_loss(nullptr); }
  LossWatch(const LossWatch&) = delete;
  LossWatch& operator=(const LossWatch&) = delete;

 private:
  net::ByteStream& client_;
};

}  // namespace sallyport::relay
