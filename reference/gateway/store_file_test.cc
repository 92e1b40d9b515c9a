// The store over a file: what is there after an end of any kind.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <set>

#include "reference/base/unique_fd.h"
#include "reference/gateway/bundle.h"
#include "reference/gateway/delivery.h"
#include "reference/gateway/store.h"
#include "reference/gateway/test_folder.h"
#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

using rpc::Code;
using testing::HasSubstr;

class AStoreWithAFile : public testing::Test {
 protected:
  std::unique_ptr<Store> open(State configured = {}) {
    std::string wrong;
    auto store = Store::open(path_, std::move(configured), wrong);
    EXPECT_NE(store, nullptr) << wrong;
    return store;
  }
  TestFolder folder_;
  std::string path_ = folder_ / "state.db";
};

ProviderChange new_key(std::string value) {
  ProviderChange change;
  change.name = "p";
  change.credentials.emplace("OPENAI_API_KEY", base::Secret(std::move(value)));
  return change;
}

TEST(AStoreWithoutAFile, IsInMemory) {
  std::string wrong;
  const auto store = Store::open("", used_state(), wrong);
  ASSERT_NE(store, nullptr);
  EXPECT_TRUE(store->current()->providers.contains("p"));
}

TEST_F(AStoreWithAFile, HasEveryKindOfChangeAfterARestart) {
  State before;
  {
    const auto store = open(used_state());
    Sandbox made = sandbox("made", {"idle"});
    ASSERT_TRUE(store->create_provider(provider("new")));
    ASSERT_TRUE(store->update_provider(new_key("sk-2")));
    ASSERT_TRUE(store->create_sandbox(made));
    ASSERT_TRUE(store->attach("made", "new", 0));
    ASSERT_TRUE(store->detach("made", "idle", 0));
    ASSERT_TRUE(store->delete_provider("idle", true));
    ASSERT_TRUE(store->set_route(std::string(kUserRoute), route("new", "m-2", 9)));
    ASSERT_TRUE(store->set_registrations({registration("b"), registration("a")}).ok());
    ASSERT_TRUE(store->set_policy("made", PolicyRecord{"{}", "1", {}, {}, 0, 0}, 0));
    ASSERT_TRUE(store->set_policy("", PolicyRecord{"{}", "2", {}, {}, 0, 0}, 0));
    ASSERT_TRUE(store->report_effective("made", PolicyRecord{"{}", "3", {}, {}, 1, 0}, "1"));
    ASSERT_TRUE(store->report_policy("made", PolicyReport{1, "1", true, "", 5}));
    ASSERT_TRUE(store->delete_sandbox("sb"));
    before = store->snapshot();
  }
  const State after = open(used_state())->snapshot();
  EXPECT_EQ(after.providers, before.providers);
  EXPECT_EQ(after.routes, before.routes);
  EXPECT_EQ(after.sandboxes, before.sandboxes);
  EXPECT_EQ(after.registrations, before.registrations);
  EXPECT_EQ(after.policy, before.policy);
  EXPECT_EQ(after.sandboxes.size(), 1U);
  EXPECT_EQ(after.sandboxes.at("made").loaded_version, 1U);
}

TEST_F(AStoreWithAFile, DeliversUnderTheSameRevisionsAfterARestart) {
  const auto revisions = [](const State& state) {
    const Sandbox& owner = state.sandboxes.at("sb");
    return std::pair(environment_of(state, owner, 0).revision, resolve_bundle(state, 0)->revision);
  };
  State configured = used_state();
  configured.providers.at("p").endpoints = {{"api.test", 443, ""}};
  configured.start = "first";
  const auto first = revisions(*open(configured)->current());
  configured.start = "second";
  EXPECT_EQ(revisions(*open(configured)->current()), first);
  configured.providers.at("p").credentials.at("OPENAI_API_KEY") = base::Secret("sk-2");
  const auto changed = revisions(*open(configured)->current());
  EXPECT_NE(changed.first, first.first);
  EXPECT_NE(changed.second, first.second);
}

TEST_F(AStoreWithAFile, TellsARecordThatComesBackFromTheOneThatWas) {
  State configured = used_state();
  configured.providers.at("p").endpoints = {{"api.test", 443, ""}};
  configured.start = "first";
  const auto revision = [](const Store& store) {
    const auto state = store.current();
    return environment_of(*state, state->sandboxes.at("sb"), 0).revision;
  };
  std::uint64_t before = 0;
  {
    const auto store = open(configured);
    before = revision(*store);
    ASSERT_TRUE(store->delete_provider("p", true));
  }
  configured.providers.at("p").credentials.at("OPENAI_API_KEY") = base::Secret("sk-2");
  configured.start = "second";
  const auto store = open(configured);
  ASSERT_TRUE(store->attach("sb", "p", 0));
  EXPECT_EQ(store->current()->providers.at("p").version, 1U);
  EXPECT_NE(revision(*store), before);
}

