#include "simulator/journal/watch.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sallyport::sim::journal {

Watch::Watch(const Journal& journal, Selector selector)
    : journal_(journal), selector_(std::move(selector)) {}

bool Watch::since_done() {
  if (selector_.since.empty() || since_ != nullptr) return true;
  const auto& events = journal_.events();
  for (; since_ == nullptr && since_seen_ < events.size(); ++since_seen_) {
    const Event& event = events[since_seen_];
    if (event.kind == "done" && event.source == selector_.since) since_ = &event;
  }
  return since_ != nullptr;
}

// What has counted can stop counting once that step has begun, so all are looked at again, but only
// if one came that matters.
bool Watch::happened_before() {
  const auto& events = journal_.events();
  bool matters = false;
  for (; seen_ < events.size(); ++seen_) {
    const std::string& kind = events[seen_].kind;
    matters = matters || kind == selector_.kind || kind == "start" || kind == "done";
  }
  if (matters) before_ = journal_.happened(selector_);
  return before_;
}

bool Watch::happened() {
  if (happened_) return true;
  if (!selector_.before.empty()) return happened_before();
  if (!since_done()) return false;
  const auto after_since = [this](const Event& event) {
    return since_ == nullptr ||
           std::tie(since_->at, since_->sequence) < std::tie(event.at, event.sequence);
  };
  const std::uint64_t wanted = std::max<std::uint64_t>(1, selector_.nth);
  const auto& events = journal_.events();
  for (; !happened_ && seen_ < events.size(); ++seen_) {
    const Event& event = events[seen_];
    if (fits(event, selector_) && after_since(event)) happened_ = ++found_ >= wanted;
  }
  return happened_;
}

}  // namespace sallyport::sim::journal
