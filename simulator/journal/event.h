// One thing that happened in a world, as the journal keeps it. Values only: no actor is reachable
// from an event. Which kinds a source has, and their fields, is the scenario reference's section 9.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "reference/base/clock.h"

namespace sallyport::sim::journal {

// Header lines in wire order, names as sent.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

// A JSON document as text; compared and pointed into by value, never by spelling.
struct Json {
  std::string text;
  friend bool operator==(const Json&, const Json&) = default;
};

// A text (bytes), a number (also nanoseconds, for durations), header lines, or a JSON document.
using Value = std::variant<std::string, std::int64_t, HeaderList, Json>;

using Fields = std::map<std::string, Value, std::less<>>;

struct Event {
  base::TimePoint at{};        // when it happened, where it happened
  std::uint64_t sequence = 0;  // order of arrival in the journal, from 1
  std::string source;          // actor, step or `dns`
  std::string source_type;     // provider, decoy, dns, supervisor, gateway, step, rule, middleware
  std::string kind;            // connection, request, audit ...
  std::string step;            // the step that caused it; empty when it couldn't be told
  std::string connection;      // ACTOR#N; empty where there is none
  std::uint64_t index = 0;     // from 1, by kind and connection (by kind and source without one)
  std::string from;            // host at the other end; empty when unknown
  Fields fields;
  bool late = false;  // read from a log, not stamped where it happened

  // A field by the name that selectors use (also `step`, `connection`, `index`, `from`); null when
  // absent. The pointer lives as long as the event.
  [[nodiscard]] const Value* find(std::string_view name) const;

  // What find() has lent of the members above; nobody else's.
  mutable Fields lent;
};

}  // namespace sallyport::sim::journal
