// What the gateway answers, as JSON of our own, and as text for people. Pure; credentials by their
// names, whatever the gateway says of their values.
#pragma once

#include <string>
#include <vector>

namespace google::protobuf {
template <typename Element>
class RepeatedPtrField;
}
namespace openshell::datamodel::v1 {
class Provider;
}
namespace openshell::inference::v1 {
class GetInferenceRouteResponse;
class SetInferenceRouteResponse;
}  // namespace openshell::inference::v1
namespace openshell::v1 {
class GetSandboxPolicyStatusResponse;
class Sandbox;
}  // namespace openshell::v1

namespace sallyport::gateway {

// A text and the JSON that says the same.
struct Shown {
  std::string json;
  std::string text;
};

[[nodiscard]] Shown show(const openshell::datamodel::v1::Provider& provider);
[[nodiscard]] Shown show_all(
    const google::protobuf::RepeatedPtrField<openshell::datamodel::v1::Provider>& providers);

// With its policy: what the supervisor made of it, once it has said so.
[[nodiscard]] Shown show(const openshell::v1::Sandbox& sandbox);
[[nodiscard]] Shown show_all(
    const google::protobuf::RepeatedPtrField<openshell::v1::Sandbox>& sandboxes);
[[nodiscard]] Shown show(const openshell::v1::GetSandboxPolicyStatusResponse& status);

// With the endpoints that were asked before it was stored.
[[nodiscard]] Shown show(const openshell::inference::v1::SetInferenceRouteResponse& route);
[[nodiscard]] Shown show_all(
    const std::vector<openshell::inference::v1::GetInferenceRouteResponse>& routes);

// In quotes, escaped.
[[nodiscard]] std::string quoted(const std::string& text);

}  // namespace sallyport::gateway
