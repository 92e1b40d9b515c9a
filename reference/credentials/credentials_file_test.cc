#include "reference/credentials/credentials_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace sallyport::credentials {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const Endpoint kApi{"api.example", 443, "/v1/a"};

class CredentialsFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "credentials-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    for (const std::string& file : files_) ::unlink(file.c_str());
    ::rmdir(folder_.c_str());
  }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    files_.push_back(path);
    return path;
  }
  std::optional<Store> load(const std::string& text, mode_t mode = 0600) {
    const std::string path = write("credentials.yaml", text, mode);
    const Variables variables = [](std::string_view name) {
      return name == "SET" ? std::optional<std::string>("sk-env") : std::nullopt;
    };
    base::Diagnostics complaints;
    auto store = load_credentials(path, variables, complaints);
    said_ = complaints.to_string();
    EXPECT_EQ(store.has_value(), said_.empty());
    return store;
  }
  // What `KEY` stands for at kApi; or nothing.
  static std::string value(const Store& store) {
    const auto variables = store.environment();
    const auto resolved = store.resolve_field(variables.at("KEY"), kApi, 1);
    return resolved && resolved->refusal == Refusal::none ? resolved->value : std::string();
  }

  std::string folder_;
  std::vector<std::string> files_;
  std::string said_;
};

constexpr const char* kOne =
    "credentials:\n"
    "  - {key: KEY, value: sk-1, endpoints: [{host: api.example, port: 443, path: /v1/**}]}\n";

TEST_F(CredentialsFile, BindsEachCredentialToItsEndpoints) {
  const auto store = load(kOne);
  ASSERT_TRUE(store) << said_;
  EXPECT_EQ(value(*store), "sk-1");
  const auto elsewhere = store->resolve_field(store->environment().at("KEY"),
                                              Endpoint{"api.example", 443, "/admin"}, 1);
  EXPECT_EQ(elsewhere->refusal, Refusal::endpoint_mismatch);
}

TEST_F(CredentialsFile, TakesAValueFromAFileBesideIt) {
  write("key", "sk-file\n");
  const auto store = load(
      "credentials: [{key: KEY, value_file: key, endpoints: [{host: api.example, port: 443}]}]");
  ASSERT_TRUE(store) << said_;
  EXPECT_EQ(value(*store), "sk-file");
}

TEST_F(CredentialsFile, TakesAValueFromTheEnvironment) {
  const auto store = load(
      "credentials: [{key: KEY, value_env: SET, endpoints: [{host: api.example, port: 443}]}]");
  ASSERT_TRUE(store) << said_;
  EXPECT_EQ(value(*store), "sk-env");
}

TEST_F(CredentialsFile, KeepsPlaceholdersWhereOnlyAValueChanges) {
  const auto before = load(kOne);
  std::string text(kOne);
  text.replace(text.find("sk-1"), 4, "sk-2");
  const auto after = load(text);
  EXPECT_EQ(before->environment(), after->environment());
  EXPECT_EQ(value(Store::succeed(*before, *after)), "sk-2");
}

TEST_F(CredentialsFile, IssuesOthersWhereABindingChangesAndKnowsTheOldOnes) {
  const auto before = load(kOne);
  std::string text(kOne);
  text.replace(text.find("/v1/**"), 6, "/**");
  const auto after = load(text);
  EXPECT_NE(before->environment(), after->environment());
  const Store now = Store::succeed(*before, *after);
  const auto old = now.resolve_field(before->environment().at("KEY"), kApi, 1);
  EXPECT_EQ(old->value, "sk-1");
}

TEST_F(CredentialsFile, IsRefusedWhenOthersMayReadIt) {
  EXPECT_FALSE(load(kOne, 0640));
  EXPECT_THAT(said_, HasSubstr("has mode 0640"));
  EXPECT_FALSE(load(kOne, 0604));
}

TEST_F(CredentialsFile, IsRefusedWhenOthersMayReadAFileThatItNames) {
  write("key", "sk-file\n", 0644);
  EXPECT_FALSE(load(
      "credentials: [{key: KEY, value_file: key, endpoints: [{host: a.example, port: 443}]}]"));
  EXPECT_THAT(said_, AllOf(HasSubstr("credentials.yaml:1:"), HasSubstr("has mode 0644")));
}

TEST_F(CredentialsFile, IsRefusedWithEachMistakeInItsPlaceAndNoValue) {
  EXPECT_FALSE(load(
      "credentials:\n"
      "  - {key: v1_KEY, value: sk-secret, endpoints: [{host: a.example, port: 443}]}\n"
      "  - {key: A, endpoints: [{host: a.example, port: 443}]}\n"
      "  - {key: B, value: \"a\\nb\", endpoints: [{host: a.example, port: 443}]}\n"
      "  - {key: C, value: x, value_env: SET, endpoints: [{host: '*b*{', port: 0, path: v1}]}\n"
      "  - {key: D, value: x}\n"
      "  - {key: D, value_env: UNSET, provider: p, what: x}\n"
      "other: 1\n"));
  for (const char* const text :
       {":2:11: a key is letters", ":3:11: a credential has one of value", ":4:21: a value has",
        ":5:11: a credential has one of value", ":6:5: a credential needs endpoints",
        ":7:25: UNSET is not set", "\"D\" is there twice", "what", "other"}) {
    EXPECT_THAT(said_, HasSubstr(text));
  }
  EXPECT_THAT(said_, Not(HasSubstr("sk-secret")));
}

TEST_F(CredentialsFile, IsRefusedWhenItIsNotThere) {
  base::Diagnostics complaints;
  const Variables none = [](std::string_view) { return std::nullopt; };
  EXPECT_FALSE(load_credentials(folder_ + "/none", none, complaints));
  EXPECT_FALSE(load_credentials(folder_, none, complaints));
  EXPECT_THAT(complaints.to_string(), HasSubstr("can't be read"));
}

}  // namespace
}  // namespace sallyport::credentials
