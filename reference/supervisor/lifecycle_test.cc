// SIGHUP, as the process gets it: from the signal to the generation that decides then.
#include "reference/supervisor/lifecycle.h"

#include <gtest/gtest.h>

#include <csignal>
#include <functional>

#include "reference/relay/testing/http_fixture.h"
#include "reference/sync/poller_fixture.h"

namespace sallyport::supervisor {
namespace {

constexpr const char* kSound = "policy: {version: 1}\n";
constexpr const char* kUnsound = "policy: {version: 7}\n";

class LifecycleTest : public relay::HttpTest {
 protected:
  LifecycleTest() {
    auto first = std::make_shared<egress::Generation>();
    first->policy.revision = "first";
    generations_.emplace(std::move(first));
    source_.config_answer.set_config_revision(1);
    source_.config_answer.mutable_policy()->set_version(1);
  }
  ~LifecycleTest() override {
    polls_.force();
    roots_.force();
    loop_.poll();
  }

  // The file of the next SIGHUP; what it says of a gateway is that of the start.
  void write(const std::string& text) { file_ = (gateway_ ? kGateway : "") + text; }
  void fail_closed() {
    auto next = std::make_shared<egress::Generation>(now());
    next->fail_closed = true;
    generations_->install(std::move(next));
  }
  void start(bool gateway = false) {
    gateway_ = gateway;
    sync::PollerOptions options;
    options.poll = std::chrono::hours(1);
    poller_.emplace(
        sync::Poller::Parts{loop_.executor(), loop_.deadlines, told_, log_, *generations_,
                            gateway ? &source_ : nullptr, registries_.builder()},
        options);
    Programs programs;
    programs.rule = IdentityRule::endpoints_only;
    const inference::Environment nothing = [](std::string_view) { return std::nullopt; };
    Lifecycle::Parts parts{services(), *generations_,     server_,  *poller_, polls_,
                           gateway,    "supervisor.yaml", programs, 1,        nothing};
    parts.load = [this](base::Diagnostics& complaints) {
      return parse_config(file_ + "identity: endpoints_only\n", "supervisor.yaml", complaints);
    };
    parts.settle = [this](policy::Policy&) { return refusal_; };
    lifecycle_.emplace(std::move(parts));
    roots_.spawn(lifecycle_->run());
    if (gateway) polls_.spawn(poller_->run_gateway());
    loop_.poll();
  }
  // Until `done`, which is to be soon.
  void hang_up(const std::function<bool()>& done) {
    ASSERT_EQ(::raise(SIGHUP), 0);
    const base::TimePoint patience = loop_.in(20'000);
    while (!done() && loop_.clock.now() < patience)
      loop_.loop.context().run_one_for(std::chrono::milliseconds(100));
    EXPECT_TRUE(done());
    loop_.poll();
  }
  [[nodiscard]] const egress::Generation& now() const { return *generations_->current(); }
  [[nodiscard]] std::function<bool()> installed() const {
    return [this, before = now().number] { return now().number > before; };
  }
  [[nodiscard]] std::function<bool()> told(const std::string& state) const {
    return [this, state, before = told_.count(state)] { return told_.count(state) > before; };
  }

  static constexpr const char* kGateway =
      "gateway: {endpoint: 'http://127.0.0.1:1', sandbox: sb-1}\n";
  const relay::Services& services() {
    if (!told_services_) {
      told_services_.emplace(relay::Services{loop_.executor(), loop_.clock, buffers_, resolver_,
                                             dialer_, sessions_, told_, log_, *generations_,
                                             *upstream_tls_, admission_, random_, sandbox_});
    }
    return *told_services_;
  }

  std::string file_ = kSound;
  std::string refusal_;
  bool gateway_ = false;
  sync::FakeAudit told_;
  sync::FakeSource source_;
  sync::FakeServices registries_{loop_.executor()};
  std::optional<Generations> generations_;
  std::optional<relay::Services> told_services_;
  Server server_{services_, loop_.deadlines, 1};
  std::optional<sync::Poller> poller_;
  net::TaskGroup polls_{loop_.executor(), log_};
  net::TaskGroup roots_{loop_.executor(), log_};
  std::optional<Lifecycle> lifecycle_;
};

TEST_F(LifecycleTest, ASoundFileIsTheNextGeneration) {
  start();
  hang_up(installed());
  EXPECT_NE(now().policy.revision, "first");
  EXPECT_EQ(told_.count("loaded"), 1);
}

// Or each reload would let in as many bodies again.
TEST_F(LifecycleTest, PermitsThatAreHeldOutliveAReload) {
  start();
  middleware::Admission& admission = services().admission;
  middleware::Admission::Permit held = loop_.run(admission.acquire());
  hang_up(installed());
  EXPECT_FALSE(loop_.run(admission.acquire()).held());  // there is one, and no room to wait
  held.release();
  EXPECT_TRUE(loop_.run(admission.acquire()).held());
}

TEST_F(LifecycleTest, AnUnsoundPolicyLeavesTheOneInForce) {
  start();
  write(kUnsound);
  hang_up(told("failed"));
  EXPECT_EQ(now().policy.revision, "first");
  EXPECT_EQ(now().quarantine, "");
}

TEST_F(LifecycleTest, AQuarantineEndsAtTheNextSoundFile) {
  fail_closed();
  start();
  write(kUnsound);
  hang_up(told("quarantined"));
  EXPECT_TRUE(now().quarantine.starts_with("policy validation failed: ")) << now().quarantine;
  write(kSound);
  hang_up(installed());
  EXPECT_EQ(now().quarantine, "");
}

TEST_F(LifecycleTest, APolicyThatTheSandboxCantFollowLeavesTheOneInForce) {
  fail_closed();
  start();
  refusal_ = "landlock can't change while the sandbox runs";
  hang_up(told("failed"));
  EXPECT_EQ(now().policy.revision, "first");
  EXPECT_EQ(now().quarantine, "");
  const audit::Event& event = told_.last("failed");
  EXPECT_EQ(sync::member(event, "error"), "static_change");
  EXPECT_EQ(sync::member(event, "previous_policy_active"), "true");
  EXPECT_EQ(event.status_detail, "supervisor.yaml: " + refusal_);
}

TEST_F(LifecycleTest, BesideAGatewayAnUnsoundFileQuarantinesUntilItIsSound) {
  fail_closed();
  start(true);
  write("forward: sideways\n");
  hang_up(told("quarantined"));
  EXPECT_NE(now().quarantine, "");
  write("");
  hang_up([this] { return now().quarantine.empty(); });
  EXPECT_EQ(now().quarantine, "");
}

TEST_F(LifecycleTest, AQuarantineForAPolicyOfTheGatewaysIsEndedByItsNextSoundOneAlone) {
  source_.config_answer.mutable_policy()->set_version(7);
  source_.config_answer.set_policy_validation_failure_mode("fail_closed");
  start(true);
  ASSERT_TRUE(poller_->quarantines());
  ASSERT_NE(now().quarantine, "");
  write("");
  const int polls = source_.bundle_calls;
  hang_up([&] { return source_.bundle_calls > polls; });
  EXPECT_NE(now().quarantine, "");
  source_.config_answer.mutable_policy()->set_version(1);
  source_.config_answer.set_config_revision(2);
  hang_up([this] { return now().quarantine.empty(); });
  EXPECT_FALSE(poller_->quarantines());
}

}  // namespace
}  // namespace sallyport::supervisor
