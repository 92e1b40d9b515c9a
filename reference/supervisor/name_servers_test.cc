#include "reference/supervisor/name_servers.h"

#include <gtest/gtest.h>

namespace sallyport::supervisor {
namespace {

TEST(NameServers, TakesTheConfigsServersWhereThereAreAny) {
  ResolverConfig config;
  config.servers.push_back(*net::Endpoint::parse("10.9.9.9:5353"));
  EXPECT_EQ(name_servers(config), config.servers);
}

}  // namespace
}  // namespace sallyport::supervisor
