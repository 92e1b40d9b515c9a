// Judges requests: the part of engine.h that looks at methods, paths and queries.
#include <fmt/format.h>

#include <algorithm>

#include "reference/http/text.h"
#include "reference/policy/binaries.h"
#include "reference/policy/engine.h"
#include "reference/policy/index.h"
#include "reference/policy/query.h"

namespace sallyport::policy {
namespace {

using Kind = RequestVerdict::Kind;

constexpr std::string_view kAnyMethod = "*";

// A request with what was made of it.
struct Asked {
  std::string method;  // upper case
  std::string_view path;
  Parameters parameters;
};

bool method_matches(const std::string& rule, const std::string& method) {
  if (rule == kAnyMethod || rule == method) return true;
  return rule == "GET" && method == "HEAD";
}

bool matches_any(const QueryMatcher& matcher, const std::string& value) {
  return std::any_of(matcher.any.begin(), matcher.any.end(),
                     [&](const Glob& glob) { return glob.matches(value); });
}

// Of the values that the query has for the key: how many there are, and how many match.
bool query_matches(const QueryMatcher& matcher, const Parameters& parameters, bool every) {
  std::size_t values = 0;
  std::size_t matching = 0;
  for (const auto& [key, value] : parameters) {
    if (key != matcher.key) continue;
    ++values;
    if (matches_any(matcher, value)) ++matching;
  }
  return every ? values > 0 && matching == values : matching > 0;
}

// An allow rule wants every value of a key to match, a deny rule one of them; both want all keys.
bool rule_matches(const RequestRule& rule, const Asked& asked, bool every) {
  return method_matches(rule.method, asked.method) && rule.path.matches(asked.path) &&
         std::all_of(rule.query.begin(), rule.query.end(), [&](const QueryMatcher& matcher) {
           return query_matches(matcher, asked.parameters, every);
         });
}

bool any_matches(const std::vector<RequestRule>& rules, const Asked& asked, bool every) {
  return std::any_of(rules.begin(), rules.end(),
                     [&](const RequestRule& rule) { return rule_matches(rule, asked, every); });
}

bool asks_for_query(const std::vector<RequestRule>& rules) {
  return std::any_of(rules.begin(), rules.end(),
                     [](const RequestRule& rule) { return !rule.query.empty(); });
}

// Endpoints that judge requests and are for this one's path; whether any judges at all.
struct Judges {
  std::vector<Candidate> all;
  bool exist = false;
  bool reachable = false;  // the host and port are this program's
};

Judges judges_of(const Policy& policy, const Program* program, std::string_view host,
                 std::uint16_t port, std::string_view path) {
  Judges judges;
  for (const Candidate& one : candidates(policy, host, port)) {
    if (!names(*one.rule, program)) continue;
    judges.reachable = true;
    if (!judges_requests(*one.endpoint)) continue;
    judges.exist = true;
    if (!one.endpoint->path || one.endpoint->path->matches(path)) judges.all.push_back(one);
  }
  return judges;
}

std::size_t specificity(const Endpoint& endpoint) {
  return endpoint.path ? endpoint.path->specificity() : 0;
}

// What the governing endpoints say together.
struct Governing {
  std::string policy;
  Enforcement enforcement = Enforcement::audit;
  Protocol protocol = Protocol::rest;
  bool allow_encoded_slash = true;
};

Governing governing(const std::vector<Candidate>& judges) {
  std::size_t most = 0;
  for (const Candidate& one : judges) most = std::max(most, specificity(*one.endpoint));
  Governing found;
  for (const auto& [rule, endpoint] : judges) {
    if (specificity(*endpoint) != most) continue;
    if (found.policy.empty() || rule->name < found.policy) found.policy = rule->name;
    if (endpoint->enforcement == Enforcement::enforce) found.enforcement = Enforcement::enforce;
    if (endpoint->protocol == Protocol::websocket) found.protocol = Protocol::websocket;
    if (!endpoint->allow_encoded_slash) found.allow_encoded_slash = false;
  }
  return found;
}

RequestVerdict refused(RequestVerdict verdict, Kind kind, std::string reason) {
  verdict.kind = kind;
  verdict.reason = std::move(reason);
  return verdict;
}

// Why the rules don't let it through; empty: they do.
std::string refusal(const std::vector<Candidate>& judges, const Asked& asked) {
  const auto denies = [&](const Candidate& one) {
    return any_matches(one.endpoint->deny, asked, false);
  };
  const auto allows = [&](const Candidate& one) {
    const Endpoint& endpoint = *one.endpoint;
    return endpoint.allow.empty() || any_matches(endpoint.allow, asked, true);
  };
  if (std::any_of(judges.begin(), judges.end(), denies)) {
    return fmt::format("{} {} blocked by deny rule", asked.method, asked.path);
  }
  if (std::any_of(judges.begin(), judges.end(), allows)) return {};
  return fmt::format("{} {} not permitted by policy", asked.method, asked.path);
}

}  // namespace

RequestVerdict judge_request(const Policy& policy, const Program* program, std::string_view host,
                             std::uint16_t port, const Request& request) {
  RequestVerdict verdict;
  const std::string normalised = normalise_host(host);
  const Judges judges = judges_of(policy, program, normalised, port, request.path);
  if (!judges.reachable) {
    return refused(verdict, Kind::denied, find(policy, program, normalised, port).reason);
  }
  if (!judges.exist) {
    const Match match = find(policy, program, normalised, port);
    verdict.policy = match.policy;
    verdict.allow_encoded_slash = match.allow_encoded_slash;
    return verdict;
  }
  Asked asked{http::upper(request.method), request.path, {}};
  verdict.judged = true;
  if (judges.all.empty()) {
    verdict.policy = find(policy, program, normalised, port).policy;
    return refused(
        verdict, Kind::denied,
        fmt::format("{} {} did not match an L7 endpoint path", asked.method, asked.path));
  }
  const Governing governs = governing(judges.all);
  verdict.policy = governs.policy;
  verdict.allow_encoded_slash = governs.allow_encoded_slash;
  if (governs.protocol == Protocol::websocket) {
    verdict.protocol = "websocket";
    if (!request.websocket_upgrade && asked.method != "WEBSOCKET_TEXT") {
      return refused(verdict, Kind::denied,
                     "websocket endpoint requires a valid WebSocket upgrade request");
    }
  }
  auto parameters = decode_query(request.query.value_or(std::string_view()));
  if (parameters) {
    asked.parameters = std::move(*parameters);
  } else if (std::any_of(judges.all.begin(), judges.all.end(), [](const Candidate& one) {
               return asks_for_query(one.endpoint->allow) || asks_for_query(one.endpoint->deny);
             })) {
    return refused(verdict, Kind::denied, "query parameters can't be decoded");
  }
  std::string why = refusal(judges.all, asked);
  if (why.empty()) return verdict;
  const bool audit = governs.enforcement == Enforcement::audit;
  return refused(verdict, audit ? Kind::audited : Kind::denied, std::move(why));
}

}  // namespace sallyport::policy
