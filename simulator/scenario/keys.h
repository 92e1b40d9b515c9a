// The language's own tables: what each map of a scenario may hold, how the values are written, what
// goes without saying, and what it means. The loader reads maps by them (reader.h refuses to look
// for a key that they don't have), and the JSON Schema (schema.h) and the page (reference_page.h)
// are made from them. Values that live as long as the program. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/scenario/words.h"

namespace sallyport::sim::scenario {

using Words = std::span<const std::string_view>;

struct Keys;

// How a value is written.
struct Shape {
  enum class Kind {
    text,     // perhaps of `pattern`
    word,     // one of `words`
    integer,  // not below `least`
    boolean,
    duration,
    size,
    octets,  // a size, or the bare number
    rate,
    byte_rate,  // a size a second, 64KiB/s
    address,
    endpoint,  // an address and a port
    cidr,      // an address with its prefix
    bound,
    json,
    name,      // of a host, actor, step or axis
    selector,  // of events
    trigger,   // a selector that may pick the N-th
    matcher,
    facts,  // matchers by some of `fields`
    matrix,
    pairs,     // a map from name to text, or to several
    document,  // a map of anything: a policy
    step,      // by its verb
    claim,     // an item of `expect`, by its question
    map,       // by `keys`
    maps,      // from keys of the author's own (of `pattern`), or some of `words`, to parts[0]
    list,      // of parts[0]
    either,    // what one of `parts` is
  };
  Kind kind = Kind::text;
  std::string_view name = {};  // of its definition in the schema, if it has one of its own
  Words words = {};
  std::span<const Field> fields = {};
  std::uint64_t least = 0;
  const Keys& (*keys)() = nullptr;
  bool partial = false;           // of `map`: merged into one that is there, so nothing is needed
  std::string_view pattern = {};  // RE2 and ECMAScript alike
  std::vector<Shape> parts = {};
};

struct Key {
  std::string_view name;
  Shape shape;
  std::string_view value;    // how the page writes the value; may hold Markdown
  std::string_view absent;   // what its absence means; empty where `needed`
  std::string_view meaning;  // a sentence without its period
  bool needed = false;
  std::string_view lack = {};  // of `needed`: the complaint, where "a host needs ..." won't do
};

struct Keys {
  std::string_view name;  // of the definition in the schema: "provider"
  std::string_view what;  // in complaints: "a provider"
  std::vector<Key> keys;
  // At most one of these stands in a map.
  std::vector<std::string_view> alone = {};
  bool one = false;                        // of `alone`: exactly one stands there
  std::vector<std::string_view> any = {};  // at least one of these stands there

  [[nodiscard]] const Key* find(std::string_view key) const;
  [[nodiscard]] std::vector<std::string_view> names() const;
  // The words of a key that is written as one; empty for others.
  [[nodiscard]] Words words_of(std::string_view key) const;
};

namespace keys {

// --- the file ---------------------------------------------------------------------------------
[[nodiscard]] const Keys& scenario();
[[nodiscard]] const Keys& included();  // a file that a scenario includes
[[nodiscard]] const Keys& requirement();
[[nodiscard]] const Keys& known_issue();
[[nodiscard]] const Keys& yields();
[[nodiscard]] const Keys& need();  // {command, version}

// --- the world --------------------------------------------------------------------------------
[[nodiscard]] const Keys& host();
[[nodiscard]] const Keys& network();
[[nodiscard]] const Keys& firewall_rule();
[[nodiscard]] const Keys& name_answer();  // {sequence}

// --- actors -----------------------------------------------------------------------------------
[[nodiscard]] const Keys& provider();
[[nodiscard]] const Keys& record();
[[nodiscard]] const Keys& answer();
[[nodiscard]] const Keys& sse();
[[nodiscard]] const Keys& sse_hold();
[[nodiscard]] const Keys& sse_cut();
[[nodiscard]] const Keys& body_cut();
[[nodiscard]] const Keys& move();             // of `raw`, where it is a map
[[nodiscard]] const Keys& websocket_move();   // the same of `websocket`
[[nodiscard]] const Keys& websocket_bytes();  // {hex}
[[nodiscard]] const Keys& middleware();
[[nodiscard]] const Keys& describe();
[[nodiscard]] const Keys& binding();
[[nodiscard]] const Keys& verdict();
[[nodiscard]] const Keys& entry();
[[nodiscard]] const Keys& header_change();
[[nodiscard]] const Keys& finding();
[[nodiscard]] const Keys& fill();
[[nodiscard]] const Keys& decoy();
[[nodiscard]] const Keys& gateway();
[[nodiscard]] const Keys& supervisor();
[[nodiscard]] const Keys& rlimits();
[[nodiscard]] const Keys& inference();

// --- steps ------------------------------------------------------------------------------------
// Every verb, in the order in which they are tried and told.
[[nodiscard]] Words verbs();
// A step of that verb: the verb itself, its fields, the modifiers. `verb` must be one.
[[nodiscard]] const Keys& step(std::string_view verb);
// What stands beside any verb, beside client verbs, and beside those that repeat; for the page.
[[nodiscard]] const Keys& modifiers();
[[nodiscard]] const Keys& client_modifiers();
[[nodiscard]] const Keys& repeat_modifiers();
[[nodiscard]] const Keys& client_tls();
[[nodiscard]] const Keys& tool();
[[nodiscard]] const Keys& gate_setup();
[[nodiscard]] const Keys& gate_limits();
[[nodiscard]] const Keys& gate_result();  // of `exec`
// Kinds of fault; and the fields of one that stand beside `target`. `kind` must be one.
struct FaultKeys {
  std::string_view kind;
  std::string_view target;  // what it may be; for the page
  std::vector<std::string_view> fields;
  std::vector<std::string_view> needed;
  std::string_view meaning;
};
[[nodiscard]] std::span<const FaultKeys> faults();
[[nodiscard]] Words fault_kinds();

// --- selectors, matchers, claims --------------------------------------------------------------
[[nodiscard]] const Keys& selector();
[[nodiscard]] const Keys& matcher();
[[nodiscard]] const Keys& witness();
// Every question that an item of `expect` can ask.
[[nodiscard]] Words questions();
// An item with that question, its own key and `when` among them. `question` must be one. For
// `checker` it has the arguments of all.
[[nodiscard]] const Keys& item(std::string_view question);
[[nodiscard]] const Keys& span();     // {from, to}
[[nodiscard]] const Keys& compare();  // of `same` and `differs`
[[nodiscard]] Words checkers();
// An item with that checker: `checker`, its arguments, `when`.
[[nodiscard]] const Keys& checker(std::string_view name);
// What breaks it; for the page.
[[nodiscard]] std::string_view checker_breaks(std::string_view name);

// Every table but those of single verbs, questions and checkers.
[[nodiscard]] const std::vector<const Keys*>& all();

}  // namespace keys

}  // namespace sallyport::sim::scenario
