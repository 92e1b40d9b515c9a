// Minted leaves by lower-cased host, the least recently used dropped at the limit. (The field
// system clears its whole cache at 256 entries: NVIDIA/OpenShell, l7/tls.rs.)
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "reference/tls/authority.h"

namespace sallyport::tls {

class LeafCache {
 public:
  // The authority must outlive the cache. `leaves_max` is Limits::leaf_cache_max, at least 1.
  LeafCache(const Authority& authority, std::uint64_t leaves_max);

  // The leaf of a host, minted if it isn't there. Letter case doesn't matter. Errors as mint().
  [[nodiscard]] base::Result<Leaf> get(std::string_view host);

  [[nodiscard]] std::size_t size() const { return order_.size(); }
  [[nodiscard]] std::uint64_t minted() const { return minted_; }

 private:
  using Order = std::list<std::pair<std::string, Leaf>>;  // most recently used first
  const Authority& authority_;
  std::uint64_t leaves_max_;
  std::uint64_t minted_ = 0;
  Order order_;
  std::unordered_map<std::string_view, Order::iterator> places_;  // keys live in order_
};

}  // namespace sallyport::tls
