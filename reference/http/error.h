// Why bytes were not accepted as HTTP: one enum for heads, framing, targets and answers. Pure. What
// the peer then sees is its reader's choice: a request's errors become 400 (431 for a head that is
// too long), an answer's become 502, in a body that has begun they become a cut connection.
#pragma once

#include <string>

#include "reference/base/result.h"

namespace sallyport::http {

enum class HttpErrc {
  // --- heads -----------------------------------------------------------------------------------
  head_too_long = 1,     // no terminator within the limit: 431
  not_utf8,              // the block isn't UTF-8
  bare_line_ending,      // CR without LF, or LF without CR
  control_byte,          // a byte that no value may hold
  bad_request_line,      // not exactly METHOD SP TARGET SP VERSION
  bad_method,            // not a token
  bad_version,           // neither HTTP/1.0 nor HTTP/1.1
  folded_line,           // a line that begins with a space or a tab
  bad_field,             // no colon, or a name that isn't a token directly before it
  too_many_fields,       // over kFieldsMax
  missing_host,          // HTTP/1.1 without Host
  several_hosts,         // more than one Host, in any version
  bad_host,              // Host isn't a valid authority
  host_mismatch,         // an absolute target names another authority than Host
  bad_connection,        // a Connection option that isn't a token
  forbidden_nomination,  // Connection names host, content-length or transfer-encoding
  // --- framing ---------------------------------------------------------------------------------
  length_and_encoding,  // Content-Length together with Transfer-Encoding
  bad_length,           // not digits alone, or beyond 2^63 - 1
  differing_lengths,    // several Content-Length that don't agree
  bad_encoding,         // Transfer-Encoding isn't one field saying `chunked`, or is in HTTP/1.0
  bad_chunk_size,       // no hexadecimal number directly before `;` or CRLF
  chunk_line_too_long,  // over Limits::chunk_line_bytes_max
  bad_chunk_end,        // a chunk's data isn't followed by CRLF
  too_many_chunks,      // over ChunkLimits::chunks_max
  bad_trailer,          // trailer grammar, or a field that may not stand in a trailer
  trailers_too_long,    // over ChunkLimits::trailer_bytes_max
  // --- targets ---------------------------------------------------------------------------------
  bad_target_byte,     // control byte, space, DEL or non-ASCII, plain or as %XX control
  target_fragment,     // `#`
  not_origin_form,     // doesn't start with `/` (`*` included)
  target_too_long,     // over Limits::target_bytes_max
  bad_escape,          // `%` without two hexadecimal digits
  encoded_slash,       // %2F where it isn't opted in
  above_root,          // `..` climbs above the root
  hidden_dot_segment,  // `.` or `..` behind an encoded slash
  not_absolute_form,   // a forward request without scheme://
  bad_authority,       // host, port or brackets
  userinfo,            // user@ in an authority
  // --- answers ---------------------------------------------------------------------------------
  bad_answer,  // status line or fields
};

[[nodiscard]] const boost::system::error_category& http_category();
[[nodiscard]] base::Error make_error_code(HttpErrc errc);

}  // namespace sallyport::http

template <>
struct boost::system::is_error_code_enum<sallyport::http::HttpErrc> : std::true_type {};
