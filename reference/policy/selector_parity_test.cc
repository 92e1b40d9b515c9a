// Selectors of middleware and hosts of endpoints are two grammars of this program and were two of
// the field's. Where both know a pattern they must select the same hosts, or an entry would miss
// requests that its author sees allowed. The rows are those that the field holds its own two
// against (OpenShell crates/openshell-supervisor-network/src/opa.rs,
// host_pattern_matches_rego_endpoint_host_semantics).
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string_view>

#include "reference/policy/host_pattern.h"
#include "reference/policy/selector_pattern.h"

namespace sallyport::policy {
namespace {

// What an endpoint with this pattern does.
enum class Endpoint {
  same,     // as the selector
  refused,  // no endpoint may have it: it matches too much, or in an odd place
};

struct Row {
  std::string_view pattern;
  std::string_view host;
  bool selected;
  Endpoint endpoint = Endpoint::same;
};

constexpr std::array<Row, 21> kRows{{
    {"api.example.com", "API.EXAMPLE.COM", true},
    {"*.example.com", "api.example.com", true},
    {"*.example.com", "example.com", false},
    {"*.example.com", "deep.api.example.com", false},
    {"*-api.example.com", "tenant-api.example.com", true},
    {"*-api.example.com", "api.example.com", false},
    {"*.a?i.example.com", "x.abi.example.com", true, Endpoint::refused},
    {"**.example.com", "example.com", false},
    {"**.example.com", "api.example.com", true},
    {"**.example.com", "deep.api.example.com", true},
    {"api.**.com", "api.com", false, Endpoint::refused},
    {"api.**.com", "api.x.com", true, Endpoint::refused},
    {"api.**.com", "api.x.y.com", true, Endpoint::refused},
    {"api.**", "api", false, Endpoint::refused},
    {"api.**", "api.com", true, Endpoint::refused},
    {"*", "com", true, Endpoint::refused},
    {"*", "example.com", false, Endpoint::refused},
    {"**", "deep.api.example.com", true, Endpoint::refused},
    {"**", "192.168.1.1", true, Endpoint::refused},
    {"**", "[::1]", true, Endpoint::refused},
    {"**", "example.com.", false, Endpoint::refused},
}};

TEST(SelectorParity, SelectsWhatTheFieldsRowsSay) {
  for (const Row& row : kRows) {
    const auto selector = SelectorPattern::parse(row.pattern);
    ASSERT_TRUE(selector) << row.pattern;
    EXPECT_EQ(selector->matches(row.host), row.selected) << row.pattern << " " << row.host;
  }
}

TEST(SelectorParity, AnEndpointWithTheSamePatternMatchesTheSameHosts) {
  for (const Row& row : kRows) {
    const auto endpoint = HostPattern::parse(row.pattern);
    ASSERT_EQ(endpoint.has_value(), row.endpoint != Endpoint::refused) << row.pattern;
    if (!endpoint) continue;
    EXPECT_EQ(endpoint->matches(normalise_host(row.host)), row.selected)
        << row.pattern << " " << row.host;
  }
}

TEST(SelectorParity, AnEndpointKnowsNoClassesWhereASelectorDoes) {
  for (const std::string_view pattern : {"a?i.example.com", "a[bc]i.example.com"}) {
    EXPECT_TRUE(SelectorPattern::parse(pattern)) << pattern;
    EXPECT_FALSE(HostPattern::parse(pattern)) << pattern;
  }
}

}  // namespace
}  // namespace sallyport::policy
