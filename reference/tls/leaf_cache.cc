#include "reference/tls/leaf_cache.h"

#include "reference/base/check.h"

namespace sallyport::tls {
namespace {

std::string lower(std::string_view host) {
  std::string result(host);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace

LeafCache::LeafCache(const Authority& authority, std::uint64_t leaves_max)
    : authority_(authority), leaves_max_(leaves_max) {
  CHECK(leaves_max > 0);
}

base::Result<Leaf> LeafCache::get(std::string_view host) {
  std::string key = lower(host);
  if (const auto found = places_.find(key); found != places_.end()) {
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }
  auto leaf = authority_.mint(key);
  if (leaf.has_error()) return leaf;
  ++minted_;
  if (order_.size() >= leaves_max_) {
    places_.erase(order_.back().first);
    order_.pop_back();
  }
  order_.emplace_front(std::move(key), *leaf);
  places_.emplace(order_.front().first, order_.begin());
  return leaf;
}

}  // namespace sallyport::tls
