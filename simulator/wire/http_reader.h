// The harness's own eyes on HTTP/1: an incremental, lenient reader that records what came, in the
// order in which it came, and judges nothing but whether it can be read at all. Shares no code with
// the subject, so that a shared parser can't hide a shared bug. Pure; one reader a message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::sim::wire {

// Header lines in wire order, names as sent. A line without a colon has an empty name.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

// The first line of that name (case-insensitive); null when there is none.
[[nodiscard]] const std::string* find_header(const HeaderList& headers, std::string_view name);
[[nodiscard]] bool equal_names(std::string_view a, std::string_view b);  // case-insensitive

struct HttpMessage {
  enum class Framing { none, length, chunked, until_close };

  std::string start_line;
  std::string method, target;  // of a request
  std::string version;         // `HTTP/1.1`
  int status = 0;              // of an answer
  std::string reason;
  HeaderList headers;
  HeaderList trailers;
  Framing framing = Framing::none;
  std::uint64_t declared = 0;   // Framing::length: Content-Length
  std::string body;             // chunks joined; at most kBodyKeptMax octets are kept
  std::uint64_t body_size = 0;  // all octets of it

  // The target up to `?`, and what follows it. Of an absolute target, the path in it.
  [[nodiscard]] std::string path() const;
  [[nodiscard]] std::string query() const;
};

inline constexpr std::size_t kHeadMax = 256U << 10U;     // over it: malformed
inline constexpr std::size_t kBodyKeptMax = 64U << 20U;  // over it: counted, not kept

class HttpReader {
 public:
  enum class Kind { request, answer };
  enum class State { head, body, complete, incomplete, malformed };

  // `method`: of the request that an answer is for (HEAD has no body, CONNECT's 2xx neither).
  explicit HttpReader(Kind kind, std::string method = {});

  // Takes octets until the message is complete; what is beyond its framing stays in leftover().
  // An interim answer (1xx but 101) is kept in interim() and skipped.
  void feed(std::string_view bytes);
  // The stream has ended: completes a body that lasts until then; else the message is incomplete.
  void finish();

  [[nodiscard]] State state() const { return state_; }
  // A final answer's (or a request's) head is whole: message() has it.
  [[nodiscard]] bool head_done() const { return head_read_; }
  [[nodiscard]] bool done() const { return state_ != State::head && state_ != State::body; }
  // No octet has come yet.
  [[nodiscard]] bool empty() const { return !any_; }
  [[nodiscard]] const HttpMessage& message() const { return message_; }
  [[nodiscard]] const std::vector<HttpMessage>& interim() const { return interim_; }
  [[nodiscard]] const std::string& malformed_reason() const { return malformed_; }
  [[nodiscard]] const std::string& leftover() const { return buffer_; }
  [[nodiscard]] std::string take_leftover() { return std::move(buffer_); }
  // Whether the peer means to keep the connection, by version and Connection.
  [[nodiscard]] bool keeps_alive() const;

 private:
  enum class Chunk { size, data, data_end, trailer };

  // Each takes what it can of the buffer; false when it needs more, or the message is done.
  bool step();
  bool step_head();
  bool step_body();
  bool step_chunked();
  bool step_chunk_size();
  bool step_chunk_end();
  bool step_trailer();

  [[nodiscard]] std::string_view rest() const;
  bool plausible_start();
  void parse_head(std::string_view head);
  bool parse_start_line();
  void choose_framing();
  bool read_content_length();
  void keep(std::uint64_t octets);
  void complete() { state_ = State::complete; }
  void fail(std::string reason);
  bool take_line(std::string_view& line);

  Kind kind_;
  std::string method_;
  State state_ = State::head;
  Chunk chunk_ = Chunk::size;
  bool any_ = false;
  bool head_read_ = false;
  std::uint64_t remaining_ = 0;  // of the body or the chunk
  std::size_t position_ = 0;     // of buffer_: what is before it has been read
  std::string buffer_;
  std::string malformed_;
  HttpMessage message_;
  std::vector<HttpMessage> interim_;
};

}  // namespace sallyport::sim::wire
