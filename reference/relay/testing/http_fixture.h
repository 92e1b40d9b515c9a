// For tests of relays and adapters: a tunnel to a.example:8080 between a client in memory and an
// upstream that is a real socket, under a policy that allows it; and a middleware stage that does
// as told.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/base/unique_fd.h"
#include "reference/credentials/store.h"
#include "reference/middleware/admission.h"
#include "reference/middleware/registry.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"
#include "reference/relay/grant.h"
#include "reference/relay/http.h"
#include "reference/tls/client_context.h"

namespace sallyport::relay {

namespace wire = openshell::middleware::v1;

// Knows no name, and addresses as such.
class NoResolver final : public net::Resolver {
 public:
  net::Task<base::Result<std::vector<net::IpAddress>>> resolve(std::string host) override;
};

class Events final : public audit::AuditSink {
 public:
  void emit(const audit::Event& event) override {
    all.push_back(event.message);
    events.push_back(event);
  }
  // The finding of that uid, or nothing.
  [[nodiscard]] const audit::Event* finding(std::string_view uid) const;
  // What was told of requests as such, stages that allowed aside: messages.
  [[nodiscard]] std::vector<std::string> decisions() const;
  std::vector<std::string> all;  // messages
  std::vector<audit::Event> events;
};

class OneGeneration final : public GenerationSource {
 public:
  std::shared_ptr<const egress::Generation> current() const override { return now; }
  std::shared_ptr<const egress::Generation> now = std::make_shared<egress::Generation>();
};

// Remembers what it was asked, and answers by `act`; allows when there is none.
class FakeStage final : public middleware::Stage {
 public:
  using Act = std::function<rpc::Status(wire::HttpRequestResult& result)>;
  net::Task<rpc::Status> evaluate(const wire::HttpRequestEvaluation& request,
                                  wire::HttpRequestResult& result,
                                  base::TimePoint deadline) override;
  net::Task<rpc::Status> validate(const google::protobuf::Struct& config,
                                  const std::string& implementation, std::string& refusal,
                                  base::TimePoint deadline) override;
  Act act;
  std::vector<wire::HttpRequestEvaluation> asked;
};

class HttpTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kLimit = 16;  // of the stage `guard`

  HttpTest();
  // A generation that allows a.example:8080; to be changed, and then installed.
  [[nodiscard]] std::shared_ptr<egress::Generation> make_generation() const;
  // Makes it the one that decides; its number rises.
  void install(std::shared_ptr<egress::Generation> generation);
  // The grant of a tunnel that was opened under the generation of now.
  void open_tunnel();
  // An entry for a.example whose implementation is `name`; `guard` is the fake stage.
  static void add_entry(egress::Generation& generation, const std::string& name,
                        policy::OnError on_error, std::int32_t order = 0);
  // One entry `guard`, in the generation of a new tunnel.
  void guard(policy::OnError on_error);
  // A store with KEY=value bound to a.example:8080, as revision 1.
  static std::shared_ptr<const credentials::Store> store(const std::string& value);

  void from_client(std::string_view text);
  // The upstream gives each of these answers to one request. What it got goes to `seen_`.
  void answer(std::vector<std::string> answers);
  // Until the relay ends; the client has nothing more to send.
  void run();
  // The same for a client whose connection stays open.
  void run_open();
  // What went up, of an upstream that nobody answered for.
  std::string sent_up();
  [[nodiscard]] const std::string& sent_down() const { return client_.second->written(); }

  net::testing::TestLoop loop_;
  base::StderrLog log_{base::LogLevel::error};
  net::BufferPool buffers_;
  NoResolver resolver_;
  // Counts the attempts; none succeeds.
  int dialled_ = 0;
  net::TcpDialer dialer_{loop_.executor(), loop_.deadlines, [this](int) {
                           ++dialled_;
                           return base::Result<base::UniqueFd>(
                               base::Error(ENETUNREACH, boost::system::system_category()));
                         }};
  net::TaskGroup sessions_{loop_.executor(), log_};
  Events audit_;
  OneGeneration generations_;
  base::Result<tls::ClientContext> upstream_tls_ = tls::ClientContext::create({"", ""});
  middleware::Admission admission_{loop_.executor(), 1, 0};
  base::SeededRandom random_{7};
  SandboxIdentity sandbox_{"sb-1", "box", "space"};
  Services services_{loop_.executor(), loop_.clock, buffers_, resolver_,    dialer_,
                     sessions_,        audit_,      log_,     generations_, *upstream_tls_,
                     admission_,       random_,     sandbox_};
  std::shared_ptr<FakeStage> stage_ = std::make_shared<FakeStage>();
  Grant grant_;
  net::testing::FakePair client_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  Inlet inlet_{*client_.second, buffers_};
  base::UniqueFd far_;
  Upstream upstream_{services_, UpstreamTarget{}, base::Limits{}};
  std::string seen_;
};

}  // namespace sallyport::relay
