#include "reference/gateway/sandbox_rules.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "openshell/v1/openshell.pb.h"

namespace sallyport::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::array<std::string_view, 3> kServed{"spec", "name", "workspace"};
constexpr std::array<std::string_view, 2> kServedOfSpec{"policy", "providers"};

std::optional<std::string> unserved(const Message& message, std::string_view prefix,
                                    std::span<const std::string_view> served) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> stated;
  reflection.ListFields(message, &stated);
  for (const FieldDescriptor* const field : stated) {
    if (std::find(served.begin(), served.end(), field->name()) == served.end()) {
      return fmt::format("{}{}", prefix, field->name());
    }
  }
  const auto& unknown = reflection.GetUnknownFields(message);
  if (unknown.empty()) return std::nullopt;
  return fmt::format("{}field {}", prefix, unknown.field(0).number());
}

bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::optional<std::string> sandbox_name_fault(std::string_view name) {
  const bool sound =
      !name.empty() && name.size() <= kSandboxNameBytesMax && is_plain(name.front()) &&
      is_plain(name.back()) &&
      std::all_of(name.begin(), name.end(), [](char c) { return is_plain(c) || c == '-'; });
  if (sound) return std::nullopt;
  return fmt::format("a sandbox's name is 1 to {} of a to z, 0 to 9 and '-', with no '-' at an end",
                     kSandboxNameBytesMax);
}

std::optional<std::string> unserved_part(const openshell::v1::CreateSandboxRequest& request) {
  if (auto part = unserved(request, "", kServed)) return part;
  return unserved(request.spec(), "spec.", kServedOfSpec);
}

}  // namespace sallyport::gateway
