#include "reference/relay/middleware_answer.h"

#include <string>

namespace sallyport::relay {
namespace {

// A JSON object whose members are texts, and one number.
class Members {
 public:
  Members& text(std::string_view name, std::string_view value) {
    begin(name);
    body_ += http::json_string(value);
    return *this;
  }
  Members& number(std::string_view name, std::uint64_t value) {
    begin(name);
    body_ += std::to_string(value);
    return *this;
  }
  [[nodiscard]] http::LocalAnswer answer(unsigned status) const {
    http::LocalAnswer answer;
    answer.status = status;
    answer.content_type = "application/json";
    answer.body = body_ + "}";
    return answer;
  }

 private:
  void begin(std::string_view name) {
    if (body_.size() > 1) body_ += ',';
    body_ += http::json_string(name);
    body_ += ':';
  }
  std::string body_ = "{";
};

http::LocalAnswer about_request(const AboutRequest& about, Members members, unsigned status) {
  const egress::Intent& intent = about.grant.intent;
  members.text("policy", about.grant.allow.policy).text("layer", "l7");
  members.text("method", about.method).text("path", about.path);
  members.text("host", intent.host).number("port", intent.port);
  if (const auto& program = about.grant.identity.program) members.text("binary", program->binary);
  http::LocalAnswer answer = members.answer(status);
  answer.policy = about.grant.allow.policy;
  return answer;
}

http::LocalAnswer about_credential(unsigned status, std::string_view error, std::string_view text) {
  return Members().text("error", error).text("detail", text).text("message", text).answer(status);
}

}  // namespace

http::LocalAnswer middleware_denied(const AboutRequest& about, std::string_view config,
                                    std::string_view reason_code) {
  Members members;
  members.text("error", "middleware_denied");
  members.text("detail", "Request rejected by configured middleware");
  members.text("middleware", config);
  if (!reason_code.empty()) members.text("reason_code", reason_code);
  return about_request(about, std::move(members), 403);
}

http::LocalAnswer middleware_failed(const AboutRequest& about, unsigned status) {
  Members members;
  members.text("error", "middleware_failed");
  members.text("detail", "Request could not be processed by configured middleware");
  return about_request(about, std::move(members), status);
}

http::LocalAnswer credential_mismatch() {
  return about_credential(403, "credential_endpoint_mismatch",
                          "credential is not bound to the endpoint of this request");
}

http::LocalAnswer credential_unavailable(bool forwarded) {
  return about_credential(500, forwarded ? "credential_injection_failed" : "credential_unavailable",
                          "unresolved credential placeholder in request");
}

}  // namespace sallyport::relay
