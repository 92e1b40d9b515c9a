// What the gateway answers, as JSON of our own and as lines for people. Pure.
#pragma once

#include <string>

namespace openshell::datamodel::v1 {
class Provider;
}
namespace openshell::v1 {
class Sandbox;
}

namespace sallyport::gateway {

// A text and the JSON that says the same.
struct Shown {
  std::string json;
  std::string text;
};

// Credentials by their names.
[[nodiscard]] Shown show(const openshell::datamodel::v1::Provider& provider);
[[nodiscard]] Shown show(const openshell::v1::Sandbox& sandbox);
// A SetInferenceRouteResponse or GetInferenceRouteResponse.
template <class Response>
[[nodiscard]] Shown show_route(const Response& route);

// In quotes, escaped.
[[nodiscard]] std::string quoted(const std::string& text);

}  // namespace sallyport::gateway
