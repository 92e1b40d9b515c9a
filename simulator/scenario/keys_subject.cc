// The tables of middleware services, decoys, the gateway and supervisors.
#include <array>

#include "reference/base/limits.h"
#include "simulator/scenario/keys_shapes.h"

namespace sallyport::sim::scenario::keys {

using namespace shapes;

namespace {

constexpr std::array<std::string_view, 2> kUpDown{"up", "down"};
constexpr std::array<std::string_view, 2> kOperations{"http_request", "websocket_message"};
constexpr std::array<std::string_view, 2> kPhases{"pre_credentials", "pre_return"};
constexpr std::array<std::string_view, 7> kTls{
    "none", "valid", "expired", "not_yet_valid", "wrong_name", "unknown_issuer", "self_signed"};
constexpr std::array<std::string_view, 2> kTrust{"world", "system"};
constexpr std::array<std::string_view, 1> kNever{"never"};
constexpr std::array<std::string_view, 2> kUndecodable{"none", "undecodable"};
constexpr std::array<std::string_view, 3> kCalls{"evaluate", "preflight", "message"};
constexpr std::array<std::string_view, 3> kDecisions{"allow", "deny", "skip"};
constexpr std::array<std::string_view, 6> kMalformed{"none",     "decision_0",  "bad_reason_code",
                                                     "oversize", "undecodable", "wrong_sequence"};
constexpr std::array<std::string_view, 2> kStores{"memory", "file"};
constexpr std::array<std::string_view, 2> kForwards{"shared", "private"};
constexpr std::array<std::string_view, 2> kIdentities{"endpoints_only", "required"};

Words limit_names() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names;
    for (const base::LimitField& field : base::limit_fields()) names.push_back(field.name);
    return names;
  }();
  return kNames;
}

Words call_fields() {
  static const std::vector<std::string_view> kNames = fields_of_sources({SourceType::middleware});
  return kNames;
}

// When and how a call ends.
Key delay() {
  return key("delay", either({word(kNever), duration()}), "none",
             "Before the answer; `never`: none comes, until the caller gives up",
             "duration or `never`");
}
Key status() {
  return key("status", either({word(grpc_codes()), integer(1)}), "an answer",
             "The call ends with that instead of an answer", "a gRPC code by its name or number");
}
Key undecodable() {
  return key("malformed", word(kUndecodable), "`none`", "An answer that is no message");
}
Shape a_verdict() { return either({text(), map(keys::verdict)}); }

Key own_host() { return key("host", name(), "`box`", "Where it runs", "a host"); }
Key own_rlimits() {
  return key("rlimits", map(rlimits), "the harness's", "Bounds that the kernel holds it to",
             "`{nofile: N}`");
}

}  // namespace

const Keys& middleware() {
  static const Keys kKeys{
      "middleware",
      "a middleware service",
      {own_host(),
       key("listen", endpoint(), "127.0.0.1 and a free port",
           "Where it listens. On another host than the supervisor's it needs an address that can "
           "be reached from there"),
       key("initially", word(kUpDown), "`up`", "`down`: until a step starts it"),
       key("registered", boolean(), "`true`", "Whether the operator has registered it"),
       key("timeout", duration(), "`500ms`", "The operator's bound for a call"),
       key("max_payload", size(), "`64KiB`", "The operator's bound for a body"),
       key("tls", word(kTls), "`none`",
           "TLS, and what is wrong with the certificate. Its names are its address and its name"),
       key("trust", word(kTrust), "`world`",
           "By what CA a caller judges the certificate: the world's, in the registration; or, "
           "`system`, none there and so the caller's own, which don't know the world's"),
       key("goaway", integer(1), "never",
           "After each so many calls it sends every connection away (GOAWAY) and takes new ones"),
       key("strict_pings", boolean(), "`false`",
           "GOAWAY for who pings without calls, as gRPC's servers have it by default"),
       key("describe", either({map(describe), list(map(describe), 1)}),
           "`http_request`, with the registered `max_payload`",
           "What the service says of itself, each time or one for each call and then the last "
           "again",
           "a description, or a list of them"),
       key("validate", either({text(), map(verdict), list(a_verdict(), 1)}), "`ok`",
           "`ok`, or the reason with which it refuses each configuration, or a verdict; or one for "
           "each call and then the last again",
           "`ok`, a text, a verdict, or a list of them"),
       key("script", list(map(entry)), "everything is allowed",
           "The first entry whose `call` and `where` fit decides about a call", "list of entries"),
       key("command", list(text()), "the scripted service",
           "Another program in its place, started in this file's folder and told by its arguments "
           "where to listen",
           "`[PROGRAM, ARGUMENT, ...]`"),
       key("environment", pairs(), "`{}`", "What `command` finds in its environment besides",
           "map from name to text")}};
  return kKeys;
}

