#include "reference/policy/overlap.h"

#include <cstddef>
#include <vector>

namespace sallyport::policy {
namespace {

bool same(char a, char b) { return a == b || a == '?' || b == '?'; }

}  // namespace

bool stars_overlap(std::string_view one, std::string_view two) {
  // meets[j]: what is left of `one` and `two` from j on have a text in common.
  std::vector<bool> meets(two.size() + 1, false);
  std::vector<bool> next;
  for (std::size_t i = one.size() + 1; i-- > 0;) {
    next = meets;  // of i + 1
    for (std::size_t j = two.size() + 1; j-- > 0;) {
      const bool one_ends = i == one.size();
      const bool two_ends = j == two.size();
      bool found = one_ends && two_ends;
      if (!one_ends && one[i] == '*') {
        found = next[j] || (!two_ends && meets[j + 1]);
      } else if (!two_ends && two[j] == '*') {
        found = meets[j + 1] || (!one_ends && next[j]);
      } else if (!one_ends && !two_ends && same(one[i], two[j])) {
        found = next[j + 1];
      }
      meets[j] = found;
    }
  }
  return meets[0];
}

}  // namespace sallyport::policy
