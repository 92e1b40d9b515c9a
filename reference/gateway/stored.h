// Records as rows of the gateway's file and back (proto/sallyport/gateway/v1/stored.proto). Pure.
// A row's value may hold credentials.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reference/base/secret.h"
#include "reference/gateway/records.h"

namespace sallyport::gateway {

// Which record a row is of: `provider`, `route`, `sandbox` with its name or id, and what there is
// one of (`registrations`, `policy`, `start`) with an empty key; `seed` (configured.h).
struct RowKey {
  std::string kind;
  std::string key;
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

struct Row {
  RowKey at;
  base::Secret value;
};

// What one operation does to the file.
struct RowChanges {
  std::vector<Row> put;
  std::vector<RowKey> gone;
  bool forgets = false;  // a credential's value is not to be found any more

  [[nodiscard]] bool empty() const { return put.empty() && gone.empty(); }
};

// What the configuration said when it was last read, by record: `provider/main`; a fingerprint.
using Seeds = std::map<std::string, std::string>;

struct Kept {
  State state;
  Seeds seeds;
};

// From one to the other, nothing twice.
[[nodiscard]] RowChanges changes(const State& from, const State& to);
// The same of seeds, to be stored with `all`.
void add_changes(const Seeds& from, const Seeds& to, RowChanges& all);

// False: damaged, or of no kind that is known; `into` is then as it was.
[[nodiscard]] bool read_row(const Row& row, Kept& into);

// What the configuration says, record by record. Versions and times are no part of it.
[[nodiscard]] Seeds seeds_of(const State& configured);

}  // namespace sallyport::gateway
