// The service as the world has it, called by a real gRPC client.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include "openshell/middleware/v1/middleware.grpc.pb.h"
#include "reference/linux/links.h"
#include "reference/net/testing/run.h"
#include "simulator/journal/journal.h"
#include "simulator/middleware/script.h"
#include "simulator/middleware/service.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::middleware {
namespace {

namespace proto = openshell::middleware::v1;
using world::testing::in_world;
using world::testing::plan_with;
using world::testing::TemporaryFolder;

constexpr int kPatienceMs = 20'000;

// One service in a world, its journal, and a client of it.
class Scene {
 public:
  Scene(const std::string& script, const std::string& folder);
  ~Scene();

  // Empty, or why not.
  [[nodiscard]] std::string start();
  [[nodiscard]] std::string begin(const std::string& name, ServiceFault kind, int delay_ms = 0,
                                  int patience_ms = kPatienceMs);
  [[nodiscard]] std::string lift(const std::string& name);
  // `allow`, `deny`, or the number of the status.
  [[nodiscard]] std::string evaluate(const std::string& body = "hello", int timeout_ms = 5000);
  // The kinds of its events so far, one blank between.
  [[nodiscard]] std::string kinds();
  [[nodiscard]] const journal::Event* last(const std::string& kind);

  net::testing::TestLoop loop;
  journal::Journal journal{loop.clock};
  std::unique_ptr<Service> service;
  int hits = 0;

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

Scene::Scene(const std::string& script, const std::string& folder) {
  auto read = read_script(script);
  Surroundings around{
      loop.executor(), loop.clock, loop.deadlines, journal, {}, {}, {}, 1.0, {}, {}};
  around.binary = SALLYPORT_MIDDLEWARE;
  around.folder = folder + "/guard";
  around.step_of = [](std::string_view bytes) {
    return bytes.find("nonce1") == std::string_view::npos ? std::string() : std::string("call");
  };
  around.host_of = [](const net::Endpoint& peer) {
    return peer.address.is_loopback() ? std::string("box") : std::string("elsewhere");
  };
  ServiceSpec spec = read.spec.value_or(ServiceSpec{});
  spec.name = "guard";
  spec.listen = *net::Endpoint::parse("127.0.0.1:0");
  service = std::make_unique<Service>(std::move(spec), std::move(around));
}

Scene::~Scene() {
  channel_.reset();
  (void)loop.run(service->stop(loop.in(kPatienceMs)));
  service.reset();
  loop.poll();
}

std::string Scene::start() {
  const auto failure = loop.run(service->start(loop.in(kPatienceMs)));
  return failure ? failure->what : std::string();
}

std::string Scene::begin(const std::string& name, ServiceFault kind, int delay_ms,
                         int patience_ms) {
  const bool begun = loop.run(service->begin_fault(
      name, kind, std::chrono::milliseconds(delay_ms), [this](base::TimePoint) { ++hits; },
      loop.in(patience_ms)));
  return begun ? "" : "not in force";
}

std::string Scene::lift(const std::string& name) {
  return loop.run(service->lift_fault(name, loop.in(kPatienceMs))) ? "" : "not in force";
}

std::string Scene::evaluate(const std::string& body, int timeout_ms) {
  if (!channel_) {
    channel_ = grpc::CreateChannel("ipv4:" + service->endpoint().to_string(),
                                   grpc::InsecureChannelCredentials());
  }
  const auto stub = proto::SupervisorMiddleware::NewStub(channel_);
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms));
  proto::HttpRequestEvaluation request;
  request.mutable_target()->set_method("POST");
  request.mutable_target()->set_path("/v1/chat");
  auto* const header = request.add_headers();
  header->set_name("user-agent");
  header->set_value("sallyport nonce1");
  request.set_body(body);
  proto::HttpRequestResult result;
  const grpc::Status status = stub->EvaluateHttpRequest(&context, request, &result);
  if (!status.ok()) return std::to_string(status.error_code());
  return result.decision() == proto::DECISION_DENY ? "deny" : "allow";
}

std::string Scene::kinds() {
  service->drain_events();
  std::string all;
  for (const journal::Event& event : journal.events()) all += event.kind + " ";
  return all;
}

const journal::Event* Scene::last(const std::string& kind) {
  service->drain_events();
  const journal::Event* found = nullptr;
  for (const journal::Event& event : journal.events()) {
    if (event.kind == kind) found = &event;
  }
  return found;
}

