// Queries over events: matchers of one value, selectors of events. Pure. Texts inside may hold
// variables ($(step.nonce)) until expand() has replaced them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/diagnostics.h"
#include "simulator/journal/event.h"

namespace sallyport::sim::journal {

// Resolves a variable's name (`step.nonce`, `api.url`); nothing when it isn't known (yet).
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

// Replaces every $(NAME) that `lookup` knows and leaves the others; `$$(` becomes `$(` only when
// `final` is set (the last expansion of a text).
[[nodiscard]] std::string expand(std::string_view text, const Lookup& lookup, bool final);

// All parts that are set must hold. An absent value satisfies only `absent: true` and `not_`.
struct Matcher {
  std::vector<std::string> equals_any;  // a scalar, or a list of them; numbers numerically
  bool has_equals = false;
  std::shared_ptr<Matcher> not_;
  std::optional<std::string> contains, starts, ends, matches;  // matches: RE2, anywhere
  std::optional<bool> absent;
  // Integer, or a bound already brought to the field's unit (nanoseconds for durations, octets).
  std::optional<std::int64_t> at_least, at_most;
  std::optional<std::int64_t> count;  // of header lines
  std::optional<Json> equals_json;
  // For `headers: {name: MATCHER}` and `json: {/pointer: MATCHER}`.
  std::map<std::string, Matcher> members;
  base::Mark mark;  // where it is written
  std::string file;
  std::optional<base::Mark> record_mark;  // the matrix record that its value came from
  std::string record_file;                // and its file, if that is another
  // at_least, at_most and numbers in equals_any are times: --slow multiplies the two bounds.
  bool time = false;
};

// Whether `value` (null: absent) fits. `members` of a HeaderList look up lines by name
// (case-insensitive); of a Json (or a text holding JSON) by pointer.
[[nodiscard]] bool fits(const Value* value, const Matcher& matcher);

// For messages: `404`, `one of ok, refused`, `contains "x"` ... and a value, shortened.
[[nodiscard]] std::string describe(const Matcher& matcher);
[[nodiscard]] std::string describe(const Value* value);

[[nodiscard]] Matcher expand(const Matcher& matcher, const Lookup& lookup);

// Why RE2 refuses `pattern`; nothing when it takes it.
[[nodiscard]] std::optional<std::string> pattern_error(const std::string& pattern);

struct Selector {
  // SOURCE: a name, or `providers`, `decoys`, `supervisors`, `middleware` for any of that type.
  std::string source;
  std::string kind;
  std::map<std::string, Matcher> where;
  std::string since;      // a step: only after its `done`
  std::string before;     // a step: only before its `start`
  std::uint64_t nth = 0;  // 0: any
  base::Mark mark;
  std::string file;

  [[nodiscard]] std::string to_string() const;  // `api.request where {step: call}`
};

[[nodiscard]] Selector expand(const Selector& selector, const Lookup& lookup);

// Whether the event itself fits (source, kind, where); since, before and nth need the journal.
// `lenient_step`: an event whose step couldn't be told fits any `step` (for `never`).
[[nodiscard]] bool fits(const Event& event, const Selector& selector, bool lenient_step = false);

// How many of the selector's conditions `event` misses, and which (`status is 403, not 200`);
// meaningful for events of the same kind.
struct Miss {
  int fields = 0;
  std::string text;
};
[[nodiscard]] Miss misses(const Event& event, const Selector& selector);

}  // namespace sallyport::sim::journal
