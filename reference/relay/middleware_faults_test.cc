// What can go wrong with a client while its request passes a chain: each step of its I/O fails
// once. Whatever happens, nothing goes up before the verdict, and the permit is free afterwards.
#include <fcntl.h>
#include <sys/socket.h>

#include <array>

#include "reference/relay/middleware.h"
#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using policy::OnError;
using ::testing::EndsWith;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::string_view kBody = "hello middleware";
constexpr std::uint64_t kStepsMax = 2000;

// One request, of which one step of the client's I/O fails.
class Passing final : public HttpTest {
 public:
  Passing(std::uint64_t fail_at, wire::Decision decision) {
    guard(OnError::fail_closed);
    stage_->act = [this, decision](wire::HttpRequestResult& result) {
      up_before_verdict = up();
      result.set_decision(decision);
      return rpc::Status();
    };
    net::testing::Faults faults;
    faults.fail_at = fail_at;
    faults.read_max = 7;
    faults.write_max = 11;
    faults.hesitate = true;
    client_.second->set_faults(faults);
  }

  void pass(std::string_view request) {
    peek_.reset(::fcntl(far_.get(), F_DUPFD_CLOEXEC, 0));
    answer({std::string(kOk)});
    from_client(request);
    run();
    all_up = up();
    // Whoever still waits for a request upstream stops waiting.
    ::shutdown(peek_.get(), SHUT_RDWR);
    loop_.poll();
  }

  [[nodiscard]] bool asked() const { return !stage_->asked.empty(); }
  [[nodiscard]] std::uint64_t steps() const { return client_.second->steps(); }
  [[nodiscard]] std::size_t held() const { return admission_.held(); }
  [[nodiscard]] const std::string& down() const { return sent_down(); }

  std::string up_before_verdict;
  std::string all_up;

 private:
  void TestBody() override {}
  // Everything that the relay has sent up, read by the upstream or not.
  [[nodiscard]] std::string up() const {
    std::array<char, 4096> bytes{};
    const ssize_t got = ::recv(peek_.get(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    return got > 0 ? seen_ + std::string(bytes.data(), static_cast<std::size_t>(got)) : seen_;
  }
  base::UniqueFd peek_;
};

// What holds whichever step fails. True while there is a step of that number.
bool survives(std::uint64_t fail_at, wire::Decision decision, std::string_view request) {
  Passing passing(fail_at, decision);
  passing.pass(request);
  EXPECT_EQ(passing.up_before_verdict, "") << "step " << fail_at;
  EXPECT_EQ(passing.held(), 0U) << "step " << fail_at;
  const bool may_go_up = passing.asked() && decision == wire::DECISION_ALLOW;
  if (!may_go_up) {
    EXPECT_EQ(passing.all_up, "") << "step " << fail_at;
  } else if (!passing.all_up.empty()) {
    EXPECT_THAT(passing.all_up, EndsWith("\r\n\r\n" + std::string(kBody))) << "step " << fail_at;
  }
  if (passing.steps() > fail_at) return true;
  EXPECT_THAT(passing.down(),
              ::testing::HasSubstr(decision == wire::DECISION_ALLOW ? "HTTP/1.1 200 OK"
                                                                    : "middleware_denied"));
  return false;
}

void survives_every_step(wire::Decision decision, std::string_view request) {
  std::uint64_t fail_at = 0;
  while (survives(fail_at, decision, request)) ASSERT_LT(++fail_at, kStepsMax);
  EXPECT_GT(fail_at, 20U);  // the loop meant something
}

std::string post(std::string_view fields, std::string_view body) {
  return std::string("POST / HTTP/1.1\r\nHost: a.example:8080\r\n").append(fields) +
         std::string("\r\n").append(body);
}

TEST(MiddlewareFaults, SendNothingOfABodyUpBeforeTheVerdictWhicheverStepFails) {
  survives_every_step(wire::DECISION_ALLOW, post("Content-Length: 16\r\n", kBody));
}

TEST(MiddlewareFaults, SendNothingOfChunksUpBeforeTheVerdictWhicheverStepFails) {
  survives_every_step(wire::DECISION_ALLOW,
                      post("Transfer-Encoding: chunked\r\n",
                           "6;x=y\r\nhello \r\na\r\nmiddleware\r\n0\r\nX-End: 1\r\n\r\n"));
}

TEST(MiddlewareFaults, SendNothingUpAtAllOfARequestThatIsDenied) {
  survives_every_step(wire::DECISION_DENY,
                      post("Expect: 100-continue\r\nContent-Length: 16\r\n", kBody));
}

}  // namespace
}  // namespace sallyport::relay
