#include "reference/gateway/probe_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/base/yaml.h"

namespace sallyport::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Read {
  ProbeOptions options;
  std::string complaints;
};

Read read(const std::string& text) {
  Read out;
  base::Diagnostics complaints;
  const base::yaml::NodePtr root = base::yaml::parse(text, "gateway.yaml", complaints);
  base::yaml::MapReader map(*root, "gateway.yaml", "the configuration", complaints);
  out.options = read_probe_options(map);
  map.finish();
  out.complaints = complaints.to_string();
  return out;
}

TEST(ProbeOptions, NameTheServersWithAPortOrWithout) {
  const Read read_in = read("resolver: {servers: [10.0.0.53, \"[::1]:5353\"]}\n");
  EXPECT_EQ(read_in.complaints, "");
  ASSERT_EQ(read_in.options.servers.size(), 2U);
  EXPECT_EQ(read_in.options.servers[0].to_string(), "10.0.0.53:53");
  EXPECT_EQ(read_in.options.servers[1].to_string(), "[::1]:5353");
}

TEST(ProbeOptions, MayBeLeftOut) {
  const Read read_in = read("{}\n");
  EXPECT_EQ(read_in.complaints, "");
  EXPECT_TRUE(read_in.options.servers.empty());
  EXPECT_EQ(read_in.options.upstream_ca, "");
}

TEST(ProbeOptions, ComplainAboutEachMistakeInItsPlace) {
  EXPECT_THAT(read("upstream_ca: /nowhere/ca.pem\n").complaints,
              AllOf(HasSubstr("gateway.yaml:1:14: "), HasSubstr("/nowhere/ca.pem")));
  EXPECT_THAT(read("resolver:\n  servers: [name.test]\n  hosts_file: /nowhere/hosts\n  ports: 1\n")
                  .complaints,
              AllOf(HasSubstr("\"name.test\" is not an address"), HasSubstr("gateway.yaml:3:15: "),
                    HasSubstr("ports")));
}

}  // namespace
}  // namespace sallyport::gateway
