// The tables of a file's own keys, and of what it says about itself.
#include <array>

#include "simulator/scenario/keys_shapes.h"

namespace sallyport::sim::scenario::keys {

using namespace shapes;

namespace {

constexpr std::array<std::string_view, 5> kYields{"fail", "vacuous", "escape", "leak", "timeout"};
constexpr std::array<std::string_view, 3> kLevels{"must", "should", "may"};
constexpr std::array<std::string_view, 5> kNeeds{"ipv6", "landlock", "seccomp", "netem", "root"};
constexpr std::string_view kReference = "^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+#[1-9][0-9]*$";
constexpr std::string_view kVersion = "^(>=|>|<=|<|=)[0-9]+(\\.[0-9]+)*$";

std::vector<Key> about_itself() {
  return {
      needed("scenario", text(), "The claim, in one sentence"),
      key("reproduces", texts(kReference), "this or `requirement` (both may stand)",
          "Field reports that the scenario replays", "list of `OWNER/REPO#N`"),
      key("requirement", either({text(), map(requirement)}), "this or `reproduces`",
          "An id of [requirements.md](requirements.md), whose level is `must` unless said",
          "an id, or `{id, level}`"),
      needed("kills", texts(),
             "Defects, by the name of their patch in `fixtures/defects/`, each of which turns some "
             "cell red; `[]` goes with `supervisor: none`, and only with it",
             "list of names"),
      key("source", texts(), "`[]`", "Where more about it is found"),
      key("tags", texts(), "`[]`", "For `--tag` of the command line"),
      key("known_issue", none_or(map(known_issue)), "`none`",
          "The claim is known not to hold: what would be `fail` is `xfail`, and `pass` is `xpass`",
          "`{ref, reason, when}`"),
      key("yields", map(yields), "none",
          "The verdict that each cell is made to have, for tests of the harness on itself: a cell "
          "with just that one is a pass",
          "`{verdict, claim}`"),
      key("needs", list(either({word(kNeeds), map(need)})), "`[]`",
          "What the machine must have besides what the file shows; without it cells are skipped. "
          "The program that a `run` list begins with is needed without being named",
          "list of `ipv6`, `landlock`, `seccomp`, `netem`, `root`, `{command, version}`"),
      key("timeout", duration(), "`10s`",
          "For the subject's start and all steps of a cell together"),
      key("seed", integer(), "from the path as it is given", "The source of nonces and keys"),
      key("matrix", of(Shape::Kind::matrix), "one cell",
          "What varies, [section 3](#3-cells-and-includes)",
          "map from axis to its values; `exclude` beside them"),
      key("include", texts(), "none",
          "Files that are merged in before this one, [section 3](#3-cells-and-includes)",
          "list of paths"),
  };
}

std::vector<Key> world_and_actors() {
  return {
      key("hosts", named(map(host)), "`box` and `agent`", "[Section 4](#4-hosts-and-names)",
          "map from name to host"),
      key("networks", named(map(network)), "none", "Bridges, [section 4](#4-hosts-and-names)",
          "map from name to network"),
      key("dns", maps(zone_answer()), "the providers' names",
          "The zone of the world's name server, [section 4](#4-hosts-and-names)",
          "map from name to answer"),
      key("firewall", named(map(firewall_rule)), "no rule",
          "Packet filters of hosts, [section 4](#4-hosts-and-names)", "map from name to rule"),
      key("providers", named(map(provider)), "none", "Upstreams, [section 5](#5-actors)",
          "map from name to provider"),
      key("middleware", named(map(middleware)), "none",
          "Services that look at requests, [section 5](#5-actors)", "map from name to service"),
      key("decoys", named(either({endpoint(), map(decoy)})), "none",
          "Addresses that nobody may connect to, [section 5](#5-actors)",
          "map from name to `ADDRESS:PORT`, or `{host, listen}`"),
      key("gateway", none_or(map(gateway)), "`none`", "The control plane, [section 5](#5-actors)",
          "a gateway, or `none`"),
      key("supervisor", none_or(map(supervisor)), "one, with every default",
          "The subject under test, [section 5](#5-actors)", "a supervisor, or `none`"),
      key("supervisors", named(map(supervisor)), "the one `supervisor`",
          "Several subjects, each serving a host of its own", "map from name to supervisor"),
      key("policy", policy_document(), "nothing is allowed",
          "What supervisors are given, [section 6](#6-what-the-supervisor-is-given)",
          "a policy document, or the path of one"),
      key("inference", none_or(map(inference)), "`none`",
          "Where `inference.local` leads, [section 6](#6-what-the-supervisor-is-given)",
          "a route, or `none`"),
  };
}

std::vector<Key> joined(std::vector<Key> first, std::vector<Key> second) {
  first.insert(first.end(), std::make_move_iterator(second.begin()),
               std::make_move_iterator(second.end()));
  return first;
}

}  // namespace

const Keys& scenario() {
  static const Keys kKeys = [] {
    Keys keys{"scenario", "a scenario", joined(about_itself(), world_and_actors())};
    keys.keys.push_back(needed("steps", named(of(Shape::Kind::step)),
                               "What is done, [section 7](#7-steps)", "map from name to step"));
    keys.keys.push_back(key("expect", list(of(Shape::Kind::claim)), "`[]`",
                            "What must hold, [section 10](#10-claims)", "list of claims"));
    keys.alone = {"supervisor", "supervisors"};
    keys.any = {"reproduces", "requirement"};
    for (Key& key : keys.keys) {
      if (key.name == "kills")
        key.lack = "a scenario needs \"kills\": the defects that it must catch";
    }
    return keys;
  }();
  return kKeys;
}

const Keys& included() {
  static const Keys kKeys{
      "included", "an included file", world_and_actors(), {"supervisor", "supervisors"}};
  return kKeys;
}

const Keys& requirement() {
  static const Keys kKeys{
      "requirement",
      "a requirement",
      {needed("id", text(), "An id of [requirements.md](requirements.md)"),
       key("level", word(kLevels), "`must`", "How much of a supervisor it asks")}};
  return kKeys;
}

const Keys& known_issue() {
  static const Keys kKeys{"known_issue",
                          "a known issue",
                          {needed("ref", text(), "Where it is written down"),
                           needed("reason", text(), "Why the claim doesn't hold yet"),
                           key("when", when_shape(), "all cells", "The cells that it is about",
                               "`{AXIS: VALUE or [VALUES]}`")}};
  return kKeys;
}

const Keys& yields() {
  static const Keys kKeys{"yields",
                          "a verdict to be had",
                          {needed("verdict", word(kYields), "Which one"),
                           key("claim", text(), "any",
                               "A piece of what is claimed or observed in one of the failures")}};
  return kKeys;
}

const Keys& need() {
  static const Keys kKeys{"need",
                          "a need",
                          {needed("command", text(), "A program that must be on PATH"),
                           key("version", text(kVersion), "any",
                               "What `COMMAND --version` must say", "such as `\">=20\"`")}};
  return kKeys;
}

}  // namespace sallyport::sim::scenario::keys
