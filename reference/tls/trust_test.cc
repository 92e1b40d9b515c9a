#include "reference/tls/trust.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "reference/tls/client_context.h"

namespace sallyport::tls {
namespace {

namespace fs = std::filesystem;

class Trust : public ::testing::Test {
 protected:
  Trust() {
    std::string pattern = fs::temp_directory_path() / "sallyport-trust-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Trust() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void put(const std::string& name, std::string_view text) const {
    std::ofstream(path(name)) << text;
  }
  [[nodiscard]] static std::string get(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  std::string folder_;
  Authority authority_ = Authority::create(0).value();
};

TEST_F(Trust, WritesTheAuthorityAloneAndTheSystemBundleWithIt) {
  const auto other = Authority::create(0).value();
  put("system.pem", other.pem());
  const std::array<std::string, 2> candidates{path("missing.pem"), path("system.pem")};
  const auto files = write_client_files(folder_, authority_, candidates).value();
  EXPECT_EQ(files.ca, path("openshell-ca.pem"));
  EXPECT_EQ(files.bundle, path("ca-bundle.pem"));
  EXPECT_EQ(get(files.ca), authority_.pem());
  EXPECT_EQ(get(files.bundle), other.pem() + authority_.pem());
}

TEST_F(Trust, FilesAreReadableForEveryoneAndNothingElseIsLeft) {
  const auto files = write_client_files(folder_, authority_, {}).value();
  for (const auto& file : {files.ca, files.bundle}) {
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0644U);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 2);
}

TEST_F(Trust, ReplacesTheFilesOfAnEarlierStart) {
  put("openshell-ca.pem", "old");
  const auto files = write_client_files(folder_, authority_, {}).value();
  EXPECT_EQ(get(files.ca), authority_.pem());
}

TEST_F(Trust, SaysWhenTheFolderIsMissing) {
  EXPECT_EQ(write_client_files(path("no"), authority_, {}).error(), TlsErrc::write_failed);
}

TEST_F(Trust, RefusesASystemBundleWithoutCertificates) {
  put("system.pem", "nothing");
  const std::array<std::string, 1> candidates{path("system.pem")};
  EXPECT_EQ(write_client_files(folder_, authority_, candidates).error(), TlsErrc::bad_bundle);
}

TEST_F(Trust, ClientContextRefusesABundleThatIsMissingOrEmpty) {
  put("empty.pem", "");
  EXPECT_EQ(ClientContext::create({"", path("no.pem")}).error(), TlsErrc::bad_bundle);
  EXPECT_EQ(ClientContext::create({"", path("empty.pem")}).error(), TlsErrc::bad_bundle);
  EXPECT_TRUE(ClientContext::create({"", ""}).has_value());
}

TEST_F(Trust, SystemRootsThatCannotBeReadLeaveNoContextToConnectWith) {
  const auto context = ClientContext::create({path("later.pem"), ""});
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->native(), nullptr);
  put("later.pem", std::string(authority_.pem()));
  EXPECT_NE(context->native(), nullptr);
}

}  // namespace
}  // namespace sallyport::tls
