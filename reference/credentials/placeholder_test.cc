#include "reference/credentials/placeholder.h"

#include <gtest/gtest.h>

#include "reference/credentials/store.h"

namespace sallyport::credentials {
namespace {

TEST(Placeholder, IsReadAsItWasWritten) {
  const std::string token = write_placeholder(18'446'744'073'709'551'615ULL, "OPENAI_API_KEY");
  EXPECT_EQ(token, "openshell:resolve:env:v18446744073709551615_OPENAI_API_KEY");
  const auto read = read_placeholder(token);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->revision, 18'446'744'073'709'551'615ULL);
  EXPECT_EQ(read->key, "OPENAI_API_KEY");
}

TEST(Placeholder, IsReadInTheFormWithARevisionAlone) {
  for (const char* const token :
       {"openshell:resolve:env:KEY", "openshell:resolve:env:", "openshell:resolve:env:v1_",
        "openshell:resolve:env:v_KEY", "openshell:resolve:env:v01_KEY",
        "openshell:resolve:env:v18446744073709551616_KEY", "openshell:resolve:env:v-1_KEY",
        "openshell:resolve:env:v1_KE-Y", "openshell:resolve:env:V1_KEY",
        "OPENSHELL:RESOLVE:ENV:v1_KEY", "xOPENSHELL-RESOLVE-ENV-KEY",
        "openshell:resolve:env:"
        "s0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef_KEY"}) {
    EXPECT_FALSE(read_placeholder(token)) << token;
  }
}

TEST(Placeholder, EndsWhereItsKeyEnds) {
  EXPECT_EQ(token_size("openshell:resolve:env:v1_KEY"), 28U);
  EXPECT_EQ(token_size("openshell:resolve:env:v1_KEY:rest"), 28U);
  EXPECT_EQ(token_size("openshell:resolve:env:"), 22U);
}

TEST(Placeholder, IsFoundInEveryFormAndPercentEncodedOnce) {
  EXPECT_TRUE(holds_placeholder("x openshell:resolve:env:KEY"));
  EXPECT_TRUE(holds_placeholder("sk-OPENSHELL-RESOLVE-ENV-KEY"));
  EXPECT_TRUE(holds_placeholder("/a?k=openshell%3Aresolve%3aenv:v1_KEY"));
  EXPECT_TRUE(holds_placeholder("%6fpenshell:resolve:env:"));
  EXPECT_FALSE(holds_placeholder("openshell%253Aresolve%253Aenv%253AKEY"));
  EXPECT_FALSE(holds_placeholder("OpenShell:resolve:env:KEY"));
  EXPECT_FALSE(holds_placeholder("openshell:resolve"));
  EXPECT_FALSE(holds_placeholder("100% of % and %2 and %zz"));
}

TEST(Placeholder, IsNotForKeysThatReadAsAnothers) {
  EXPECT_TRUE(is_usable_key("OPENAI_API_KEY"));
  EXPECT_TRUE(is_usable_key("v_KEY"));
  EXPECT_TRUE(is_usable_key("version_KEY"));
  EXPECT_TRUE(is_usable_key("sKEY_1"));
  EXPECT_FALSE(is_usable_key("v1_KEY"));
  EXPECT_FALSE(is_usable_key("s" + std::string(64, 'a') + "_KEY"));
  EXPECT_FALSE(is_usable_key(""));
  EXPECT_FALSE(is_usable_key("KEY-1"));
  EXPECT_FALSE(is_usable_key("KEY\n"));
}

TEST(Placeholder, IsMalformedInATargetWithoutAKeyOrAnAliasPrefix) {
  EXPECT_TRUE(holds_malformed_placeholder("/openshell:resolve:env:"));
  EXPECT_TRUE(holds_malformed_placeholder("/a?k=openshell:resolve:env:-KEY"));
  EXPECT_TRUE(holds_malformed_placeholder("/openshell%3Aresolve%3Aenv%3A/KEY"));
  EXPECT_TRUE(holds_malformed_placeholder("/OPENSHELL-RESOLVE-ENV-KEY"));
  EXPECT_TRUE(holds_malformed_placeholder("/sk-OPENSHELL-RESOLVE-ENV-"));
  EXPECT_FALSE(holds_malformed_placeholder("/openshell:resolve:env:KEY"));
  EXPECT_FALSE(holds_malformed_placeholder("/openshell:resolve:env:v1_KEY/x?y"));
  EXPECT_FALSE(holds_malformed_placeholder("/?k=sk-OPENSHELL-RESOLVE-ENV-KEY"));
  EXPECT_FALSE(holds_malformed_placeholder("/v1/models?x=%zz"));
}

TEST(Placeholder, IsNeverPartOfARedactedPath) {
  EXPECT_EQ(redact_path("/v1/models"), "/v1/models");
  EXPECT_EQ(redact_path("/100%"), "/100%");
  EXPECT_EQ(redact_path("/botopenshell:resolve:env:v1_KEY/send"), "/bot[CREDENTIAL]/send");
  EXPECT_EQ(redact_path("/openshell:resolve:env:KEY.openshell:resolve:env:v2_B"),
            "/[CREDENTIAL].[CREDENTIAL]");
  EXPECT_EQ(redact_path("/a/x-OPENSHELL-RESOLVE-ENV-KEY/b"), "/a/[CREDENTIAL]/b");
  EXPECT_EQ(redact_path("/a/y%6fpenshell:resolve:env:KEY/b"), "/a/[CREDENTIAL]/b");
  EXPECT_EQ(redact_path("/openshell:resolve:env:/"), "/[CREDENTIAL]/");
}

}  // namespace
}  // namespace sallyport::credentials
