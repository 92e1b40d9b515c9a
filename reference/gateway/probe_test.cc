// The exchange with endpoints that are real sockets on loopback, in a thread of their own each.
#include "reference/gateway/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "reference/base/unique_fd.h"
#include "reference/net/listener.h"
#include "reference/net/socket_address.h"

namespace sallyport::gateway {
namespace {

using inference::ProbeFault;
using inference::ProbeVerdict;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Answers one connection after another with the next of its texts: reads one head and what follows
// it at once, says the text, ends. Without a text left it says nothing until the other side ends.
class Endpoint {
 public:
  explicit Endpoint(std::vector<std::string> answers)
      : listening_(net::TcpListener::bind(*net::Endpoint::parse("127.0.0.1:0")).value()),
        at_(net::local_endpoint_of(listening_.get()).value()),
        thread_([this, answers = std::move(answers)] { serve(answers); }) {}
  ~Endpoint() { join(); }
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  [[nodiscard]] std::string url() const { return "http://" + at_.to_string() + "/v1"; }
  // Ends it; what it was asked.
  const std::vector<std::string>& requests() {
    join();
    return requests_;
  }

 private:
  void join() {
    if (!thread_.joinable()) return;
    ::shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
  }
  bool wait(int fd) {
    pollfd wanted{fd, POLLIN, 0};
    return ::poll(&wanted, 1, 30'000) == 1;
  }
  std::string read_request(int fd) {
    std::string text;
    std::array<char, 4096> piece{};
    while (text.find("\r\n\r\n") == std::string::npos || !text.ends_with('}')) {
      const ssize_t count = wait(fd) ? ::read(fd, piece.data(), piece.size()) : -1;
      if (count <= 0) break;
      text.append(piece.data(), static_cast<std::size_t>(count));
      if (text.front() != 'P') break;  // no request: a handshake of TLS, which gets no answer
    }
    return text;
  }
  void serve(const std::vector<std::string>& answers) {
    for (std::size_t next = 0; wait(listening_.get()); ++next) {
      const base::UniqueFd one(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!one) return;
      requests_.push_back(read_request(one.get()));
      if (next < answers.size()) {
        const std::string& answer = answers[next];
        EXPECT_EQ(::send(one.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(answer.size()));
      } else {
        read_request(one.get());
      }
    }
  }

  base::UniqueFd listening_;
  net::Endpoint at_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

inference::Route route_to(const std::string& url) {
  inference::Route route;
  std::string reason;
  route.name = "inference.local";
  route.base = inference::parse_base_url(url, reason).value();
  route.model_json = "\"m\"";
  route.protocols = {"openai_chat_completions", "openai_responses"};
  inference::adopt_profile(*inference::find_profile("openai"), route);
  route.api_key = base::Secret("sk-secret");
  return route;
}

ProbeVerdict probe(const std::string& url, base::Duration whole = std::chrono::seconds(20)) {
  ProbeOptions options;
  options.whole = whole;
  return probe_endpoint(route_to(url), options);
}

std::string answer(std::string_view status, std::string_view body = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

TEST(Probe, PassesAnEndpointThatAnswers) {
  Endpoint endpoint({answer("200 OK", "{}")});
  const ProbeVerdict verdict = probe(endpoint.url());
  EXPECT_TRUE(verdict.passed) << verdict.details;
  EXPECT_EQ(verdict.url, endpoint.url() + "/chat/completions");
  ASSERT_EQ(endpoint.requests().size(), 1U);
  EXPECT_THAT(endpoint.requests()[0], AllOf(StartsWith("POST /v1/chat/completions HTTP/1.1\r\n"),
                                            HasSubstr("Authorization: Bearer sk-secret\r\n")));
}

TEST(Probe, TriesTheNextProtocolOnAConnectionOfItsOwn) {
  Endpoint endpoint({answer("404 Not Found", "nothing"), answer("201 Created")});
  const ProbeVerdict verdict = probe(endpoint.url());
  EXPECT_TRUE(verdict.passed) << verdict.details;
  EXPECT_EQ(verdict.protocol, "openai_responses");
  EXPECT_EQ(endpoint.requests().size(), 2U);
}

TEST(Probe, TellsWhatARefusalSaysButNotTheKey) {
  Endpoint endpoint({answer("401 Unauthorized", "sk-secret is wrong")});
  const ProbeVerdict verdict = probe(endpoint.url());
  EXPECT_EQ(verdict.fault, ProbeFault::credentials);
  EXPECT_THAT(verdict.details, EndsWith("HTTP 401. Response body: [REDACTED] is wrong"));
}

TEST(Probe, DoesNotFollowARedirect) {
  Endpoint elsewhere({answer("200 OK")});
  Endpoint endpoint({"HTTP/1.1 307 Temporary Redirect\r\nLocation: " + elsewhere.url() +
                     "/chat/completions\r\nContent-Length: 0\r\n\r\n"});
  EXPECT_EQ(probe(endpoint.url()).fault, ProbeFault::unexpected);
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(Probe, PassesOverInterimAnswers) {
  Endpoint endpoint({"HTTP/1.1 103 Early Hints\r\n\r\n" + answer("200 OK")});
  EXPECT_TRUE(probe(endpoint.url()).passed);
}

TEST(Probe, ReadsNoMoreOfABodyThanItShows) {
  Endpoint endpoint(
      {"HTTP/1.1 500 Oh\r\nContent-Length: 99999999\r\n\r\n" + std::string(100'000, 'x')});
  const ProbeVerdict verdict = probe(endpoint.url());
  EXPECT_EQ(verdict.fault, ProbeFault::upstream_health);
  EXPECT_THAT(verdict.details, EndsWith(" " + std::string(200, 'x')));
}

TEST(Probe, TellsWhoSpeaksNoHttp) {
  Endpoint endpoint({"220 mail.example ESMTP\r\n\r\n"});
  const ProbeVerdict verdict = probe(endpoint.url());
  EXPECT_EQ(verdict.fault, ProbeFault::connectivity);
  EXPECT_THAT(verdict.details, EndsWith("what answers is no HTTP/1.1"));
}

TEST(Probe, TellsWhoEndsWithoutAnAnswer) {
  Endpoint endpoint({""});
  EXPECT_THAT(probe(endpoint.url()).details, EndsWith("ended without an answer"));
}

TEST(Probe, EndsInTimeWithAnEndpointThatSaysNothing) {
  Endpoint endpoint({});
  const ProbeVerdict verdict = probe(endpoint.url(), std::chrono::milliseconds(50));
  EXPECT_EQ(verdict.fault, ProbeFault::connectivity);
  EXPECT_THAT(verdict.details, EndsWith("no answer in time"));
}

// The whole has one bound, however many questions there are.
TEST(Probe, SpendsNoMoreOnManyQuestionsThanOnOne) {
  Endpoint endpoint({answer("404 Not Found")});
  const ProbeVerdict verdict = probe(endpoint.url(), std::chrono::milliseconds(100));
  EXPECT_EQ(verdict.fault, ProbeFault::connectivity);
  EXPECT_EQ(endpoint.requests().size(), 2U);
}

TEST(Probe, TellsWhenNobodyListens) {
  std::string url;
  {
    Endpoint gone({});
    url = gone.url();
  }
  const ProbeVerdict verdict = probe(url);
  EXPECT_EQ(verdict.fault, ProbeFault::connectivity);
  EXPECT_THAT(verdict.details, HasSubstr("refused"));
}

TEST(Probe, VerifiesWhoSpeaksTls) {
  Endpoint plain({"this is no TLS, whatever else it may be; and it is long enough for a record"});
  std::string url = plain.url();
  url.replace(0, 4, "https");
  const ProbeVerdict verdict = probe(url);
  EXPECT_EQ(verdict.fault, ProbeFault::connectivity);
  EXPECT_THAT(verdict.details, HasSubstr("TLS: "));
}

TEST(Probe, DialsNoLinkLocalOrMetadataAddressThatANameLeadsTo) {
  std::string path = "/tmp/sallyport-hosts-XXXXXX";
  const base::UniqueFd file(::mkstemp(path.data()));
  constexpr std::string_view kHosts = "169.254.169.254 llm.example\n";
  ASSERT_EQ(::write(file.get(), kHosts.data(), kHosts.size()), static_cast<ssize_t>(kHosts.size()));
  ProbeOptions options;
  options.hosts_file = path;
  const ProbeVerdict verdict = probe_endpoint(route_to("http://llm.example/v1"), options);
  ::unlink(path.c_str());
  EXPECT_EQ(verdict.fault, ProbeFault::connectivity);
  EXPECT_THAT(verdict.details, HasSubstr("169.254.169.254"));
}

TEST(Probe, TellsThatItsOwnAuthoritiesCannotBeRead) {
  ProbeOptions options;
  options.upstream_ca = "/nowhere/ca.pem";
  const ProbeVerdict verdict = probe_endpoint(route_to("https://127.0.0.1/v1"), options);
  EXPECT_THAT(verdict.details, HasSubstr("/nowhere/ca.pem"));
}

}  // namespace
}  // namespace sallyport::gateway