const Keys& describe() {
  static const Keys kKeys{
      "describe",
      "a description",
      {key("operations", list(word(kOperations)), "`[http_request]`",
           "What it can look at; none at all if you like",
           "list of `http_request`, `websocket_message`"),
       key("max_payload", size(), "as registered", "The longest body that it takes"),
       key("bindings", list(map(binding)), "one for each of `operations`",
           "The same in full, sound or not", "list of bindings"),
       key("timeout", text(), "none", "A text of the contract, sent as it is written"),
       key("audience", text(), "none", "For whom a caller's token must be"),
       key("name", text(), "the service's", "What it calls itself"),
       key("version", text(), "`1`", "Of the service"), delay(), status(), undecodable()},
      {"operations", "bindings"}};
  return kKeys;
}

const Keys& binding() {
  static const Keys kKeys{
      "binding",
      "a binding",
      {key("operation", either({word(kOperations), integer()}), "`http_request`",
           "What it looks at", "`http_request`, `websocket_message` or a number"),
       key("phase", either({word(kPhases), integer()}), "`pre_credentials`", "When",
           "`pre_credentials`, `pre_return` or a number"),
       key("max_payload", size(), "the description's", "The longest body; `0B` is sent as 0"),
       key("timeout", text(), "the description's", "Sent as it is written")}};
  return kKeys;
}

const Keys& verdict() {
  static const Keys kKeys{
      "verdict",
      "a verdict",
      {key("valid", boolean(), "whether there is no `reason`", "On each configuration"),
       key("reason", text(), "none", "Why not"), delay(), status(), undecodable()}};
  return kKeys;
}

const Keys& entry() {
  static const Keys kKeys{
      "entry",
      "an entry of a script",
      {key("call", word(kCalls), "`evaluate`", "What kind of call it is about"),
       key("where", named(maps(a_matcher(), call_fields()), "call_fields"), "every call",
           "Fields of the call's event ([section 8](#8-events))", "map from field to matcher"),
       key("times", integer(1), "all", "It decides about so many calls, then others do"),
       key("decision", either({word(kDecisions), integer()}), "`allow`",
           "What is decided; `skip` says at a `preflight` that the connection is none of its "
           "business",
           "`allow`, `deny`, `skip` or a number"),
       key("reason", text(), "a text that nobody outside may see", "Goes with the decision"),
       key("reason_code", text(), "none", "Goes with the decision"),
       key("body", text(), "the body stays", "A text instead of the body"),
       key("has_body", boolean(), "whether there is another body",
           "What the answer says of that; `true` alone is an empty body"),
       key("replace", maps(text()), "the body stays",
           "Each OLD in the body becomes NEW; no occurrence, no replacement", "`{OLD: NEW}`"),
       key("headers", list(map(header_change)), "`[]`", "Changes of header lines",
           "list of changes"),
       key("findings", list(map(finding)), "`[]`", "What it found", "list of findings"),
       key("metadata", pairs(), "`{}`", "What nobody reads", "map from name to text"),
       key("fill", map(fill), "nothing", "What is made up to a size"), delay(), status(),
       key("malformed", word(kMalformed), "`none`", "An answer that the contract forbids")},
      {"body", "replace"}};
  return kKeys;
}

const Keys& header_change() {
  static const Keys kKeys{
      "header_change",
      "a change of a header",
      {key("append", text(), "", "Adds a line", "name of a header"),
       key("overwrite", text(), "", "Puts the one line in place of all of that name",
           "name of a header"),
       key("skip", text(), "", "Adds a line only if there is no such line yet", "name of a header"),
       key("remove", text(), "", "Takes away all lines of that name", "name of a header"),
       key("write", text(), "", "As `on_existing` says, known to the contract or not",
           "name of a header"),
       key("empty", boolean(), "", "A change that says nothing", "`true`"),
       key("value", text(), "needed, but for `remove` and `empty`", "The line's value"),
       key("on_existing", integer(), "0", "Of `write`: the number that is sent")},
      {"append", "overwrite", "skip", "remove", "write", "empty"},
      true};
  return kKeys;
}

