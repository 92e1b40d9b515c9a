// Short spellings of shapes and keys, for the files that hold the tables (keys_*.cc) alone.
#pragma once

#include <initializer_list>
#include <utility>

#include "simulator/scenario/keys.h"
#include "simulator/scenario/words.h"

namespace sallyport::sim::scenario::keys::shapes {

inline Shape of(Shape::Kind kind) { return {.kind = kind}; }
inline Shape text(std::string_view pattern = {}) {
  return {.kind = Shape::Kind::text, .pattern = pattern};
}
inline Shape integer(std::uint64_t least = 0) {
  return {.kind = Shape::Kind::integer, .least = least};
}
inline Shape boolean() { return of(Shape::Kind::boolean); }
inline Shape duration() { return of(Shape::Kind::duration); }
inline Shape size() { return of(Shape::Kind::size); }
inline Shape octets() { return of(Shape::Kind::octets); }
inline Shape address() { return of(Shape::Kind::address); }
inline Shape endpoint() { return of(Shape::Kind::endpoint); }
inline Shape cidr() { return of(Shape::Kind::cidr); }
inline Shape bound() { return of(Shape::Kind::bound); }
inline Shape json() { return of(Shape::Kind::json); }
inline Shape name() { return of(Shape::Kind::name); }
inline Shape a_selector() { return of(Shape::Kind::selector); }
inline Shape a_trigger() { return of(Shape::Kind::trigger); }
inline Shape a_matcher() { return of(Shape::Kind::matcher); }
// `name`: of its definition in the schema.
inline Shape facts(std::span<const Field> fields, std::string_view name) {
  return {.kind = Shape::Kind::facts, .name = name, .fields = fields};
}
inline Shape named(Shape shape, std::string_view name) {
  shape.name = name;
  return shape;
}
inline Shape pairs() { return of(Shape::Kind::pairs); }
// Of words that live as long as the program.
inline Shape word(Words words) { return {.kind = Shape::Kind::word, .words = words}; }
inline Shape map(const Keys& (*keys)()) { return {.kind = Shape::Kind::map, .keys = keys}; }
// Merged into one that is there.
inline Shape part(const Keys& (*keys)()) {
  return {.kind = Shape::Kind::map, .keys = keys, .partial = true};
}
inline Shape list(Shape item, std::uint64_t least = 0) {
  return {.kind = Shape::Kind::list, .least = least, .parts = {std::move(item)}};
}
inline Shape maps(Shape value, Words words = {}, std::string_view pattern = {}) {
  return {
      .kind = Shape::Kind::maps, .words = words, .pattern = pattern, .parts = {std::move(value)}};
}
inline Shape either(std::vector<Shape> parts) {
  return {.kind = Shape::Kind::either, .parts = std::move(parts)};
}
// A text, or a list of them.
inline Shape texts(std::string_view pattern = {}) {
  return either({text(pattern), list(text(pattern))});
}
// An answer of the name server; in a step also `none`, which takes the name away.
Shape zone_answer();
// A policy, or the path of one.
Shape policy_document();
// {AXIS: VALUE or [VALUES]}
Shape when_shape();
// Moves that are a word: of a raw script, of a WebSocket's.
Shape raw_word();
Shape websocket_word();
// `none`, or what `shape` says.
Shape none_or(Shape shape);
// The fields of a `gate` step.
std::vector<Key> gate_keys();
// All fields that some event of these sources has.
std::vector<std::string_view> fields_of_sources(std::initializer_list<SourceType> sources);
Words all_fields();  // that some event has
// A map of actors, hosts, steps: by the author's own names.
inline Shape named(Shape value) { return maps(std::move(value), {}, "^[a-z][a-z0-9_]{0,39}$"); }

// `absent`: what it means that the key isn't there. `value`: where the shape doesn't tell enough.
inline Key key(std::string_view name, Shape shape, std::string_view absent,
               std::string_view meaning, std::string_view value = {}) {
  return {.name = name,
          .shape = std::move(shape),
          .value = value,
          .absent = absent,
          .meaning = meaning};
}
inline Key needed(std::string_view name, Shape shape, std::string_view meaning,
                  std::string_view value = {}) {
  Key out = key(name, std::move(shape), {}, meaning, value);
  out.needed = true;
  return out;
}

}  // namespace sallyport::sim::scenario::keys::shapes
