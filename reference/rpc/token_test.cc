// What a Channel says of its caller, against a real gRPC server on loopback.
#include <fmt/format.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <mutex>

#include "openshell/inference/v1/inference.grpc.pb.h"
#include "reference/net/testing/run.h"
#include "reference/rpc/channel.h"
#include "reference/rpc/errors.h"

namespace sallyport::rpc {
namespace {

namespace wire = openshell::inference::v1;
using net::testing::TestLoop;

const std::string kOld = "old-token-0123456789abcdefghijkl";
const std::string kNew = "new-token-0123456789abcdefghijkl";

// Takes one token, and remembers what came with each call.
class Guarded final : public wire::Inference::Service {
 public:
  grpc::Status GetInferenceBundle(grpc::ServerContext* context,
                                  const wire::GetInferenceBundleRequest*,
                                  wire::GetInferenceBundleResponse*) override {
    const std::lock_guard hold(mutex_);
    std::string bearer;
    for (const auto& [key, value] : context->client_metadata()) {
      const std::string text(value.data(), value.size());
      if (key == "authorization") bearer += text;
      if (key == "who-bin") who = text;
    }
    seen.push_back(bearer);
    if (before_refusal) before_refusal();
    if (bearer == "Bearer " + accepted) return grpc::Status::OK;
    return {grpc::StatusCode::UNAUTHENTICATED, "no"};
  }

  std::string accepted;
  std::vector<std::string> seen;
  std::string who;
  std::function<void()> before_refusal;

 private:
  std::mutex mutex_;
};

class ChannelToken : public testing::Test {
 protected:
  ChannelToken() {
    std::string pattern = testing::TempDir() + "channel.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    write(kOld);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~ChannelToken() override {
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    std::filesystem::remove_all(folder_);
  }

  void write(const std::string& token) {
    std::ofstream(folder_ + "/new") << token << "\n";
    ::chmod((folder_ + "/new").c_str(), 0600);
    std::filesystem::rename(folder_ + "/new", folder_ + "/token");
  }
  ChannelOptions options() {
    ChannelOptions options;
    options.endpoint = fmt::format("http://127.0.0.1:{}", port_);
    std::string why;
    options.token = TokenFile::open(folder_ + "/token", why);
    EXPECT_NE(options.token, nullptr) << why;
    return options;
  }
  Status call(Channel& channel) {
    wire::GetInferenceBundleRequest request;
    wire::GetInferenceBundleResponse response;
    return loop_.run(channel.unary("/openshell.inference.v1.Inference/GetInferenceBundle", request,
                                   response, loop_.clock.now() + std::chrono::seconds(20)));
  }

  std::string folder_;
  Guarded service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  TestLoop loop_;
};

TEST_F(ChannelToken, IsSentWithEachCallAndFollowsTheFile) {
  service_.accepted = kOld;
  auto channel = *Channel::create(loop_.executor(), loop_.clock, options());
  EXPECT_TRUE(call(*channel).ok());
  write(kNew);
  service_.accepted = kNew;
  EXPECT_TRUE(call(*channel).ok());
  EXPECT_EQ(service_.seen, (std::vector<std::string>{"Bearer " + kOld, "Bearer " + kNew}));
}

TEST_F(ChannelToken, IsReadAgainWhenItIsRefused) {
  service_.accepted = kNew;
  service_.before_refusal = [this] { write(kNew); };
  ChannelOptions once = options();
  once.retry_lost = false;  // a refused call had no effect: it is made again all the same
  auto channel = *Channel::create(loop_.executor(), loop_.clock, once);
  EXPECT_TRUE(call(*channel).ok());
  EXPECT_EQ(service_.seen.size(), 2U);
}

TEST_F(ChannelToken, ThatIsRefusedAsksNoSecondTimeWhileTheFileIsTheSame) {
  service_.accepted = kNew;
  auto channel = *Channel::create(loop_.executor(), loop_.clock, options());
  EXPECT_EQ(call(*channel).code, Code::unauthenticated);
  EXPECT_EQ(service_.seen.size(), 1U);
}

TEST_F(ChannelToken, ThatIsRefusedIsFollowedByOneOtherAtMost) {
  service_.accepted = "another-token-0123456789abcdefghi";
  int written = 0;
  service_.before_refusal = [this, &written] {
    write(fmt::format("token-number-{}-0123456789abcdefghi", ++written));
  };
  auto channel = *Channel::create(loop_.executor(), loop_.clock, options());
  EXPECT_EQ(call(*channel).code, Code::unauthenticated);
  EXPECT_EQ(service_.seen.size(), 2U);
}

TEST_F(ChannelToken, GoesOverNoNetInClearUnlessThatIsWritten) {
  for (const char* endpoint : {"http://10.0.0.1:1", "http://gateway.test:1", "http://[fd00::1]:1",
                               "http://localhost.test:1", "http://0.0.0.0:1"}) {
    ChannelOptions far = options();
    far.endpoint = endpoint;
    EXPECT_EQ(Channel::create(loop_.executor(), loop_.clock, far).error(), RpcErrc::token_in_clear)
        << endpoint;
    far.insecure = true;
    EXPECT_TRUE(Channel::create(loop_.executor(), loop_.clock, far)) << endpoint;
    far.insecure = false;
    far.token = nullptr;
    EXPECT_TRUE(Channel::create(loop_.executor(), loop_.clock, far)) << endpoint;
  }
  for (const char* endpoint : {"https://10.0.0.1:1", "http://127.8.0.1:1", "http://[::1]:1",
                               "http://[::ffff:127.0.0.1]:1", "http://localhost:1"}) {
    ChannelOptions near = options();
    near.endpoint = endpoint;
    EXPECT_TRUE(Channel::create(loop_.executor(), loop_.clock, near)) << endpoint;
  }
}

TEST_F(ChannelToken, StandsBesideOtherWordsAboutTheCaller) {
  service_.accepted = kOld;
  ChannelOptions with = options();
  with.metadata["who-bin"] = std::string("a\0\xFF\n", 4);
  auto channel = *Channel::create(loop_.executor(), loop_.clock, with);
  EXPECT_TRUE(call(*channel).ok());
  EXPECT_EQ(service_.who, (std::string("a\0\xFF\n", 4)));
}

}  // namespace
}  // namespace sallyport::rpc
