#include "simulator/journal/journal.h"

#include <algorithm>

namespace sallyport::sim::journal {
namespace {

bool earlier(const Event* a, const Event* b) {
  return a->at != b->at ? a->at < b->at : a->sequence < b->sequence;
}

// The first event of that kind that the step itself told.
const Event* of_step(const std::deque<Event>& events, const std::string& step,
                     std::string_view kind) {
  const Event* first = nullptr;
  for (const Event& event : events) {
    if (event.source != step || event.kind != kind) continue;
    if (first == nullptr || earlier(&event, first)) first = &event;
  }
  return first;
}

}  // namespace

const Event& Journal::append(Event event) {
  if (event.at == base::TimePoint{}) event.at = clock_.now();
  event.sequence = events_.size() + 1;
  const std::string& place = event.connection.empty() ? event.source : event.connection;
  event.index = ++counts_[event.kind + '\n' + place];
  const Event& kept = events_.emplace_back(std::move(event));
  // Subscribers may come and go meanwhile: go by id, and only to those that stood here before.
  const std::uint64_t end = next_subscriber_;
  for (auto at = subscribers_.begin(); at != subscribers_.end() && at->first < end;) {
    const std::uint64_t id = at->first;
    const Subscriber subscriber = at->second;
    subscriber(kept);
    at = subscribers_.upper_bound(id);
  }
  return kept;
}

std::vector<const Event*> Journal::select(const Selector& selector, bool lenient_step) const {
  const Event* since = nullptr;
  if (!selector.since.empty()) {
    since = of_step(events_, selector.since, "done");
    if (since == nullptr) return {};
  }
  const Event* before =
      selector.before.empty() ? nullptr : of_step(events_, selector.before, "start");
  std::vector<const Event*> picked;
  for (const Event& event : events_) {
    if (since != nullptr && !earlier(since, &event)) continue;
    if (before != nullptr && !earlier(&event, before)) continue;
    if (fits(event, selector, lenient_step)) picked.push_back(&event);
  }
  std::sort(picked.begin(), picked.end(), earlier);
  if (selector.nth == 0) return picked;
  if (selector.nth > picked.size()) return {};
  return {picked[selector.nth - 1]};
}

bool Journal::happened(const Selector& selector) const { return !select(selector).empty(); }

std::uint64_t Journal::subscribe(Subscriber subscriber) {
  const std::uint64_t id = next_subscriber_++;
  subscribers_.emplace(id, std::move(subscriber));
  return id;
}

void Journal::unsubscribe(std::uint64_t id) { subscribers_.erase(id); }

std::vector<const Event*> Journal::last_of(const std::vector<std::string>& sources,
                                           std::size_t most) const {
  std::vector<const Event*> picked;
  for (const Event& event : events_) {
    const auto concerns = [&](const std::string& name) {
      return event.source == name || event.step == name || event.connection.starts_with(name + "#");
    };
    if (std::any_of(sources.begin(), sources.end(), concerns)) picked.push_back(&event);
  }
  std::sort(picked.begin(), picked.end(), earlier);
  if (picked.size() > most) {
    picked.erase(picked.begin(), picked.end() - static_cast<std::ptrdiff_t>(most));
  }
  return picked;
}

}  // namespace sallyport::sim::journal
