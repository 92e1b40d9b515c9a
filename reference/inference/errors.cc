#include "reference/inference/errors.h"

#include <string>

// Boost's category has no virtual destructor on purpose: categories are never deleted.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace sallyport::inference {
namespace {

class InferenceCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "sallyport.inference"; }
  std::string message(int value) const override {
    switch (static_cast<InferenceErrc>(value)) {
      case InferenceErrc::bad_target:
        return "the target has no canonical form";
      case InferenceErrc::not_inference:
        return "the request is none that inference.local knows";
      case InferenceErrc::body_not_object:
        return "the body isn't one JSON object";
      case InferenceErrc::body_encoded:
        return "the body has a content coding";
      case InferenceErrc::unexpected_body:
        return "the request has a body and may not";
      case InferenceErrc::wrong_authority:
        return "the request names another authority than inference.local";
    }
    return "unknown inference error";
  }
};

// {"error": TEXT}, on a connection that goes on unless the caller says otherwise.
http::LocalAnswer error_object(unsigned status, std::string_view text) {
  http::LocalAnswer answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.body = R"({"error":)" + http::json_string(text) + "}";
  answer.close = false;
  return answer;
}

http::LocalAnswer closing(http::LocalAnswer answer) {
  answer.close = true;
  return answer;
}

constexpr std::string_view kNotConfigured =
    R"({"error":"cluster inference is not configured",)"
    R"("hint":"run: openshell cluster inference set --help"})";

}  // namespace

const boost::system::error_category& inference_category() {
  static const InferenceCategory kCategory;
  return kCategory;
}

base::Error make_error_code(InferenceErrc errc) {
  return base::Error(static_cast<int>(errc), inference_category());
}

http::LocalAnswer inference_error(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::malformed:
      return http::text_answer(400, "Bad Request");
    case ErrorKind::too_large:
      return http::text_answer(413, "Payload Too Large");
    case ErrorKind::bad_target:
      return closing(error_object(400, "request-target must be canonical"));
    case ErrorKind::not_inference:
      return closing(error_object(403, "connection not allowed by policy"));
    case ErrorKind::not_configured: {
      http::LocalAnswer answer = error_object(503, "");
      answer.body = kNotConfigured;
      return answer;
    }
    case ErrorKind::no_route:
      return error_object(400, "no compatible inference route available");
    case ErrorKind::body_not_object:
      return error_object(400, "request body must be one JSON object");
    case ErrorKind::body_encoded:
      return error_object(400, "request body must not have a content coding");
    case ErrorKind::unexpected_body:
      return error_object(400, "this request takes no body");
    case ErrorKind::wrong_authority:
      return closing(http::authority_mismatch());
    case ErrorKind::unavailable:
      return error_object(503, "inference service unavailable");
    case ErrorKind::upstream_broken:
      return error_object(502, "inference service error");
  }
  return error_object(502, "inference service error");
}

ErrorKind kind_of(const base::Error& error) {
  if (error.category() != inference_category()) return ErrorKind::malformed;
  switch (static_cast<InferenceErrc>(error.value())) {
    case InferenceErrc::bad_target:
      return ErrorKind::bad_target;
    case InferenceErrc::not_inference:
      return ErrorKind::not_inference;
    case InferenceErrc::body_not_object:
      return ErrorKind::body_not_object;
    case InferenceErrc::body_encoded:
      return ErrorKind::body_encoded;
    case InferenceErrc::unexpected_body:
      return ErrorKind::unexpected_body;
    case InferenceErrc::wrong_authority:
      return ErrorKind::wrong_authority;
  }
  return ErrorKind::malformed;
}

}  // namespace sallyport::inference
