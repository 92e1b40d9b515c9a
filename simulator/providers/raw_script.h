// Answers with a byte-exact script instead of HTTP. Internal to this folder.
#pragma once

#include "simulator/providers/answering.h"

namespace sallyport::sim::providers {

class RawScript {
 public:
  explicit RawScript(Answering& on) : on_(on) {}

  // Whether the connection can take another request.
  [[nodiscard]] net::Task<bool> run(const std::vector<Move>& moves);

 private:
  [[nodiscard]] net::Task<bool> send(const Move& move);
  [[nodiscard]] net::Task<bool> expect(const Move& move);

  Answering& on_;
  bool own_head_met_ = false;
};

}  // namespace sallyport::sim::providers
