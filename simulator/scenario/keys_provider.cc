// The tables of providers, of their answers and streams, and of scripts of bytes and messages.
#include <array>

#include "simulator/scenario/keys_shapes.h"

namespace sallyport::sim::scenario::keys {

using namespace shapes;

namespace {

constexpr std::array<std::string_view, 2> kUpDown{"up", "down"};
constexpr std::array<std::string_view, 8> kTls{"none",          "valid",      "expired",
                                               "not_yet_valid", "wrong_name", "unknown_issuer",
                                               "self_signed",   "stall"};
constexpr std::array<std::string_view, 5> kDialects{"openai", "anthropic", "ollama", "plain",
                                                    "proxy"};
constexpr std::array<std::string_view, 3> kFramings{"length", "chunked", "close"};
constexpr std::array<std::string_view, 4> kEncodings{"identity", "gzip", "br", "zstd"};
constexpr std::array<std::string_view, 4> kHows{"reset", "fin", "clean", "stall"};
constexpr std::string_view kRoute =
    "^((\\*|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) [/*]|CONNECT )";
constexpr std::string_view kHex = "^([0-9a-f ]*|.*\\$\\(.*)$";
constexpr std::string_view kHowMeaning =
    "RST; the connection ends and the framing doesn't (`fin`); both end (`clean`); nothing more "
    "comes (`stall`)";

}  // namespace

const Keys& provider() {
  static const Keys kKeys{
      "provider",
      "a provider",
      {key("host", name(), "`box`", "Where it listens", "a host"),
       key("listen", endpoint(), "the next of 20.0.0.1, 20.0.0.2 ..., port 443 with TLS, else 80",
           "Its address. Those of the default are ones that no policy calls private; N counts "
           "the providers without a `listen`"),
       key("initially", word(kUpDown), "`up`", "`down`: until a step starts it"),
       key("names", texts(),
           "its name with `-` for `_`, and `.test`; none if it listens on loopback or on all "
           "addresses",
           "In the zone and in its certificate", "list of names"),
       key("tls", word(kTls), "`none`",
           "A valid certificate, one with a flaw, or a peer that never answers the handshake "
           "(`stall`)"),
       key("dialect", word(kDialects), "`openai`",
           "How it answers what no route of its own does: as a good provider of that API; "
           "`plain` echoes a body, or tells method and path; `proxy` is a CONNECT proxy"),
       key("models", texts(), "`[m1]`", "Names that the dialect knows", "list of names"),
       key("keys", texts(), "asks for no key",
           "Credentials by name. At first only the first opens; requests with another or none get "
           "401. A `rotate` makes another open too, a `revoke` shuts one out",
           "list of names"),
       key("record", map(record), "by dialect, its url and `/v1`", "How a route leads here",
           "`{type, base_url}`"),
       key("credential", text(), "`none`",
           "A variable in the agent's environment. It holds a placeholder for the provider's "
           "current key, good for this provider's host and port alone; needs `keys` and a "
           "`gateway`",
           "name of a variable"),
       key("routes", maps(either({map(answer), list(map(answer))}), {}, kRoute), "`{}`",
           "Answers of its own, before the dialect's. The method may be `*`; in the path `*` "
           "stands for one segment's text and `**` for any number. The first that fits counts. A "
           "list is answered one by one and stays at its last",
           "map from `METHOD PATH` to an answer or a list of them"),
       key("sse", map(sse), "`{events: 8}`", "The dialect's streams", "a stream")}};
  return kKeys;
}

const Keys& record() {
  static const Keys kKeys{"record",
                          "a record",
                          {key("type", text(), "by dialect", "The type of provider"),
                           key("base_url", text(), "its url and `/v1`", "Where it is asked")}};
  return kKeys;
}

const Keys& answer() {
  static const Keys kKeys{
      "answer",
      "an answer",
      {key("status", integer(100), "200", "100 to 599"),
       key("headers", pairs(), "`{}`", "By name; a list gives several lines"),
       key("body", text(), "no body", "Text"), key("json", json(), "no body", "A JSON body"),
       key("size", size(), "no body", "So many octets of filler"),
       key("sse", map(sse), "no stream", "A stream of events", "a stream"),
       key("websocket", list(either({websocket_word(), map(websocket_move)})), "no upgrade",
           "101, then these moves; without an upgrade in the request 426", "list of moves"),
       key("raw", list(either({raw_word(), map(move)})), "a proper answer",
           "Bytes as they stand. The head of the request has been read already, so an "
           "`{expect: head}` at the beginning is met at once",
           "list of moves"),
       key("framing", word(kFramings), "`length`; `chunked` for streams",
           "How the body's end is told"),
       key("encoding", word(kEncodings), "`identity`",
           "The coding of the body; of a stream each event is flushed"),
       key("delay", duration(), "none", "Before the head"),
       key("hold", a_trigger(), "nothing", "An event without which no head is sent"),
       key("cut", map(body_cut), "whole", "The body ends early", "`{offset, how}`")},
      {"body", "json", "size", "sse", "websocket", "raw"}};
  return kKeys;
}

const Keys& sse() {
  static const Keys kKeys{
      "sse",
      "an sse script",
      {key("events", either({integer(), list(text())}), "8", "How many, or the texts themselves",
           "a number, or list of texts"),
       key("first_after", duration(), "`0ms`", "Before the first"),
       key("every", duration(), "`0ms`", "Between two"),
       key("terminal", boolean(), "`true`", "Whether the dialect's last event (`[DONE]`) follows"),
       key("hold", map(sse_hold), "nothing", "Stop before an event until another has happened",
           "`{event: N, until: SELECTOR}`"),
       key("cut", map(sse_cut), "whole", "The stream ends early", "`{event: N, offset, how}`")}};
  return kKeys;
}

const Keys& sse_hold() {
  static const Keys kKeys{"sse_hold",
                          "a hold",
                          {needed("event", integer(1), "Before which one, from 1"),
                           needed("until", a_trigger(), "What must have happened")}};
  return kKeys;
}

const Keys& sse_cut() {
  static const Keys kKeys{"sse_cut",
                          "a cut",
                          {needed("event", integer(1), "In which one, from 1"),
                           key("offset", octets(), "`0B`", "So many octets into it"),
                           key("how", word(kHows), "`reset`", kHowMeaning)}};
  return kKeys;
}

const Keys& body_cut() {
  static const Keys kKeys{"body_cut",
                          "a cut",
                          {needed("offset", octets(), "So many octets into the body"),
                           key("how", word(kHows), "`reset`", kHowMeaning)}};
  return kKeys;
}

const Keys& move() {
  static const Keys kKeys{
      "move",
      "a move",
      {key("send", text(), "", "Writes this text"),
       key("hex", text(kHex), "", "Writes these octets, pairs of `0-9a-f`"),
       key("chunk", size(), "in one write", "With `send` and `hex`: in pieces of that size"),
       key("gap", duration(), "`0ms`", "With `send` and `hex`: between two pieces"),
       key("expect", text(), "", "Reads up to that text, to a whole head, or to the end",
           "`head`, `eof` or text"),
       key("await", a_trigger(), "", "Waits for that event")},
      {"send", "hex", "expect", "await"},
      true};
  return kKeys;
}

const Keys& websocket_move() {
  static const Keys kKeys{
      "websocket_move",
      "a move of a WebSocket",
      {key("send", either({text(), map(websocket_bytes)}), "", "Sends a message",
           "text, or `{hex: DIGITS}`"),
       key("split", list(octets()), "one frame",
           "With `send`: a fragment ends at each of these offsets", "list of offsets"),
       key("ping", text(), "", "Sends a ping with that payload"),
       key("expect", a_matcher(), "", "Reads the next message, whose text must fit", "a matcher"),
       key("await", a_trigger(), "", "Waits for that event"),
       key("close", integer(), "", "Sends a close frame and waits for the peer's", "a code")},
      {"send", "ping", "expect", "await", "close"},
      true};
  return kKeys;
}

const Keys& websocket_bytes() {
  static const Keys kKeys{"websocket_bytes",
                          "a binary message",
                          {needed("hex", text(kHex), "Octets, pairs of `0-9a-f`")}};
  return kKeys;
}

}  // namespace sallyport::sim::scenario::keys
