#include "reference/gateway/sandbox_rules.h"

#include <gtest/gtest.h>

#include <functional>

#include "openshell/v1/openshell.pb.h"

namespace sallyport::gateway {
namespace {

using openshell::v1::CreateSandboxRequest;

std::string unserved(const std::function<void(CreateSandboxRequest&)>& state) {
  CreateSandboxRequest request;
  request.set_name("a");
  request.set_workspace("default");
  request.mutable_spec()->add_providers("p");
  request.mutable_spec()->mutable_policy()->set_version(1);
  state(request);
  return unserved_part(request).value_or("all is served");
}

TEST(SandboxRules, TakesOneLabelOfAHostName) {
  for (const char* name : {"a", "7", "sb-1", "a--b"})
    EXPECT_FALSE(sandbox_name_fault(name)) << name;
  EXPECT_FALSE(sandbox_name_fault(std::string(63, 'a')));
}

TEST(SandboxRules, RefusesAnyOtherName) {
  for (const char* name : {"", "-a", "a-", "A", "a.b", "a_b", "a b", "a/b", "\xc3\xa4", "a\n"}) {
    EXPECT_TRUE(sandbox_name_fault(name)) << name;
  }
  EXPECT_TRUE(sandbox_name_fault(std::string(64, 'a')));
  EXPECT_TRUE(sandbox_name_fault(std::string_view("a\0b", 3)));
}

TEST(SandboxRules, ServesTheNameThePolicyAndTheProviders) {
  EXPECT_EQ(unserved([](auto&) {}), "all is served");
}

TEST(SandboxRules, NamesWhatNobodyWouldHeed) {
  using Request = CreateSandboxRequest;
  EXPECT_EQ(unserved([](Request& r) { (*r.mutable_labels())["k"] = "v"; }), "labels");
  EXPECT_EQ(unserved([](Request& r) { (*r.mutable_annotations())["k"] = "v"; }), "annotations");
  EXPECT_EQ(unserved([](Request& r) { r.mutable_spec()->set_log_level("debug"); }),
            "spec.log_level");
  EXPECT_EQ(unserved([](Request& r) { (*r.mutable_spec()->mutable_environment())["K"] = "v"; }),
            "spec.environment");
  EXPECT_EQ(unserved([](Request& r) { r.mutable_spec()->mutable_template_(); }), "spec.template");
  EXPECT_EQ(unserved([](Request& r) { r.mutable_spec()->mutable_resource_requirements(); }),
            "spec.resource_requirements");
  EXPECT_EQ(unserved([](Request& r) { r.mutable_spec()->add_command("sh"); }), "spec.command");
  EXPECT_EQ(unserved([](Request& r) { r.mutable_spec()->set_tty(true); }), "spec.tty");
}

TEST(SandboxRules, NamesAMemberOfANewerContractByItsNumber) {
  EXPECT_EQ(unserved([](CreateSandboxRequest& request) {
              request.mutable_spec()->mutable_policy()->Clear();
              std::string octets = request.spec().SerializeAsString();
              octets += "\xa0\x06\x01";  // field 100, 1
              ASSERT_TRUE(request.mutable_spec()->ParseFromString(octets));
            }),
            "spec.field 100");
}

}  // namespace
}  // namespace sallyport::gateway
