// Finds the endpoints that could match a host by looking it up, not by asking each: exact names in
// one table, patterns under what they end with. Has rules of its own, so that policies that hold it
// may be copied. Immutable. Part of the engine and the loader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reference/policy/model.h"

namespace sallyport::policy {

struct Candidate {
  const Rule* rule = nullptr;
  const Endpoint* endpoint = nullptr;
};

class Index {
 public:
  explicit Index(const Policy& policy);

  // The endpoints that match, by the key of their rules and then as they are written. `host` in the
  // form of normalise_host, not empty.
  [[nodiscard]] std::vector<Candidate> find(std::string_view host, std::uint16_t port) const;

 private:
  struct Place {
    std::uint32_t rule = 0, endpoint = 0;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Table = std::unordered_map<std::string, std::vector<Place>, Hash, std::equal_to<>>;

  void collect(const std::vector<Place>& places, std::string_view host, std::uint16_t port,
               std::vector<Place>& found) const;
  void look_up(const Table& table, std::string_view key, std::string_view host, std::uint16_t port,
               std::vector<Place>& found) const;

  std::vector<Rule> rules_;  // in the order of their keys
  Table exact_;
  Table by_suffix_;
  std::vector<Place> others_;  // any host, or a pattern without a fixed end
};

// Builds the policy's index anew.
void index_rules(Policy& policy);
// As Index::find, with or without an index.
[[nodiscard]] std::vector<Candidate> candidates(const Policy& policy, std::string_view host,
                                                std::uint16_t port);

}  // namespace sallyport::policy
