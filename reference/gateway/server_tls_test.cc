// TLS of the server, with our own client's channel.
#include <gtest/gtest.h>
#include <stdlib.h>

#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/testing_server.h"
#include "reference/gateway/testing_tls.h"

namespace sallyport::gateway {
namespace {

// Before gRPC is: its other resolver loses ten octets each time that it is asked for localhost.
const int kNativeResolver = ::setenv("GRPC_DNS_RESOLVER", "native", 1);

class ServerTlsTest : public testing::Test {
 protected:
  void start(const std::string& host) {
    identity_ = TestIdentity::make(host);
    tls_ = ServerTls{identity_.certificate_pem, base::Secret(identity_.key_pem)};
    server_ = std::make_unique<TestServer>(FileTokens{}, &tls_);
  }
  [[nodiscard]] std::string port() const {
    const std::string address = server_->address();
    return address.substr(address.rfind(':'));
  }
  rpc::Status ask(const std::string& endpoint, const std::string& ca_pem) {
    rpc::ChannelOptions options;
    options.endpoint = endpoint;
    options.ca_pem = ca_pem;
    openshell::v1::HealthResponse response;
    rpc::Status status = server_->call(options, "/openshell.v1.OpenShell/Health",
                                       openshell::v1::HealthRequest(), response);
    EXPECT_EQ(response.status() == openshell::v1::SERVICE_STATUS_HEALTHY, status.ok());
    return status;
  }

  TestIdentity identity_;
  ServerTls tls_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(ServerTlsTest, ServesWhoTrustsItsCa) {
  start("127.0.0.1");
  const auto status = ask("https://" + server_->address(), identity_.ca_pem);
  EXPECT_TRUE(status.ok()) << status.message;
}

TEST_F(ServerTlsTest, ServesItsName) {
  ASSERT_EQ(kNativeResolver, 0);
  start("localhost");
  const auto status = ask("https://localhost" + port(), identity_.ca_pem);
  EXPECT_TRUE(status.ok()) << status.message;
}

TEST_F(ServerTlsTest, IsNotTrustedWithAnotherCaOrTheSystems) {
  start("127.0.0.1");
  const std::string other = TestIdentity::make("127.0.0.1").ca_pem;
  EXPECT_EQ(ask("https://" + server_->address(), other).code, rpc::Code::unavailable);
  EXPECT_EQ(ask("https://" + server_->address(), "").code, rpc::Code::unavailable);
}

TEST_F(ServerTlsTest, IsNotTakenForAnotherHost) {
  start("gateway.test");
  EXPECT_EQ(ask("https://" + server_->address(), identity_.ca_pem).code, rpc::Code::unavailable);
  EXPECT_EQ(ask("https://localhost" + port(), identity_.ca_pem).code, rpc::Code::unavailable);
}

TEST_F(ServerTlsTest, IsNotSpokenToInClear) {
  start("127.0.0.1");
  EXPECT_EQ(ask("http://" + server_->address(), "").code, rpc::Code::unavailable);
}

TEST(ServerWithoutTls, IsNotTakenForOneWithIt) {
  TestServer server(FileTokens{}, nullptr);
  rpc::ChannelOptions options;
  options.endpoint = "https://" + server.address();
  options.ca_pem = TestIdentity::make("127.0.0.1").ca_pem;
  openshell::v1::HealthResponse response;
  EXPECT_EQ(
      server
          .call(options, "/openshell.v1.OpenShell/Health", openshell::v1::HealthRequest(), response)
          .code,
      rpc::Code::unavailable);
}

}  // namespace
}  // namespace sallyport::gateway
