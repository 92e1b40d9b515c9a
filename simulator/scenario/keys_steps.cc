// The tables of steps: verbs with their fields, and what stands beside them.
#include <algorithm>
#include <array>

#include "reference/base/check.h"
#include "simulator/scenario/keys_shapes.h"

namespace sallyport::sim::scenario::keys {

using namespace shapes;

namespace {

constexpr std::array<std::string_view, 21> kVerbs{
    "request", "websocket", "raw",       "run",        "gate",   "policy",  "inference",
    "dns",     "firewall",  "providers", "middleware", "rotate", "revoke",  "update",
    "delete",  "fault",     "lift",      "stop",       "start",  "restart", "pause"};
constexpr std::array<std::string_view, 3> kAdapters{"auto", "connect", "forward"};
constexpr std::array<std::string_view, 2> kFramings{"length", "chunked"};
constexpr std::array<std::string_view, 3> kEnvironments{"agent", "none", "operator"};
constexpr std::array<std::string_view, 2> kConfines{"none", "agent"};
constexpr std::string_view kUrl = "^(https?://|\\$\\()";
constexpr std::string_view kWebSocketUrl = "^(wss?://|\\$\\()";
constexpr std::string_view kUrlValue = "a URL";

SourceType type_of_verb(std::string_view verb) {
  if (verb == "request" || verb == "websocket" || verb == "raw") return SourceType::request;
  if (verb == "gate") return SourceType::gate;
  return verb == "run" ? SourceType::run : SourceType::control;
}

std::vector<Key> request_keys() {
  return {needed("request", text(kUrl),
                 "Makes one HTTP exchange. It says `User-Agent: sallyport NONCE` unless told "
                 "otherwise",
                 kUrlValue),
          key("method", text(), "`GET`; `POST` with a body", "The method"),
          key("headers", pairs(), "`{}`", "By name; a list gives several lines"),
          key("body", text(), "none", "A text/plain body"),
          key("json", json(), "none", "A JSON body"),
          key("size", size(), "none", "So many octets, grown from the nonce"),
          key("framing", word(kFramings), "`length`", "How the body's end is told"),
          key("expect_continue", boolean(), "`false`", "Whether it waits for 100 before the body"),
          key("adapter", word(kAdapters), "`auto`",
              "Through a supervisor: CONNECT, or absolute form; `auto` takes CONNECT for https "
              "and absolute form for http"),
          key("tls", map(client_tls), "verify, the URL's host",
              "Trusted is the sandbox's CA through a supervisor, the world's CA without",
              "`{verify, sni, alpn}`"),
          key("connection", text(), "one of its own",
              "Steps that give the same name share a connection", "a name"),
          key("abort", a_trigger(), "never", "Resets when that happens")};
}

std::vector<Key> websocket_keys() {
  return {needed("websocket", text(kWebSocketUrl), "Opens a WebSocket and acts on its script",
                 kUrlValue),
          needed("script", list(either({websocket_word(), map(websocket_move)})),
                 "What it does ([moves](#scripts))", "list of moves"),
          key("headers", pairs(), "`{}`", "Of the opening request"),
          key("subprotocols", texts(), "`[]`", "Offered, in this order"),
          key("deflate", boolean(), "`false`", "Whether it offers permessage-deflate"),
          key("adapter", word(kAdapters), "`auto`", "As of a request"),
          key("tls", map(client_tls), "verify, the URL's host", "As of a request",
              "`{verify, sni, alpn}`")};
}

std::vector<Key> raw_keys() {
  return {needed("raw", either({text(), list(either({raw_word(), map(keys::move)}))}),
                 "Bytes as they are; done when the script is and a whole answer or the end has "
                 "come ([moves](#scripts))",
                 "text, or list of moves"),
          needed("to", text(kUrl), "Whose way and TLS the bytes take", kUrlValue),
          key("adapter", word(kAdapters), "`auto`", "As of a request"),
          key("tls", map(client_tls), "verify, the URL's host", "As of a request",
              "`{verify, sni, alpn}`")};
}

std::vector<Key> run_keys() {
  return {
      needed("run", either({text(), list(text())}),
             "Starts a real command; a single text goes to `sh -c`",
             "`[PROGRAM, ARGUMENT, ...]`, or text"),
      key("environment", either({word(kEnvironments), pairs()}),
          "`agent` in a served host, else `none`",
          "`agent`: what the supervisor wrote into `agent.env`. `operator`: the gateway's "
          "address and a token, and the gateway's host. A map is added to `agent`. PATH, HOME, "
          "USER, "
          "SHELL, TERM, LANG and TMPDIR are always set",
          "`agent`, `none`, `operator`, or map from name to text"),
      key("unset", texts(), "`[]`", "Names to take out again", "list of names"),
      key("user", text(), "the agent's own", "Who runs it", "a name of /etc/passwd, or a number"),
      key("cwd", text(), "the scenario's folder", "The working folder", "a path"),
      key("stdin", text(), "none", "Its input"),
      key("confine", word(kConfines), "`none`", "`agent`: as the supervisor confines its workload"),
      key("tools", maps(none_or(either({map(tool), list(map(tool), 1)}))), "`{}`",
          "Fakes, found before the real ones; of a list one a call, then the last again; `none`: "
          "the name isn't found at all",
          "map from name to `{exit, stdout, stderr}`, a list of those, or `none`")};
}

Key whose() {
  return key("supervisor", name(), "every one's", "Whose, where there are several", "a supervisor");
}

std::vector<Key> configuration_keys(std::string_view verb) {
  if (verb == "policy") {
    return {needed(verb, policy_document(), "Replaces the whole policy",
                   "a policy document, or the path of one"),
            whose()};
  }
  if (verb == "inference") {
    return {needed(verb, none_or(map(keys::inference)), "Replaces the route", "a route, or `none`"),
            key("verify", boolean(), "`false`",
                "Whether the gateway, which there must be, asks the provider first"),
            whose()};
  }
  constexpr std::string_view kMerged =
      "What is named is merged into what is, `none` takes one away";
  if (verb == "dns") {
    return {needed(verb, maps(none_or(zone_answer())), kMerged, "map from name to answer")};
  }
  if (verb == "firewall") {
    return {
        needed(verb, named(none_or(part(keys::firewall_rule))), kMerged, "map from name to rule")};
  }
  if (verb == "providers") {
    return {
        needed(verb, named(none_or(part(keys::provider))), kMerged, "map from name to provider")};
  }
  return {
      needed(verb, named(none_or(part(keys::middleware))), kMerged, "map from name to service")};
}

std::vector<Key> key_change_keys(std::string_view verb) {
  const std::string_view meaning =
      verb == "rotate" ? "The provider takes that key too, and the control plane hands it out"
      : verb == "revoke"
          ? "The provider answers 401 to that key from now on"
          : "The control plane hands out that key, whatever the provider thinks of it";
  return {needed(verb, name(), meaning, "a provider"),
          needed("key", text(), "One of the provider's `keys`")};
}

std::vector<Key> process_keys(std::string_view verb) {
  constexpr static std::array<std::string_view, 5> kSignals{"TERM", "KILL", "INT", "QUIT", "ABRT"};
  const std::string_view meaning = verb == "stop"
                                       ? "Sends the signal; done when the process has ended"
                                   : verb == "start" ? "Starts it (again); done when it is ready"
                                                     : "Stops and starts it; done when it is ready";
  std::vector<Key> keys{needed(verb, name(), meaning, "an actor")};
  if (verb != "start") keys.push_back(key("signal", word(kSignals), "`TERM`", "How it is stopped"));
  return keys;
}

std::vector<Key> fault_keys() {
  constexpr static std::array<std::string_view, 3> kHows{"reset", "fin", "stall"};
  return {needed("fault", word(fault_kinds()), "Begins a fault, which lasts until it is lifted",
                 "a kind, below"),
          needed("target", name(), "Whom it befalls", "an actor, or `dns`"),
          key("delay", duration(), "by kind", "Of `slow` and `impaired`"),
          key("offset", octets(), "by kind", "Of `reset` and `impaired`: so many octets"),
          key("rate", of(Shape::Kind::byte_rate), "any", "Of `impaired`: each way, so fast"),
          key("how", word(kHows), "`reset`", "Of `idle_cut` and `impaired`: how a connection ends"),
          key("silence", duration(), "", "Of `idle_cut`: so long without a byte"),
          key("by", either({duration(), text("^-[0-9]+(us|ms|s|min)$")}), "",
              "Of `shifted`: so far ahead; may be negative"),
          key("name", text(), "every name", "Of the name server's: queries for that name alone")};
}

std::vector<Key> own_keys(std::string_view verb) {
  if (verb == "request") return request_keys();
  if (verb == "websocket") return websocket_keys();
  if (verb == "raw") return raw_keys();
  if (verb == "run") return run_keys();
  if (verb == "gate") return gate_keys();
  if (verb == "rotate" || verb == "revoke" || verb == "update") return key_change_keys(verb);
  if (verb == "stop" || verb == "start" || verb == "restart") return process_keys(verb);
  if (verb == "fault") return fault_keys();
  if (verb == "delete") {
    return {needed("delete", name(), "Takes its record out of the gateway, which there must be",
                   "a provider"),
            key("force", boolean(), "`false`", "Also while something uses it")};
  }
  if (verb == "lift") {
    return {needed("lift", name(), "Ends the fault that the step began; it comes later in the file",
                   "a fault step")};
  }
  if (verb == "pause") {
    return {needed("pause", duration(), "Lets time pass; anything else waits for events"),
            needed("why", text(), "Why no event will do")};
  }
  return configuration_keys(verb);
}

Key expect_key(std::string_view verb) {
  const SourceType type = type_of_verb(verb);
  const bool control = type == SourceType::control;
  return key("expect",
             facts(facts_of(type), type == SourceType::run    ? "run_facts"
                                   : type == SourceType::gate ? "gate_facts"
                                   : control                  ? "control_facts"
                                                              : "exchange_facts"),
             control ? "`{class: ok}`" : "nothing",
             "Facts of the step and what they must be ([section 11](#11-facts-and-classes)); with "
             "`repeat` each time",
             "map from fact to matcher");
}

bool has_way(std::string_view verb) {
  return verb == "request" || verb == "websocket" || verb == "raw";
}

Keys step_keys(std::string_view verb, std::string_view what) {
  Keys keys{verb, what, own_keys(verb)};
  const auto add = [&](const Keys& more) {
    keys.keys.insert(keys.keys.end(), more.keys.begin(), more.keys.end());
  };
  const bool client = has_way(verb) || verb == "run" || verb == "gate";
  if (client) add(client_modifiers());
  if (has_way(verb)) add(repeat_modifiers());
  add(modifiers());
  std::erase_if(keys.keys, [&](const Key& key) {
    const bool timeless = verb == "pause" || verb == "gate";
    return (key.name == "timeout" && timeless) || (key.name == "via" && !has_way(verb)) ||
           (key.name == "retry" && (verb == "websocket" || verb == "raw"));
  });
  for (Key& key : keys.keys) {
    if (key.name == "expect") key = expect_key(verb);
  }
  if (verb == "request") keys.alone = {"body", "json", "size"};
  return keys;
}

struct StepTables {
  std::vector<std::string> whats;
  std::vector<Keys> tables;
};

const StepTables& step_tables() {
  static const StepTables kTables = [] {
    StepTables out;
    for (const std::string_view verb : kVerbs) {
      const bool vowel = std::string_view("aeiou").find(verb[0]) != std::string_view::npos;
      out.whats.push_back((vowel ? "an " : "a ") + std::string(verb) + " step");
    }
    for (std::size_t i = 0; i < kVerbs.size(); ++i) {
      out.tables.push_back(step_keys(kVerbs[i], out.whats[i]));
    }
    return out;
  }();
  return kTables;
}

}  // namespace

Words verbs() { return kVerbs; }

const Keys& step(std::string_view verb) {
  const auto* const found = std::find(kVerbs.begin(), kVerbs.end(), verb);
  CHECK(found != kVerbs.end());
  return step_tables().tables[static_cast<std::size_t>(found - kVerbs.begin())];
}

const Keys& modifiers() {
  static const Keys kKeys{
      "modifiers",
      "a step",
      {key("background", boolean(), "`false`", "`true`: don't wait for its end"),
       key("after", either({name(), a_trigger()}), "at once",
           "Begin no sooner than that. Neither may come later in the file",
           "a step's name, or a selector"),
       expect_key("request"),
       key("timeout", duration(), "`2s`",
           "Of one exchange, of the command, of the change. A `pause` has none, a `gate` its "
           "`limits`")}};
  return kKeys;
}

const Keys& client_modifiers() {
  static const Keys kKeys{
      "client_modifiers",
      "a client step",
      {key("from", name(), "`agent`", "The host that it happens in", "a host"),
       key("via", name(), "`auto`",
           "Of `request`, `websocket` and `raw`: `auto` (the supervisor that serves the host, if "
           "one does), `direct`, or an actor",
           "`auto`, `direct`, or a supervisor or proxy"),
       key("retry", duration(), "one try",
           "Of `request`, `run` and `gate`: try anew each 20 ms until `expect` holds. Only with an "
           "expected success (`class: ok`, "
           "`exit: 0`, a status below 400), and without `repeat`")}};
  return kKeys;
}

const Keys& repeat_modifiers() {
  static const Keys kKeys{
      "repeat_modifiers",
      "a step that repeats",
      {key("repeat", integer(1), "1", "So many exchanges, one after another"),
       key("connections", integer(1), "1",
           "Of the repetitions so many at once, each in a lane of its own. A lane keeps its "
           "connection from one exchange to the next, and opens it anew when the peer has ended "
           "it"),
       key("rate", of(Shape::Kind::rate), "as fast as answers come",
           "So many begin in a second, over all connections"),
       key("until", a_trigger(), "all of `repeat`",
           "Begin no more after that. It may be an event of a later step")}};
  return kKeys;
}

const Keys& client_tls() {
  static const Keys kKeys{
      "client_tls",
      "a client's tls",
      {key("verify", boolean(), "`true`", "Whether the peer's certificate must be good"),
       key("sni", text(), "the URL's host", "The name that is asked for"),
       key("alpn", text(), "none", "The protocol that is offered")}};
  return kKeys;
}

const Keys& tool() {
  static const Keys kKeys{"tool",
                          "a tool",
                          {key("exit", integer(), "0", "Its exit code"),
                           key("stdout", text(), "nothing", "What it prints"),
                           key("stderr", text(), "nothing", "What it complains")}};
  return kKeys;
}

}  // namespace sallyport::sim::scenario::keys
