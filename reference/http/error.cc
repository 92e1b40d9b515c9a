#include "reference/http/error.h"

// Boost's category has no virtual destructor on purpose: categories are never deleted.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace sallyport::http {
namespace {

const char* head_text(HttpErrc errc) {
  switch (errc) {
    case HttpErrc::head_too_long:
      return "the head is too long";
    case HttpErrc::not_utf8:
      return "the head isn't UTF-8";
    case HttpErrc::bare_line_ending:
      return "a line ends in a lone CR or LF";
    case HttpErrc::control_byte:
      return "a field value holds a control byte";
    case HttpErrc::bad_request_line:
      return "the request line isn't METHOD SP TARGET SP VERSION";
    case HttpErrc::bad_method:
      return "the method isn't a token";
    case HttpErrc::bad_version:
      return "the version is neither HTTP/1.0 nor HTTP/1.1";
    case HttpErrc::folded_line:
      return "a field is folded over lines";
    case HttpErrc::bad_field:
      return "a field isn't NAME: VALUE";
    case HttpErrc::too_many_fields:
      return "there are too many fields";
    case HttpErrc::missing_host:
      return "Host is missing";
    case HttpErrc::several_hosts:
      return "there is more than one Host";
    case HttpErrc::bad_host:
      return "Host isn't a valid authority";
    case HttpErrc::host_mismatch:
      return "Host and the target's authority differ";
    case HttpErrc::bad_connection:
      return "a Connection option isn't a token";
    case HttpErrc::forbidden_nomination:
      return "Connection names a field that it may not name";
    case HttpErrc::bad_answer:
      return "the answer's head is malformed";
    default:
      return nullptr;
  }
}

const char* framing_text(HttpErrc errc) {
  switch (errc) {
    case HttpErrc::length_and_encoding:
      return "Content-Length stands beside Transfer-Encoding";
    case HttpErrc::bad_length:
      return "Content-Length isn't a number";
    case HttpErrc::differing_lengths:
      return "several Content-Length differ";
    case HttpErrc::bad_encoding:
      return "Transfer-Encoding isn't a single `chunked`";
    case HttpErrc::bad_chunk_size:
      return "a chunk's size is malformed";
    case HttpErrc::chunk_line_too_long:
      return "a chunk's size line is too long";
    case HttpErrc::bad_chunk_end:
      return "a chunk's data doesn't end where its size says";
    case HttpErrc::too_many_chunks:
      return "there are too many chunks";
    case HttpErrc::bad_trailer:
      return "a trailer is malformed or not allowed";
    case HttpErrc::trailers_too_long:
      return "the trailers are too long";
    default:
      return nullptr;
  }
}

const char* target_text(HttpErrc errc) {
  switch (errc) {
    case HttpErrc::bad_target_byte:
      return "the target holds a byte that it may not hold";
    case HttpErrc::target_fragment:
      return "the target has a fragment";
    case HttpErrc::not_origin_form:
      return "the target's path doesn't begin with a slash";
    case HttpErrc::target_too_long:
      return "the target's path is too long";
    case HttpErrc::bad_escape:
      return "the target has a malformed percent escape";
    case HttpErrc::encoded_slash:
      return "the target has an encoded slash";
    case HttpErrc::above_root:
      return "the target climbs above its root";
    case HttpErrc::hidden_dot_segment:
      return "the target hides a dot segment";
    case HttpErrc::not_absolute_form:
      return "the target isn't in absolute form";
    case HttpErrc::bad_authority:
      return "the authority is malformed";
    case HttpErrc::userinfo:
      return "the authority holds user information";
    default:
      return nullptr;
  }
}

class HttpCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "sallyport.http"; }
  std::string message(int value) const override {
    const auto errc = static_cast<HttpErrc>(value);
    for (const auto& text : {head_text(errc), framing_text(errc), target_text(errc)}) {
      if (text != nullptr) return text;
    }
    return "unknown HTTP error";
  }
};

}  // namespace

const boost::system::error_category& http_category() {
  static const HttpCategory kCategory;
  return kCategory;
}

base::Error make_error_code(HttpErrc errc) {
  return base::Error(static_cast<int>(errc), http_category());
}

}  // namespace sallyport::http
