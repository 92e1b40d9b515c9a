// `run` with a gateway: both programs, as their users start them.
#include <gtest/gtest.h>

#include "reference/app/sandbox_stage.h"

namespace sallyport::app {
namespace {

constexpr const char* kGateway = "http://127.0.0.1:8090";

// A gateway in the stage's own network, with one sandbox and one provider.
class GatewayStage {
 public:
  explicit GatewayStage(Stage& stage) : stage_(stage) {
    stage_.write(
        "gateway.yaml",
        "listen: 127.0.0.1:8090\nstate: gateway.db\nproviders:\n  main:\n    type: openai\n"
        "    credentials: {API_TOKEN: first-secret}\n"
        "    endpoints: [{host: 10.9.0.1, port: 8080}]\n"
        "sandboxes: [{id: sb-1, name: one, policy: policy.yaml, providers: [main]}]\n");
    configure("sb-1", "");
  }
  ~GatewayStage() { stop(); }
  GatewayStage(const GatewayStage&) = delete;
  GatewayStage& operator=(const GatewayStage&) = delete;

  // The supervisor's configuration.
  void configure(const std::string& sandbox, const std::string& more) {
    stage_.write("config.yaml",
                 fmt::format("gateway: {{endpoint: '{}', sandbox: {}, poll: 50ms{}}}\n"
                             "audit: {{file: audit.jsonl}}\nlog_level: error\n",
                             kGateway, sandbox, more));
  }
  void start() {
    server_ =
        Stage::start_program({SALLYPORT_GATEWAY, "serve", "--config", stage_.path("gateway.yaml")});
  }
  void stop() {
    if (server_.pid <= 0) return;
    ::kill(server_.pid, SIGKILL);
    (void)server_.wait();
    server_.pid = -1;
  }
  // The command line's answer: `code N: ` and its output.
  std::string operate(const Words& words) {
    Words all{SALLYPORT_GATEWAY, "--gateway", kGateway, "--json"};
    all.insert(all.end(), words.begin(), words.end());
    return Stage::start_program(all).ended();
  }
  [[nodiscard]] Running run(const Words& command) const {
    Words words{"run", "--config",    stage_.path("config.yaml"), "--name",
                "box", "--state-dir", stage_.path("state"),       "--"};
    words.insert(words.end(), command.begin(), command.end());
    return stage_.start(words);
  }
  // What `ask` says once it holds `wanted`, or what it said last.
  static std::string soon(const std::string& wanted, const std::function<std::string()>& ask) {
    std::string said;
    for (int i = 0; i < 100; ++i) {
      said = ask();
      if (said.find(wanted) != std::string::npos) return wanted;
    }
    return said;
  }

 private:
  Stage& stage_;
  Running server_;
};

std::string with_gateway(const std::function<std::string(Stage&, GatewayStage&)>& act) {
  return on_stage([&act](Stage& stage) {
    GatewayStage gateway(stage);
    return act(stage, gateway);
  });
}

TEST(RunWithAGateway, StartsWithThePlaceholdersOfItsFirstAnswer) {
  EXPECT_EQ(with_gateway([](Stage&, GatewayStage& gateway) {
              gateway.start();
              Running box = gateway.run({"bash", "-c", "echo ${API_TOKEN%%:v*}"});
              return box.out.read_to_end() + fmt::format("{}", box.wait());
            }),
            "openshell:resolve:env\n0");
}

TEST(RunWithAGateway, WaitsForItAndSaysSo) {
  EXPECT_EQ(with_gateway([](Stage&, GatewayStage& gateway) {
              Running box = gateway.run({"true"});
              const bool said = box.err.read_line().find(
                                    "waiting for the gateway http://127.0.0.1:"
                                    "8090: UNAVAILABLE") != std::string::npos;
              gateway.start();
              return fmt::format("{} {}", said, box.wait());
            }),
            "true 0");
}

TEST(RunWithAGateway, DidNotRunWithoutIt) {
  EXPECT_EQ(with_gateway([](Stage&, GatewayStage& gateway) {
              gateway.configure("sb-1", ", start_wait: 10ms");
              const std::string ended = gateway.run({"true"}).ended();
              const bool said = ended.find("the gateway http://127.0.0.1:8090 doesn't answer") !=
                                std::string::npos;
              return ended.substr(0, 9) + (said ? "said" : ended);
            }),
            "code 125:said");
}

TEST(RunWithAGateway, DidNotRunForASandboxThatIsntThere) {
  EXPECT_EQ(with_gateway([](Stage&, GatewayStage& gateway) {
              gateway.configure("sb-9", "");
              gateway.start();
              const std::string ended = gateway.run({"true"}).ended();
              const bool said = ended.find("refuses: NOT_FOUND") != std::string::npos;
              return ended.substr(0, 9) + (said ? "said" : ended);
            }),
            "code 125:said");
}

TEST(RunWithAGateway, ReportsThePolicyThatIsInForce) {
  EXPECT_EQ(with_gateway([](Stage&, GatewayStage& gateway) {
              gateway.start();
              const Running box = gateway.run({"sleep", "1000"});
              std::string said = GatewayStage::soon("effective", [&] {
                return gateway.operate({"sandbox", "get", "one"});
              });
              ::kill(box.pid, SIGTERM);
              return said + fmt::format(" {}", box.wait());
            }),
            "effective 143");
}

TEST(RunWithAGateway, GivesFurtherCommandsThePlaceholdersOfNow) {
  EXPECT_EQ(with_gateway([](Stage& stage, GatewayStage& gateway) {
              gateway.start();
              Running box = gateway.run({"bash", "-c", "echo $API_TOKEN; exec sleep 1000"});
              const std::string before = "code 0: " + box.out.read_line();
              const Words show{"bash", "-c", "echo $API_TOKEN"};
              const bool same = stage.exec({}, show).ended() == before;
              ::setenv("API_TOKEN", "second-secret", 1);
              (void)gateway.operate({"provider", "update", "main", "--credential", "API_TOKEN"});
              const std::string after = GatewayStage::soon("another", [&] {
                const std::string now = stage.exec({}, show).ended();
                return now == before || now.find(":v") == std::string::npos ? now : "another";
              });
              ::kill(box.pid, SIGTERM);
              return fmt::format("{} {} {}", same, after, box.wait());
            }),
            "true another 143");
}

// The variable was the starter's, and is no more than empty when its credential is gone.
TEST(RunWithAGateway, NeverShowsTheStartersOwnVariableInAPlaceholdersPlace) {
  EXPECT_EQ(with_gateway([](Stage& stage, GatewayStage& gateway) {
              ::setenv("API_TOKEN", "the-starters-own", 1);
              gateway.start();
              const Running box = gateway.run({"sleep", "1000"});
              const Words show{"bash", "-c", "echo token=${API_TOKEN:-none}"};
              (void)GatewayStage::soon(":v", [&] { return stage.exec({}, show).ended(); });
              (void)gateway.operate({"provider", "delete", "main", "--force"});
              const std::string after =
                  GatewayStage::soon("token=none", [&] { return stage.exec({}, show).ended(); });
              ::kill(box.pid, SIGTERM);
              return fmt::format("{} {}", after, box.wait());
            }),
            "token=none 143");
}

}  // namespace
}  // namespace sallyport::app
