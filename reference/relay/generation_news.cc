#include "reference/relay/generation_news.h"

#include <utility>

namespace sallyport::relay {

GenerationNews::Watch::Watch(GenerationNews& news, std::function<void()> changed)
    : news_(news), number_(++news.last_) {
  news.watches_.emplace(number_, std::move(changed));
}

void GenerationNews::tell() {
  const std::uint64_t last = last_;
  for (auto next = watches_.begin(); next != watches_.end() && next->first <= last;) {
    const std::uint64_t number = next->first;
    const std::function<void()> changed = next->second;
    changed();
    next = watches_.upper_bound(number);
  }
}

}  // namespace sallyport::relay
