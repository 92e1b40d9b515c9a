// Subjects that aren't the reference: small scripts in a world, described in a few lines.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>

#include "reference/linux/links.h"
#include "reference/linux/namespaces.h"
#include "reference/net/event.h"
#include "reference/net/testing/run.h"
#include "simulator/journal/journal.h"
#include "simulator/subject/subject.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::subject {
namespace {

using world::testing::in_world;
using world::testing::plan_with;
using world::testing::TemporaryFolder;

constexpr int kPatienceMs = 20'000;

struct Bench {
  net::testing::TestLoop loop;
  base::SystemClock wall;
  journal::Journal journal{wall};
  SubjectSpec spec;
  std::unique_ptr<Subject> subject;

  [[nodiscard]] base::TimePoint later() const { return loop.in(kPatienceMs); }
  // What went wrong, or `ready`.
  [[nodiscard]] std::string start() {
    subject = std::make_unique<Subject>(spec, loop.executor(), loop.deadlines, journal,
                                        std::function<std::string()>());
    const auto failure = loop.run(subject->start(later()));
    return failure ? failure->what : "ready";
  }
  // Until so many events of that kind were journalled.
  static net::Task<bool> count(Bench& bench, std::string kind, std::size_t wanted);
  [[nodiscard]] bool wait_for(const std::string& kind, std::size_t wanted = 1) {
    return loop.run(count(*this, kind, wanted));
  }
  [[nodiscard]] std::string end() {
    const bool ended = loop.run(subject->process().end(later()));
    loop.run(subject->let_go());
    return ended ? " ended" : " late";
  }
  [[nodiscard]] std::string events() const {
    std::string text;
    for (const journal::Event& event : journal.events()) {
      text += event.kind + (event.late ? "(late)" : "");
      if (const journal::Value* const state = event.find("state"))
        text += "=" + journal::describe(state);
      text += ";";
    }
    return text;
  }
};

net::Task<bool> Bench::count(Bench& bench, std::string kind, std::size_t wanted) {
  net::Event wake(bench.loop.executor());
  const auto enough = [&] {
    std::size_t found = 0;
    for (const journal::Event& event : bench.journal.events()) found += event.kind == kind ? 1 : 0;
    return found >= wanted;
  };
  net::Deadline bound(bench.loop.deadlines, [&wake] { wake.notify(); });
  bound.set(bench.later());
  const std::uint64_t id =
      bench.journal.subscribe([&wake](const journal::Event&) { wake.notify(); });
  while (!enough() && !bound.passed()) {
    if (!co_await wake.wait()) break;
  }
  bench.journal.unsubscribe(id);
  co_return enough();
}

// A bash script (descriptors of two digits are beyond sh) with `keys` besides.
Description described(const std::string& keys, const std::string& script) {
  base::Diagnostics complaints;
  const std::string text = "name: theirs\ncommand: [/bin/bash, -c, \"${here}\"]\n" + keys;
  auto description = parse_description(text, "/x/theirs.yaml", complaints);
  if (!description) {
    ADD_FAILURE() << complaints.to_string();
    return reference_description();
  }
  description->command[2].texts[0] = script;
  return *description;
}

std::string with_subject(const std::string& keys, const std::string& script,
                         const std::function<std::string(Bench&)>& observe) {
  const TemporaryFolder folder;
  const Description description = described(keys, script);
  return in_world(plan_with(folder), [&](world::WorldContext&) {
    Bench bench;
    bench.spec.description = description;
    bench.spec.folder = folder.path() + "/theirs";
    bench.spec.listen = net::Endpoint::parse("127.0.0.1:3128").value();
    bench.spec.policy_yaml = "version: 1\n";
    bench.spec.upstream_ca_pem = "upstream";
    return observe(bench);
  });
}

std::string start_and_end(Bench& bench) {
  std::string all = bench.start();
  return all += bench.end();
}
// As well as what was journalled.
std::string start_end_and_events(Bench& bench) {
  std::string all = start_and_end(bench) + " ";
  return all += bench.events();
}

// Until TERM: nobody ever writes to it there.
constexpr const char* kServe = "read -r _ <&${events_fd}";

std::string loopback_up() {
  auto links = linux::Links::open();
  if (!links) return links.error().message();
  const auto up = links->set_up("lo", true);
  return up ? std::string() : up.error().message();
}

TEST(ExternalSubject, IsReadyWhenItWritesALineToItsDescriptor) {
  EXPECT_EQ(with_subject("", std::string("echo here >&${ready_fd}; ") + kServe, start_and_end),
            "ready ended");
}

TEST(ExternalSubject, IsReadyWhenALineOfItsOutputSaysSo) {
  EXPECT_EQ(
      with_subject("ready: {output: \"^listening on \"}\n",
                   std::string("echo not yet; echo listening on 1 >&2; ") + kServe, start_and_end),
      "ready ended");
}

TEST(ExternalSubject, IsReadyWhenItsFileIsThere) {
  EXPECT_EQ(with_subject("ready: {file: state/ready}\n",
                         std::string("echo > state/ready; ") + kServe, start_and_end),
            "ready ended");
}

TEST(ExternalSubject, ThatEndsBeforeItIsReadySaysHow) {
  for (const char* const ready : {"line", "port", "{output: never}", "{file: never}"}) {
    EXPECT_EQ(with_subject(fmt::format("ready: {}\n", ready), "exit 3",
                           [](Bench& bench) { return bench.start(); }),
              "it ended before it was ready (exit 3)")
        << ready;
  }
}

TEST(ExternalSubject, IsReadyWhenItsPortAccepts) {
  const char* const serve =
      "exec python3 -c 'import socket,signal; s=socket.create_server((\"127.0.0.1\",3128)); "
      "signal.sigwait({signal.SIGTERM})'";
  EXPECT_EQ(with_subject("ready: port\n", serve,
                         [](Bench& bench) {
                           std::string all = loopback_up();
                           return all += start_and_end(bench);
                         }),
            "ready ended");
}

TEST(ExternalSubject, IsToldEverythingThatItsDescriptionAsksFor) {
  const char* const tell =
      "echo ${listen} ${listen_address} ${listen_port} ${name} $(cat ${policy}) $(cat ${config}) "
      "$(cat ${upstream_ca}) $COLOUR; echo up >&${ready_fd}; ";
  EXPECT_EQ(
      with_subject("policy: json\nconfig: {text: \"at ${listen}\"}\n"
                   "environment: {COLOUR: \"red ${listen_port}\"}\n",
                   std::string(tell) + kServe,
                   [](Bench& bench) {
                     start_and_end(bench);
                     return bench.subject->process().output();
                   }),
      "127.0.0.1:3128 127.0.0.1 3128 supervisor {\"version\":1} at 127.0.0.1:3128 upstream red "
      "3128\n");
}

TEST(ExternalSubject, WithoutAValueForAVariableIsNotStarted) {
  EXPECT_EQ(with_subject("", "${gateway}", start_and_end).substr(0, 60),
            "its description wants ${gateway}, which has no value here en");
}

constexpr const char* kEvent =
    R"({"class_uid":5019,"class_name":"Device Config State Change","state":"loaded"})";

TEST(ExternalSubject, TellsItsEventsByADescriptor) {
  const std::string script = fmt::format(
      "printf '%s\\nnoise\\n' '{}' >&${{events_fd}}; echo up >&${{ready_fd}}; {}", kEvent, kServe);
  EXPECT_EQ(with_subject("events: fd\n", script, start_end_and_events),
            "ready ended config=loaded;audit=loaded;ready;exit;");
}

TEST(ExternalSubject, WhoseEventsAreReadFromALogTellsThemLate) {
  const std::string script = fmt::format(
      "echo up >&${{ready_fd}}; read -r _ < go; echo '{}' >> log/audit; {}", kEvent, kServe);
  EXPECT_EQ(with_subject("events: {file: log/audit}\n", "mkfifo go; " + script,
                         [](Bench& bench) {
                           std::string all = bench.start();
                           if (!write_file(bench.spec.folder + "/go", "now\n")) all += " no fifo";
                           all += bench.wait_for("audit") ? " told" : " silent";
                           all += bench.end() + " ";
                           return all += bench.events();
                         }),
            "ready told ended ready;config(late)=loaded;audit(late)=loaded;exit;");
}

// What a reload came to: the states of `config` events.
std::string reload(Bench& bench) {
  std::string all = bench.start();
  if (!bench.subject->reconfigure("version: 2\n", {})) return all + " not written";
  all += bench.wait_for("config") ? " told" : " silent";
  const Subject::Configured& said = bench.subject->configured();
  all += fmt::format(" {}+{} {}", said.loaded, said.failed, said.failed_why);
  return all += bench.end();
}

TEST(ExternalSubject, IsToldByASignalToReadItsPolicyAgain) {
  const std::string loop =
      "trap 'cat policy.yaml' HUP; echo up >&${ready_fd}; while true; do read -r _ <&11; done";
  const std::string keys =
      "reload: {signal: HUP, done: {output: \"version: 2\", refused: \"no\"}}\n";
  EXPECT_EQ(with_subject(keys, loop, reload), "ready told 1+0  ended");
  const std::string refuses =
      "trap 'echo no' HUP; echo up >&${ready_fd}; while true; do read -r _ <&11; done";
  EXPECT_EQ(with_subject(keys, refuses, reload), "ready told 0+1 no ended");
}

TEST(ExternalSubject, IsToldByACommandWhoseExitSaysWhetherItTookIt) {
  const std::string serve = std::string("echo up >&${ready_fd}; ") + kServe;
  EXPECT_EQ(with_subject("reload: {command: [/bin/grep, \"version: 2\", \"${policy}\"]}\n", serve,
                         reload),
            "ready told 1+0  ended");
  EXPECT_EQ(
      with_subject("reload: {command: [/bin/sh, -c, \"echo bad >&2; exit 4\"]}\n", serve, reload),
      "ready told 0+1 the reload command ended with 4: bad\n ended");
}

TEST(ExternalSubject, IsTakenAtItsWordWhereNothingTellsThatItTookIt) {
  EXPECT_EQ(with_subject("reload: {signal: CONT, done: sent}\n",
                         std::string("echo up >&${ready_fd}; ") + kServe, reload),
            "ready told 1+0  ended");
}

TEST(ExternalSubject, FindsAProcessInTheAgentsNamespace) {
  EXPECT_EQ(with_subject("",
                         std::string("readlink /proc/${sandbox_pid}/ns/net >&2; "
                                     "readlink /proc/self/fd/${netns_fd} >&2; "
                                     "echo up >&${ready_fd}; ") +
                             kServe,
                         [](Bench& bench) {
                           auto agent = linux::make_net_namespace();
                           bench.spec.sandbox_net_namespace = agent->get();
                           bench.spec.agent_host.net_namespace = agent->get();
                           const std::string how = start_and_end(bench);
                           const std::string out = bench.subject->process().output();
                           const std::size_t half = out.find('\n') + 1;
                           const bool same = out.substr(0, half) == out.substr(half);
                           return how + (same ? " same" : " " + out) +
                                  std::to_string(world::running_processes().size());
                         }),
            "ready ended same0");
}

TEST(ExternalSubject, ThatMakesItsAgentsNamespaceReportsWhoIsInIt) {
  const std::string holds = "unshare --net /bin/bash -c 'read -r _ <&11' & ";
  const std::string after = std::string("echo up >&${ready_fd}; ") + kServe;
  const std::string maker = "agent: made_by_subject\n";
  const auto joined = [](Bench& bench) {
    const std::string how = bench.start();
    const auto holder = bench.subject->holder();
    if (!holder) return how + " nobody";
    const auto theirs = linux::open_namespace(linux::NamespaceKind::net, *holder);
    const std::string where = theirs ? " there" : " gone";
    return how + where + bench.end();
  };
  EXPECT_EQ(with_subject(maker, holds + "echo $! >&${holder_fd}; " + after, joined),
            "ready there ended");
  EXPECT_EQ(with_subject(maker + "holder: {output: \"agent is (\\\\d+)\"}\n",
                         holds + "echo 5 agent is $!; " + after, joined),
            "ready there ended");
  EXPECT_EQ(with_subject(maker + "holder: {file: holder.pid}\n",
                         holds + "echo $! > holder.pid; " + after, joined),
            "ready there ended");
  EXPECT_EQ(with_subject(maker, holds + after, joined),
            "it was ready, but has reported no process in its agent's namespace nobody");
}

TEST(ExternalSubject, GivesItsAgentsWhatItWroteAndWhatItsDescriptionSays) {
  const std::string keys =
      "ca: {folder: out, certificate: out/ca.pem, environment: out/env}\n"
      "workload: {PROXY: \"http://${listen}\"}\n";
  EXPECT_EQ(with_subject(keys,
                         std::string("echo PEM > out/ca.pem; echo A=1=2 > out/env; "
                                     "echo up >&${ready_fd}; ") +
                             kServe,
                         [](Bench& bench) {
                           std::string all = start_and_end(bench) + " ";
                           all += bench.subject->ca_pem();
                           for (const auto& [name, value] : bench.subject->agent_environment())
                             all += name + ":" + value + ";";
                           return all;
                         }),
            "ready ended PEM\nA:1=2;PROXY:http://127.0.0.1:3128;");
  EXPECT_EQ(with_subject("", std::string("echo up >&${ready_fd}; ") + kServe,
                         [](Bench& bench) {
                           const std::string all = start_and_end(bench) + " ";
                           return all + bench.subject->ca_pem();
                         }),
            "ready ended upstream");
}

}  // namespace
}  // namespace sallyport::sim::subject