TEST_F(AStoreWithAFile, IsNotOpenedOverARecordThatIsDamaged) {
  open(used_state()).reset();
  std::string octets = octets_of(path_);
  const std::size_t at = octets.find("name-of-sb");
  ASSERT_NE(at, std::string::npos);
  octets[at] = 'N';
  put_octets(path_, octets);
  std::string wrong;
  EXPECT_EQ(Store::open(path_, used_state(), wrong), nullptr);
  EXPECT_THAT(wrong, HasSubstr("is damaged"));
  EXPECT_EQ(octets_of(path_), octets);
}

TEST_F(AStoreWithAFile, IsNotOpenedWithAConfigurationThatContradictsIt) {
  ASSERT_TRUE(open()->create_sandbox(sandbox("made")));
  State configured;
  configured.sandboxes.emplace("x", sandbox("x"));
  configured.sandboxes.at("x").name = "name-of-made";
  std::string wrong;
  EXPECT_EQ(Store::open(path_, configured, wrong), nullptr);
  EXPECT_THAT(wrong, HasSubstr("sandbox 'x' of the configuration"));
}

TEST_F(AStoreWithAFile, ChangesNothingThatItCannotStore) {
  const auto store = open(used_state());
  const auto before = store->current();
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const auto action = ::signal(SIGXFSZ, SIG_IGN);
  rlimit none = limit;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_FSIZE, &none);
  const auto updated = store->update_provider(new_key("sk-2"));
  const auto deleted = store->delete_provider("idle", false);
  const auto status = store->set_registrations({registration("a")});
  ::setrlimit(RLIMIT_FSIZE, &limit);
  ::signal(SIGXFSZ, action);
  EXPECT_EQ(updated.error().code, Code::unavailable);
  EXPECT_EQ(deleted.error().code, Code::unavailable);
  EXPECT_EQ(status.code, Code::unavailable);
  EXPECT_EQ(store->current(), before);
  EXPECT_TRUE(store->update_provider(new_key("sk-3")));
}

// --- killed at any point
// ------------------------------------------------------------------

constexpr int kRounds = 100;

std::string name_of(int n) { return "p" + std::to_string(n); }

// The `step`th of a sequence of writes: provider after provider is made, each third before it goes.
bool write_one(Store& store, int step) {
  const std::string name = name_of(step / 2);
  if (step % 2 == 0) return store.create_provider(provider(name)).has_value();
  return store.delete_provider(name_of(step / 2 - 3), false).has_value();
}

// Which providers there are after so many steps.
std::set<std::string> after(int steps) {
  std::set<std::string> names;
  for (int n = std::max(0, steps / 2 - 3); n < (steps + 1) / 2; ++n) names.insert(name_of(n));
  return names;
}

// Writes for as long as it lives; one octet down the pipe for each write that was acknowledged.
[[noreturn]] void write_on(const std::string& path, int first, int told) {
  std::string wrong;
  const auto store = Store::open(path, State{}, wrong);
  if (store == nullptr) ::_exit(2);
  for (int step = first;; ++step) {
    if (!write_one(*store, step)) ::_exit(3);
    if (::write(told, "", 1) != 1) ::_exit(4);
  }
}

struct Killed {
  int acknowledged = 0;
  int status = 0;
};

// SIGKILL after `patience` acknowledged writes and the time that `turns` calls take.
Killed kill_a_writer(const std::string& path, int first, int patience, int turns) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const base::UniqueFd from(ends[0]);
  base::UniqueFd to(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) write_on(path, first, to.get());
  to.reset();
  Killed killed;
  char octet = 0;
  while (killed.acknowledged < patience && ::read(from.get(), &octet, 1) == 1) {
    ++killed.acknowledged;
  }
  for (int turn = 0; turn < turns; ++turn) (void)::getppid();
  ::kill(child, SIGKILL);
  while (::read(from.get(), &octet, 1) == 1) ++killed.acknowledged;
  EXPECT_EQ(::waitpid(child, &killed.status, 0), child);
  return killed;
}

TEST(AKilledStore, LosesNothingAcknowledgedAtWhateverPointItWas) {
  const TestFolder folder(TestFolder::in_memory());
  const std::string path = folder / "state.db";
  std::mt19937 chance(4711);
  int written = 0;
  int acknowledged = 0;
  for (int round = 0; round < kRounds; ++round) {
    const int patience = static_cast<int>(chance() % 6);
    const int turns = static_cast<int>(chance() % 20'000);
    const Killed killed = kill_a_writer(path, written, patience, turns);
    ASSERT_TRUE(WIFSIGNALED(killed.status)) << "exit " << WEXITSTATUS(killed.status);
    acknowledged += killed.acknowledged;
    written += killed.acknowledged;
    std::string wrong;
    const auto store = Store::open(path, State{}, wrong);
    ASSERT_NE(store, nullptr) << wrong;
    std::set<std::string> names;
    for (const auto& [name, record] : store->current()->providers) names.insert(name);
    // The one that nobody was told of may be there.
    if (names != after(written)) {
      ++written;
      ASSERT_EQ(names, after(written)) << "in round " << round;
    }
  }
  EXPECT_GT(acknowledged, kRounds);  // they did get to write
}

}  // namespace
}  // namespace sallyport::gateway