std::string in_scene(const std::string& script, const std::function<std::string(Scene&)>& play) {
  const TemporaryFolder folder;
  world::WorldPlan plan = plan_with(folder);
  plan.files.read_only.push_back(std::filesystem::path(SALLYPORT_MIDDLEWARE).parent_path());
  return in_world(plan, [&](world::WorldContext&) {
    auto links = linux::Links::open();
    if (!links || !links->set_up("lo", true)) return std::string("no loopback");
    Scene scene(script, folder.path());
    const std::string failed = scene.start();
    return failed.empty() ? play(scene) : failed + " " + scene.service->output();
  });
}

TEST(MiddlewareService, AnswersAndTellsTheJournalBeforeItAnswers) {
  EXPECT_EQ(in_scene("{}",
                     [](Scene& scene) {
                       const std::string answer = scene.evaluate();
                       return answer + ": " + scene.kinds();
                     }),
            "allow: ready connection evaluate ");
}

TEST(MiddlewareService, TellsStepConnectionAndOrigin) {
  EXPECT_EQ(in_scene("{}",
                     [](Scene& scene) {
                       (void)scene.evaluate("what was asked");
                       const journal::Event* event = scene.last("evaluate");
                       if (event == nullptr) return scene.kinds();
                       const auto* body = event->find("body");
                       return event->step + " " + event->connection + " " + event->from + " " +
                              event->source_type + " " + std::get<std::string>(*body);
                     }),
            "call guard#1 box middleware what was asked");
}

// An answer that can't be decoded is no answer to this client: 12, as it says itself.
TEST(MiddlewareService, FollowsItsScript) {
  EXPECT_EQ(in_scene(R"({"script": [{"where": {"body": {"contains": "secret"}},
                         "decision": "deny", "reason_code": "secret_found"},
                         {"where": {"body": "busy"}, "status": "RESOURCE_EXHAUSTED"},
                         {"where": {"body": "bad"}, "malformed": "undecodable"}]})",
                     [](Scene& scene) {
                       std::string seen = scene.evaluate("a secret") + " ";
                       seen += scene.evaluate("busy") + " ";
                       seen += scene.evaluate("bad") + " ";
                       return seen + scene.evaluate("fine");
                     }),
            "deny 8 12 allow");
}

TEST(MiddlewareService, AnswersLateAndTellsAtOnce) {
  EXPECT_EQ(in_scene(R"({"script": [{"delay": "300ms"}]})",
                     [](Scene& scene) {
                       const auto begun = std::chrono::steady_clock::now();
                       const std::string answer = scene.evaluate();
                       const auto took = std::chrono::steady_clock::now() - begun;
                       const journal::Event* event = scene.last("evaluate");
                       const bool late = took >= std::chrono::milliseconds(300);
                       const bool early = event->at - begun < std::chrono::milliseconds(300);
                       return answer + (late ? " late" : " soon") + (early ? " told" : " tardy");
                     }),
            "allow late told");
}

TEST(MiddlewareService, TakesALargeBody) {
  EXPECT_EQ(in_scene("{}",
                     [](Scene& scene) {
                       const std::string answer = scene.evaluate(std::string(4 << 20, '\x01'));
                       const journal::Event* event = scene.last("evaluate");
                       const auto* size = event == nullptr ? nullptr : event->find("body_size");
                       return answer + " " +
                              std::to_string(size ? std::get<std::int64_t>(*size) : -1);
                     }),
            "allow 4194304");
}

TEST(MiddlewareService, FaultsAreInForceWhenBegunAndGoneWhenLifted) {
  EXPECT_EQ(
      in_scene("{}",
               [](Scene& scene) {
                 std::string seen;
                 for (const ServiceFault kind : {ServiceFault::unavailable, ServiceFault::internal,
                                                 ServiceFault::malformed, ServiceFault::slow}) {
                   seen += scene.begin("fault", kind, 5000);
                   seen += scene.evaluate("x", 500) + " ";
                   seen += scene.lift("fault");
                 }
                 seen += scene.evaluate();
                 scene.service->drain_events();
                 return seen + " hits " + std::to_string(scene.hits);
               }),
      "14 13 12 4 allow hits 4");
}

TEST(MiddlewareService, ServesAgainOnItsPortWithItsFaultsAfterAStop) {
  EXPECT_EQ(in_scene("{}",
                     [](Scene& scene) {
                       const auto port = scene.service->endpoint().port;
                       std::string seen = scene.begin("down", ServiceFault::unavailable);
                       seen += scene.evaluate() + " ";
                       const bool ended =
                           scene.loop.run(scene.service->stop(scene.loop.in(kPatienceMs)));
                       seen += ended && !scene.service->crash() ? "stopped " : "hung ";
                       seen += scene.start();
                       seen += scene.service->endpoint().port == port ? "same " : "other ";
                       seen += scene.evaluate("x", 15000) + " ";
                       seen += scene.lift("down");
                       seen += scene.evaluate() + ": ";
                       return seen + scene.last("evaluate")->connection + " " + scene.kinds();
                     }),
            "14 stopped same 14 allow: guard#2 "
            "ready connection evaluate exit ready connection evaluate evaluate ");
}

