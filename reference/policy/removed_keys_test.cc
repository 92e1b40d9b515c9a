#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/policy/loader.h"

namespace sallyport::policy {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string complaints_of(const std::string& text) {
  base::Diagnostics complaints;
  EXPECT_FALSE(load_policy_text("version: 1\n" + text, "p.yaml", complaints));
  return complaints.to_string();
}

TEST(RemovedKeys, OfInferenceAreRefusedWithWhatToWriteInstead) {
  EXPECT_THAT(complaints_of("inference:\n  allowed_routes: [local]\n  api_patterns: []\n"),
              AllOf(HasSubstr("p.yaml:2:1: \"inference\" was removed from policies"),
                    HasSubstr("p.yaml:3:3: \"allowed_routes\" was removed"),
                    HasSubstr("p.yaml:4:3: \"api_patterns\" was removed"),
                    HasSubstr("https://inference.local"), HasSubstr("docs/migrating.md")));
}

TEST(RemovedKeys, AreToldWhateverTheirValueIs) {
  EXPECT_THAT(complaints_of("inference: none\n"), HasSubstr("\"inference\" was removed"));
}

TEST(RemovedKeys, OfInspectionAreRefusedWhereverTheyStood) {
  EXPECT_THAT(complaints_of("inspect_for_inference: true\n"),
              HasSubstr("p.yaml:2:1: \"inspect_for_inference\" was removed"));
  EXPECT_THAT(complaints_of("network_policies:\n  a:\n    inspect_for_inference: true\n"
                            "    endpoints: [{host: a.test, port: 443}]\n"),
              HasSubstr("p.yaml:4:5: \"inspect_for_inference\" was removed"));
  EXPECT_THAT(complaints_of("network_policies:\n  a:\n    endpoints:\n"
                            "      - {host: a.test, port: 443, inspect_for_inference: true}\n"),
              HasSubstr("p.yaml:5:35: \"inspect_for_inference\" was removed"));
}

}  // namespace
}  // namespace sallyport::policy