const Keys& finding() {
  static const Keys kKeys{
      "finding",
      "a finding",
      {needed("type", text(), "What it is called"), key("severity", text(), "`medium`", "How bad"),
       key("count", integer(), "1", "How many; 32 bits"),
       key("label", text(), "the `type`", "For people"),
       key("confidence", text(), "none", "How sure")}};
  return kKeys;
}

const Keys& fill() {
  static const Keys kKeys{
      "fill",
      "a filler",
      {key("body", size(), "as written", "Another body, of so many octets"),
       key("reason", size(), "as written", "A `reason` of so many octets"),
       key("reason_code", size(), "as written", "A `reason_code` of so many octets"),
       key("findings", integer(), "as written", "Findings up to so many, like the last one"),
       key("finding", size(), "as written", "Each finding's size as encoded, by a longer label"),
       key("headers", integer(), "as written", "Changes of headers up to so many"),
       key("header_bytes", size(), "as written",
           "All names and values of such changes together, by a longer last value"),
       key("metadata", integer(), "as written", "Entries of `metadata` up to so many"),
       key("metadata_bytes", size(), "as written", "All their names and values together")}};
  return kKeys;
}

const Keys& decoy() {
  static const Keys kKeys{"decoy",
                          "a decoy",
                          {key("host", name(), "`box`", "Where it listens", "a host"),
                           needed("listen", endpoint(), "The address that nobody may connect to")}};
  return kKeys;
}

const Keys& gateway() {
  static const Keys kKeys{
      "gateway",
      "a gateway",
      {own_host(),
       key("listen", endpoint(), "127.0.0.1 and a free port",
           "Where it listens; as of a middleware service"),
       key("initially", word(kUpDown), "`up`", "`down`: until a step starts it"),
       key("store", word(kStores), "`memory`",
           "Where it keeps what commands changed: `memory` forgets it with the process, `file` "
           "doesn't"),
       key("tokens", boolean(), "`true`",
           "Whether the operator and each supervisor have a token, without which nobody is heard; "
           "`false`: everybody is"),
       own_rlimits()}};
  return kKeys;
}

const Keys& supervisor() {
  static const Keys kKeys{
      "supervisor",
      "a supervisor",
      {own_host(), key("serves", name(), "`agent`", "Whose traffic it takes", "a host"),
       key("listen", endpoint(),
           "its end of the link to the host it serves (127.0.0.1 if that one isn't inner), port "
           "3128",
           "Where agents find it"),
       key("initially", word(kUpDown), "`up`", "`down`: then a step must start it"),
       key("poll", duration(), "`50ms`", "How often it asks the gateway"),
       key("limits", named(maps(either({duration(), octets()}), limit_names()), "limits"),
           "its own", "Any of [limits.md](limits.md)",
           "map from a limit to duration, size or integer"),
       key("forward", word(kForwards), "`shared`",
           "How it takes absolute-form requests, see "
           "[supervisor-config.md](supervisor-config.md)"),
       key("identity", word(kIdentities), "`endpoints_only`",
           "`required`: it looks up which program asks, and a policy's `binaries` count. The "
           "harness's own client is the program `sallyport`, process 1 of the world, which is an "
           "ancestor of every command"),
       key("upstream_proxy", text(), "none", "A provider of the dialect `proxy`: its way out",
           "a provider"),
       key("args", texts(), "`[]`", "Besides the arguments that the harness gives it"),
       key("environment", pairs(), "`{}`", "Besides the variables that the harness gives it"),
       own_rlimits(),
       key("policy", policy_document(), "the scenario's",
           "Its own, where there are several ([section 6](#6-what-the-supervisor-is-given))",
           "a policy document, or the path of one"),
       key("inference", none_or(map(inference)), "the scenario's",
           "Its own route, where there are several", "a route, or `none`")}};
  return kKeys;
}

const Keys& rlimits() {
  static const Keys kKeys{
      "rlimits", "rlimits", {key("nofile", integer(1), "the harness's", "Most open descriptors")}};
  return kKeys;
}

const Keys& inference() {
  static const Keys kKeys{
      "inference",
      "an inference route",
      {needed("provider", text(), "Where `inference.local` leads", "a provider"),
       key("model", text(), "the provider's first", "The model that is asked for instead"),
       key("timeout", duration(), "the subject's",
           "Of one exchange. With a gateway it is in whole seconds, as in its contract; shorter "
           "ones need a supervisor with files")}};
  return kKeys;
}

}  // namespace sallyport::sim::scenario::keys
