#include "simulator/runner/world_plan.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace sallyport::sim::runner {
namespace {

namespace fs = std::filesystem;

class CheckoutTest : public ::testing::Test {
 protected:
  CheckoutTest() {
    std::string pattern = fs::path(::testing::TempDir()) / "checkout-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    fs::create_directories(root_ / "project/scenarios/clients");
  }
  ~CheckoutTest() override { fs::remove_all(root_); }
  [[nodiscard]] std::string found() const {
    return checkout_of((root_ / "project/scenarios/clients").string());
  }
  fs::path root_;
};

TEST_F(CheckoutTest, IsTheNearestFolderWithAHistory) {
  fs::create_directories(root_ / "project/.git");
  fs::create_directories(root_ / ".git");
  EXPECT_EQ(found(), (root_ / "project").string());
}

TEST_F(CheckoutTest, IsWhatHoldsTheScenariosWithoutOne) {
  EXPECT_EQ(found(), (root_ / "project").string());
}

TEST(Checkout, IsNothingForAScenarioThatStandsAlone) {
  EXPECT_EQ(checkout_of("/nowhere/mine"), "");
  EXPECT_EQ(checkout_of("/scenarios"), "");
}

}  // namespace
}  // namespace sallyport::sim::runner
