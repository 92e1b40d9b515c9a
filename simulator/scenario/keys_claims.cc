// The tables of selectors, matchers and claims.
#include <algorithm>
#include <array>
#include <map>

#include "reference/base/check.h"
#include "simulator/scenario/keys_shapes.h"

namespace sallyport::sim::scenario::keys {

using namespace shapes;

namespace {

constexpr std::array<std::string_view, 9> kQuestions{
    "count", "never", "always", "eventually", "ordered", "span", "same", "differs", "checker"};
constexpr std::array<std::string_view, 7> kCheckers{
    "credential_epochs", "generation_monotonic", "forwarded_once", "stream_prefix",
    "chain_order",       "audit_complete",       "resources_flat"};

constexpr std::string_view kEvent = "^[a-z][a-z0-9_]*\\.[a-z_]+$|\\$\\(";

Key step_of_run(std::string_view name, std::string_view meaning) {
  return key(name, shapes::name(), "the whole run", meaning, "a step");
}

Key witness_key(bool must) {
  Key key = shapes::key(
      "witness", either({text(kEvent), map(keys::witness)}), "none, where zero wouldn't do",
      "The event that shows that the situation came about", "a selector, perhaps with `at_least`");
  key.needed = must;
  key.lack =
      "a never holds for an empty journal, so it needs a \"witness\": an event that proves that "
      "the "
      "situation arose";
  return key;
}

Key least_key(std::string_view absent, std::string_view meaning) {
  return key("at_least", integer(), absent, meaning);
}

std::vector<Key> own_keys(std::string_view question) {
  constexpr std::string_view kSelector = "a selector";
  if (question == "count") {
    return {needed(question, a_selector(), "So many events fit", kSelector),
            key("is", integer(), "bounds", "Exactly so many"), least_key("none", "No fewer"),
            key("at_most", integer(), "none", "No more"), witness_key(false)};
  }
  if (question == "never") {
    return {needed(question, a_selector(), "None fits, up to the subject's end", kSelector),
            witness_key(true)};
  }
  if (question == "always") {
    return {needed(question, a_selector(), "Every one that is picked also has that", kSelector),
            needed("has", named(maps(a_matcher(), all_fields()), "fields"), "What it must have",
                   "map from field to matcher"),
            least_key("1", "So many must be picked")};
  }
  if (question == "eventually") {
    return {needed(question, a_selector(), "One comes in that time", kSelector),
            needed("within", bound(), "Counted from its `since` or the last step's end")};
  }
  if (question == "ordered") {
    return {needed(question, list(a_trigger(), 2),
                   "There is a chain of such events, each after the one before",
                   "list of selectors")};
  }
  if (question == "span") {
    return {needed(question, map(keys::span),
                   "So long passes from the first `from` to the next `to`", "`{from, to}`"),
            key("at_least", bound(), "none", "No shorter"),
            key("at_most", bound(), "none", "No longer")};
  }
  if (question == "same" || question == "differs") {
    return {needed(question, map(keys::compare),
                   question == "same" ? "Two steps of a cell, or the cells of an axis, agree"
                                      : "Two steps of a cell, or the cells of an axis, don't agree",
                   "`{fact, steps}`, or `{fact, across}`")};
  }
  return {needed("checker", word(kCheckers), "What the checker stands for", "a checker")};
}

std::vector<Key> arguments_of(std::string_view checker) {
  const Key provider = needed("provider", name(), "Whose exchanges", "a provider");
  if (checker == "credential_epochs" || checker == "forwarded_once") return {provider};
  if (checker == "stream_prefix") {
    return {needed("step", name(), "Who received it", "a step"), provider};
  }
  if (checker == "chain_order") {
    return {needed("middleware", list(name()), "The chain, in its order", "list of services"),
            key("provider", name(), "none", "Whose requests must all have been through the chain",
                "a provider")};
  }
  if (checker != "resources_flat") return {};
  return {needed("actor", name(), "The process", "an actor"),
          needed("step", name(), "While it repeats", "a step"),
          key("rss", size(), "`1MiB`", "It may grow by that"),
          key("fds", integer(), "0", "Its descriptors may grow by that")};
}

Key when_key() {
  return key("when", when_shape(), "all cells", "The cells that it is about",
             "`{AXIS: VALUE or [VALUES]}`");
}

Keys item_keys(std::string_view question, std::string_view what) {
  Keys keys{question, what, own_keys(question)};
  if (question == "checker") {
    for (const std::string_view checker : kCheckers) {
      for (Key& argument : arguments_of(checker)) {
        argument.needed = false;
        if (keys.find(argument.name) == nullptr) keys.keys.push_back(argument);
      }
    }
  }
  keys.keys.push_back(when_key());
  if (question == "count") keys.any = {"is", "at_least", "at_most"};
  if (question == "span") keys.any = {"at_least", "at_most"};
  return keys;
}

template <std::size_t N>
std::size_t place_of(const std::array<std::string_view, N>& words, std::string_view word) {
  const auto* const found = std::find(words.begin(), words.end(), word);
  CHECK(found != words.end());
  return static_cast<std::size_t>(found - words.begin());
}

}  // namespace

const Keys& selector() {
  static const Keys kKeys{
      "selector",
      "a selector",
      {needed("event", text(kEvent), "Which", "`SOURCE.KIND`"),
       key("where", named(maps(a_matcher(), all_fields()), "fields"), "any",
           "What its fields must be", "map from field to matcher"),
       step_of_run("since", "Only events after that step's `done`"),
       step_of_run("before", "Only events before that step's `start`"),
       key("nth", integer(1), "the first",
           "The N-th only; where a single event is meant: `after`, `abort`, `hold`, `until`, "
           "`await`, `ordered`, `span`")}};
  return kKeys;
}

const Keys& matcher() {
  const static Shape limit = either({integer(), size(), bound()});
  static const Keys kKeys{
      "matcher",
      "a matcher",
      {key("not", a_matcher(), "", "Doesn't fit that matcher", "a matcher"),
       key("contains", text(), "", "Has that text in it"),
       key("starts", text(), "", "Begins with that text"),
       key("ends", text(), "", "Ends with that text"),
       key("matches", text(), "", "Fits that RE2 pattern somewhere", "a pattern"),
       key("at_least", limit, "", "Isn't below", "an integer, a size or a bound"),
       key("at_most", limit, "", "Isn't above", "an integer, a size or a bound"),
       key("absent", boolean(), "", "Isn't there (`true`), is there (`false`)"),
       key("count", integer(), "", "Of header lines: that many"),
       key("equals", json(), "", "Of json: is the same value")}};
  return kKeys;
}

const Keys& witness() {
  static const Keys kKeys = [] {
    Keys keys = selector();
    keys.name = "witness";
    keys.what = "a witness";
    std::erase_if(keys.keys, [](const Key& key) { return key.name == "nth"; });
    keys.keys.push_back(key("at_least", integer(1), "1", "So many must fit"));
    return keys;
  }();
  return kKeys;
}

Words questions() { return kQuestions; }

const Keys& item(std::string_view question) {
  static const std::vector<std::string> kWhats = [] {
    std::vector<std::string> whats;
    for (const std::string_view one : kQuestions) {
      whats.push_back("a \"" + std::string(one) + "\" item");
    }
    return whats;
  }();
  static const std::vector<Keys> kTables = [] {
    std::vector<Keys> tables;
    for (std::size_t i = 0; i < kQuestions.size(); ++i) {
      tables.push_back(item_keys(kQuestions[i], kWhats[i]));
    }
    return tables;
  }();
  return kTables[place_of(kQuestions, question)];
}

const Keys& span() {
  static const Keys kKeys{
      "span",
      "a span",
      {needed("from", a_trigger(), "Its beginning"), needed("to", a_trigger(), "Its end")}};
  return kKeys;
}

const Keys& compare() {
  static const Keys kKeys{
      "compare",
      "a comparison",
      {needed("fact", text(), "What is compared", "a fact; with `across` `STEP.FACT`"),
       key("steps", list(name(), 2), "with `across`", "Two steps of one cell", "`[A, B]`"),
       key("across", name(), "with `steps`", "Cells that differ in that axis alone", "an axis")},
      {"steps", "across"},
      true};
  return kKeys;
}

Words checkers() { return kCheckers; }

const Keys& checker(std::string_view name) {
  static const std::vector<Keys> kTables = [] {
    std::vector<Keys> tables;
    for (const std::string_view one : kCheckers) {
      Keys keys{one, "a \"checker\" item", own_keys("checker")};
      for (Key& argument : arguments_of(one)) keys.keys.push_back(std::move(argument));
      keys.keys.push_back(when_key());
      tables.push_back(std::move(keys));
    }
    return tables;
  }();
  return kTables[place_of(kCheckers, name)];
}

std::string_view checker_breaks(std::string_view name) {
  constexpr static std::array<std::string_view, kCheckers.size()> kBreaks{
      "On one connection to it an older key after a newer; a key that is used after its `revoke`",
      "Decisions on one connection that go back to an older generation",
      "Two requests there of one exchange of a client",
      "The step received what isn't the beginning of what the provider sent it; an error event at "
      "the end is left aside",
      "A request's evaluations are incomplete or out of order",
      "An exchange has no terminal audit event, or two",
      "From the first tenth of the repetitions to the last the process grows by more"};
  return kBreaks[place_of(kCheckers, name)];
}

}  // namespace sallyport::sim::scenario::keys
