// How many octets of bodies may be in memory at once for middleware: while they are read and
// judged, and until their upstream has taken them, which permits don't bound (a permit is given
// back with the verdict, or one slow upstream would keep all of them). A part for one upstream, so
// that a slow one leaves the others their room. Nobody waits here: who finds no room is turned
// away before its body is read. Owned by main; on the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace sallyport::relay {

// Each part has room for all that the permits could hold (32 bodies of 4 MiB), and half as much
// again that is on its way up. Ours: the field system has no bound.
inline constexpr std::uint64_t kBodyBytesMax = 384ULL * 1024 * 1024;
inline constexpr std::uint64_t kBodyBytesOfOneMax = kBodyBytesMax / 2;

class BodyBudget {
 public:
  BodyBudget(std::uint64_t bytes_max, std::uint64_t bytes_of_one_max);
  class Hold;

  // For a body of at most `bytes` on its way to `where`. Null: there is no room, not even for an
  // empty one, as a stage could replace it. Holds may outlive the budget.
  [[nodiscard]] std::shared_ptr<Hold> take(std::string where, std::uint64_t bytes);
  [[nodiscard]] std::uint64_t held() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Given back by its destructor.
class BodyBudget::Hold {
 public:
  Hold(std::shared_ptr<Impl> of, std::string where, std::uint64_t bytes);
  ~Hold();
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  // What the body has come to. It counts as it is, even where it has grown past the room.
  void resize(std::uint64_t bytes);

 private:
  std::shared_ptr<Impl> of_;
  std::string where_;
  std::uint64_t bytes_ = 0;
};

}  // namespace sallyport::relay
