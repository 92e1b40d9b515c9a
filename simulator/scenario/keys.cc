#include "simulator/scenario/keys.h"

#include <algorithm>
#include <array>

#include "simulator/scenario/keys_shapes.h"

namespace sallyport::sim::scenario {

const Key* Keys::find(std::string_view key) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& each) { return each.name == key; });
  return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string_view> Keys::names() const {
  std::vector<std::string_view> names;
  for (const Key& key : keys) names.push_back(key.name);
  return names;
}

Words Keys::words_of(std::string_view key) const {
  const Key* const known = find(key);
  if (known == nullptr) return {};
  if (known->shape.kind == Shape::Kind::word) return known->shape.words;
  for (const Shape& part : known->shape.parts) {
    if (part.kind == Shape::Kind::word) return part.words;
  }
  return {};
}

namespace keys {

const std::vector<const Keys*>& all() {
  static const std::vector<const Keys*> kAll{&scenario(),
                                             &included(),
                                             &requirement(),
                                             &known_issue(),
                                             &yields(),
                                             &need(),
                                             &host(),
                                             &network(),
                                             &firewall_rule(),
                                             &name_answer(),
                                             &provider(),
                                             &record(),
                                             &answer(),
                                             &sse(),
                                             &sse_hold(),
                                             &sse_cut(),
                                             &body_cut(),
                                             &move(),
                                             &websocket_move(),
                                             &websocket_bytes(),
                                             &middleware(),
                                             &describe(),
                                             &binding(),
                                             &verdict(),
                                             &entry(),
                                             &header_change(),
                                             &finding(),
                                             &fill(),
                                             &decoy(),
                                             &gateway(),
                                             &supervisor(),
                                             &rlimits(),
                                             &inference(),
                                             &modifiers(),
                                             &client_modifiers(),
                                             &repeat_modifiers(),
                                             &client_tls(),
                                             &tool(),
                                             &gate_setup(),
                                             &gate_limits(),
                                             &gate_result(),
                                             &selector(),
                                             &matcher(),
                                             &witness(),
                                             &span(),
                                             &compare()};
  return kAll;
}

}  // namespace keys

namespace keys::shapes {
namespace {

constexpr std::array<std::string_view, 1> kNone{"none"};
constexpr std::array<std::string_view, 3> kRawWords{"half_close", "close", "reset"};
constexpr std::array<std::string_view, 2> kWebSocketWords{"reset", "echo"};

}  // namespace

Shape policy_document() { return either({text(), of(Shape::Kind::document)}); }

Shape when_shape() { return maps(texts()); }

Shape raw_word() { return word(kRawWords); }

Shape websocket_word() { return word(kWebSocketWords); }

Shape none_or(Shape shape) {
  if (shape.kind != Shape::Kind::either) return either({word(kNone), std::move(shape)});
  shape.parts.insert(shape.parts.begin(), word(kNone));
  return shape;
}

std::vector<std::string_view> fields_of_sources(std::initializer_list<SourceType> sources) {
  std::vector<std::string_view> names;
  const auto add = [&](std::string_view name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const SourceType source : sources) {
    for (const Kind& kind : kinds_of(source)) {
      for (const Field& field : kind.fields) add(field.name);
    }
  }
  for (const Field& field : common_fields()) add(field.name);
  return names;
}

Words all_fields() {
  static const std::vector<std::string_view> kNames = fields_of_sources(
      {SourceType::provider, SourceType::decoy, SourceType::dns, SourceType::supervisor,
       SourceType::request, SourceType::run, SourceType::control, SourceType::middleware,
       SourceType::gateway, SourceType::fault, SourceType::websocket, SourceType::rule,
       SourceType::gate});
  return kNames;
}

}  // namespace keys::shapes

}  // namespace sallyport::sim::scenario