TEST(MiddlewareService, TellsWhenACallerGivesUp) {
  EXPECT_EQ(in_scene(R"({"script": [{"delay": "never"}]})",
                     [](Scene& scene) {
                       std::string seen = scene.evaluate("x", 100) + " ";
                       while (scene.last("cancelled") == nullptr)
                         scene.loop.loop.context().run_one();
                       const journal::Event* event = scene.last("cancelled");
                       seen += std::get<std::string>(*event->find("call")) + " of " + event->step;
                       return seen + " at " + std::get<std::string>(*event->find("path"));
                     }),
            "4 evaluate of call at /v1/chat");
}

TEST(MiddlewareService, ItsOwnEndIsNobodysGivingUp) {
  EXPECT_EQ(in_scene(R"({"script": [{"delay": "never"}]})",
                     [](Scene& scene) {
                       std::string answer;
                       std::thread caller([&] { answer = scene.evaluate("x", kPatienceMs); });
                       while (scene.last("evaluate") == nullptr)
                         scene.loop.loop.context().run_one();
                       (void)scene.loop.run(scene.service->stop(scene.loop.in(kPatienceMs)));
                       caller.join();
                       return scene.kinds();
                     }),
            "ready connection evaluate exit ");
}

TEST(MiddlewareService, SendsConnectionsAwayAfterSoManyCalls) {
  EXPECT_EQ(in_scene(R"({"goaway": 2})",
                     [](Scene& scene) {
                       std::string seen;
                       for (int i = 0; i < 2; ++i) seen += scene.evaluate() + " ";
                       while (scene.last("goaway") == nullptr) scene.loop.loop.context().run_one();
                       // One that set out before the news was there is cancelled, or answered on
                       // the old connection.
                       std::string next, on = "guard#1";
                       for (int tries = 0; (next != "allow" || on == "guard#1") && tries < 50;
                            ++tries) {
                         next = scene.evaluate();
                         on = scene.last("evaluate")->connection;
                       }
                       return seen + next + (on == "guard#1" ? " on the same" : " on another");
                     }),
            "allow allow allow on another");
}

TEST(MiddlewareService, StopsAlsoWhileAnAnswerIsLate) {
  EXPECT_EQ(in_scene(R"({"script": [{"delay": "30s"}]})",
                     [](Scene& scene) {
                       std::string seen = scene.evaluate("x", 100) + " ";
                       const bool ended = scene.loop.run(scene.service->stop(scene.loop.in(5000)));
                       return seen + (ended ? "stopped" : "hung");
                     }),
            "4 stopped");
}

TEST(MiddlewareService, AFrozenOneTakesNoFaultAndStopsAllTheSame) {
  EXPECT_EQ(in_scene("{}",
                     [](Scene& scene) {
                       scene.service->signal(SIGSTOP);
                       std::string seen = scene.begin("a", ServiceFault::internal, 0, 100) + ", ";
                       const bool ended =
                           scene.loop.run(scene.service->stop(scene.loop.in(kPatienceMs)));
                       return seen + (ended ? "stopped" : "hung");
                     }),
            "not in force, stopped");
}

TEST(MiddlewareService, ThatIsKilledHasCrashed) {
  EXPECT_EQ(in_scene("{}",
                     [](Scene& scene) {
                       ::kill(scene.service->pid(), SIGKILL);
                       while (scene.service->running()) scene.loop.loop.context().run_one();
                       std::string seen = scene.service->crash() ? "crashed " : "well ";
                       return seen + scene.kinds() + std::to_string(scene.service->exit()->value);
                     }),
            "crashed ready exit 9");
}

TEST(MiddlewareService, SaysWhyItCannotStart) {
  const std::string seen = in_scene("{}", [](Scene& scene) {
    Surroundings around{scene.loop.executor(),
                        scene.loop.clock,
                        scene.loop.deadlines,
                        scene.journal,
                        {},
                        SALLYPORT_MIDDLEWARE,
                        "/tmp/other",
                        1.0,
                        {},
                        {}};
    ServiceSpec spec;
    spec.name = "other";
    spec.listen = scene.service->endpoint();
    Service other(spec, around);
    const auto failure = scene.loop.run(other.start(scene.loop.in(kPatienceMs)));
    return failure ? failure->what : std::string("started");
  });
  EXPECT_NE(seen.find("can't listen at"), std::string::npos) << seen;
  EXPECT_NE(seen.find("exit 2"), std::string::npos) << seen;
}

}  // namespace
}  // namespace sallyport::sim::middleware
