// The kinds of fault, with what may befall whom.
#include <array>

#include "simulator/scenario/keys.h"

namespace sallyport::sim::scenario::keys {
namespace {

constexpr std::string_view kAny = "any actor";
constexpr std::string_view kProcess = "`gateway`, a supervisor, a middleware service";
constexpr std::string_view kService = "a middleware service";
constexpr std::string_view kNames = "`dns`";

const std::vector<FaultKeys>& kinds() {
  static const std::vector<FaultKeys> kFaults{
      {"none", kAny, {}, {}, "Nothing; for a matrix that has a cell without a fault"},
      {"refused",
       kAny,
       {},
       {},
       "As if nobody listened: connecting gets RST, what is open is reset"},
      {"filtered", kAny, {}, {}, "Packets of new connections vanish; what is open goes on"},
      {"blackhole", kAny, {}, {}, "All packets vanish, both ways"},
      {"reset",
       kAny,
       {"offset"},
       {},
       "Accepts, then RST after `offset` octets (0); what is open is "
       "reset"},
      {"impaired",
       kAny,
       {"delay", "rate", "offset", "how"},
       {},
       "Bytes come `delay` late, at most `rate` fast, and connections end by `how` after `offset` "
       "octets of the listener's"},
      {"idle_cut",
       kAny,
       {"silence", "how"},
       {"silence"},
       "Connections that are silent for `silence` end, by `how`"},
      {"frozen", kAny, {}, {}, "It stops running, while the kernel goes on accepting for it"},
      {"slow",
       "a provider, a middleware service",
       {"delay"},
       {},
       "Answers come `delay` late: twice the service's `timeout` unless said, of a provider `1s`"},
      {"unavailable", kService, {}, {}, "Calls end with UNAVAILABLE"},
      {"internal", kService, {}, {}, "Calls end with INTERNAL"},
      {"malformed", kService, {}, {}, "Answers can't be decoded"},
      {"shifted", "`gateway`, a supervisor", {"by"}, {"by"}, "Its wall clock is `by` ahead"},
      {"disk_full", kProcess, {}, {}, "Nothing more can be written to its folder"},
      {"read_only", kProcess, {}, {}, "Nothing can be written to its folder"},
      {"port_taken", kProcess, {}, {}, "While it is down, somebody else listens where it would"},
      {"nxdomain", kNames, {"name"}, {}, "Names don't exist"},
      {"servfail", kNames, {"name"}, {}, "The name server fails"},
      {"silent", kNames, {"name"}, {}, "The name server doesn't reply"},
      {"wrong_id", kNames, {"name"}, {}, "Replies carry another query's id"},
      {"truncated",
       kNames,
       {"name"},
       {},
       "Replies over UDP are cut short: who asks again over TCP is answered"}};
  return kFaults;
}

}  // namespace

std::span<const FaultKeys> faults() { return kinds(); }

Words fault_kinds() {
  static const std::vector<std::string_view> kKinds = [] {
    std::vector<std::string_view> names;
    for (const FaultKeys& fault : kinds()) names.push_back(fault.kind);
    return names;
  }();
  return kKinds;
}

}  // namespace sallyport::sim::scenario::keys
