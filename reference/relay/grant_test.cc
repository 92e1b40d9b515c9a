#include "reference/relay/grant.h"

#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using GrantTest = HttpTest;

TEST_F(GrantTest, MovesToAGenerationThatAllowsTheSame) {
  install(make_generation());
  EXPECT_TRUE(renew(grant_, generations_));
  EXPECT_EQ(grant_.generation, generations_.now);
  EXPECT_EQ(grant_.allow.generation, generations_.now->number);
}

TEST_F(GrantTest, StaysWhereItWasWhenTheNewOneForbidsIt) {
  const auto before = grant_.generation;
  install(std::make_shared<egress::Generation>());
  EXPECT_FALSE(renew(grant_, generations_));
  EXPECT_EQ(grant_.generation, before);
}

TEST_F(GrantTest, IsNotRenewedByAnotherPlan) {
  auto generation = make_generation();
  auto& endpoint = generation->policy.network_policies.at("api").endpoints.front();
  endpoint.allow_encoded_slash = true;
  install(std::move(generation));
  EXPECT_FALSE(renew(grant_, generations_));
}

TEST_F(GrantTest, IsNotRenewedForAProgramThatTheNewOneLeavesOut) {
  grant_.identity.required = true;
  grant_.identity.program = policy::Program{"/usr/bin/curl", {"/bin/sh"}, {}, 7};
  install(make_generation());
  EXPECT_TRUE(renew(grant_, generations_));
  auto generation = make_generation();
  generation->policy.network_policies.at("api").binaries = {{"/usr/bin/wget", std::nullopt}};
  install(std::move(generation));
  EXPECT_FALSE(renew(grant_, generations_));
}

TEST_F(GrantTest, NamesTheProgramInItsEvents) {
  EXPECT_FALSE(grant_.flow().actor);
  grant_.identity.program = policy::Program{"/usr/bin/curl", {"/bin/sh"}, {"/a", "/b"}, 7};
  const auto actor = grant_.flow().actor;
  ASSERT_TRUE(actor);
  EXPECT_EQ(actor->name, "/usr/bin/curl");
  EXPECT_EQ(actor->pid, 7);
  EXPECT_EQ(actor->cmd_line, "/a /b");
  EXPECT_EQ(actor->parents, std::vector<std::string>{"/bin/sh"});
}

TEST_F(GrantTest, IsNotRenewedByOtherAddresses) {
  auto generation = make_generation();
  auto& endpoint = generation->policy.network_policies.at("api").endpoints.front();
  endpoint.allowed_ips.push_back(*net::Cidr::parse("10.0.0.0/8"));
  install(generation);
  open_tunnel();
  auto same = make_generation();
  same->policy = generation->policy;
  install(std::move(same));
  EXPECT_TRUE(renew(grant_, generations_));
  auto other = make_generation();
  auto& narrower = other->policy.network_policies.at("api").endpoints.front();
  narrower.allowed_ips.push_back(*net::Cidr::parse("10.0.0.0/9"));
  install(std::move(other));
  EXPECT_FALSE(renew(grant_, generations_));
}

}  // namespace
}  // namespace sallyport::relay
