#include "simulator/topology/hop_line.h"

#include <algorithm>

#include "reference/base/check.h"

namespace sallyport::sim::topology {
namespace {

// So many pieces a second at a rate: fine enough for every bound that a scenario has, and no more
// wakes than they need.
constexpr std::uint64_t kPiecesPerSecond = 100;

base::Duration time_for(std::size_t octets, std::uint64_t rate) {
  const double seconds = static_cast<double>(octets) / static_cast<double>(rate);
  return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

void HopLine::set_pace(Pace pace, base::TimePoint now) {
  pace_ = pace;
  if (!pace_.rate) busy_until_ = std::min(busy_until_, now);
}

std::size_t HopLine::room(base::TimePoint now) const {
  if (ends() || now < busy_until_ || waiting_ >= kBytesMax || pieces_.size() >= kPiecesMax)
    return 0;
  std::size_t most = std::min(kPieceBytesMax, kBytesMax - waiting_);
  if (pace_.rate) {
    const std::uint64_t piece = std::max<std::uint64_t>(*pace_.rate / kPiecesPerSecond, 1);
    most = static_cast<std::size_t>(std::min<std::uint64_t>(most, piece));
  }
  return most;
}

base::TimePoint HopLine::due_of(base::TimePoint now) {
  last_due_ = std::max(last_due_, std::max(busy_until_, now) + pace_.delay);
  return last_due_;
}

void HopLine::put(std::string_view bytes, base::TimePoint now) {
  CHECK(bytes.size() <= room(now));
  if (bytes.empty()) return;
  if (pace_.rate) busy_until_ = std::max(busy_until_, now) + time_for(bytes.size(), *pace_.rate);
  const base::TimePoint due = due_of(now);
  waiting_ += bytes.size();
  if (!pieces_.empty() && pieces_.back().due == due) {
    pieces_.back().bytes.append(bytes);
    return;
  }
  pieces_.push_back(Piece{due, std::string(bytes)});
}

void HopLine::end(End how, base::TimePoint now) {
  if (how == End::none || end_ == End::reset || end_ == how) return;
  end_ = how;
  end_due_ = due_of(now);
}

std::string_view HopLine::due(base::TimePoint now) const {
  if (pieces_.empty() || pieces_.front().due > now) return {};
  return std::string_view(pieces_.front().bytes).substr(pieces_.front().taken);
}

void HopLine::take(std::size_t count) {
  if (count == 0) return;
  CHECK(!pieces_.empty());
  Piece& first = pieces_.front();
  CHECK(count <= first.bytes.size() - first.taken);
  first.taken += count;
  waiting_ -= count;
  if (first.taken == first.bytes.size()) pieces_.pop_front();
}

HopLine::End HopLine::ended(base::TimePoint now) const {
  return pieces_.empty() && ends() && end_due_ <= now ? end_ : End::none;
}

base::TimePoint HopLine::next_due() const {
  if (!pieces_.empty()) return pieces_.front().due;
  return ends() ? end_due_ : base::TimePoint::max();
}

}  // namespace sallyport::sim::topology
