// Request heads by a grammar of our own, stricter than any general parser: one pass, views into
// the caller's buffer, no state. Rules: docs/adr on request heads; OpenShell l7/rest.rs. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "reference/http/error.h"

namespace sallyport::http {

inline constexpr std::size_t kFieldsMax = 256;

struct Field {
  std::string_view name;   // as written
  std::string_view value;  // without the whitespace around it
};

// Fields in the order of the wire; views into somebody else's bytes.
class Fields {
 public:
  void add(std::string_view name, std::string_view value) { all_.push_back(Field{name, value}); }
  void reserve(std::size_t count) { all_.reserve(count); }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] auto begin() const { return all_.begin(); }
  [[nodiscard]] auto end() const { return all_.end(); }

  // The first field of that name, whatever its case.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  // Whether a comma-separated list field, over all its lines, has this token (case-insensitive).
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

 private:
  std::vector<Field> all_;
};

// Every view points into the text that parse_request_head() was given.
struct RequestHead {
  std::string_view method;  // as written; case matters
  std::string_view target;
  int version_minor = 1;
  Fields fields;

  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const {
    return fields.find(name);
  }
  [[nodiscard]] std::size_t count(std::string_view name) const { return fields.count(name); }
  // Whether the client will keep the connection after this exchange.
  [[nodiscard]] bool keeps_alive() const;
};

// Position just after the first CRLFCRLF.
[[nodiscard]] std::optional<std::size_t> find_head_end(std::string_view bytes);

// Looks for the end of a head while it arrives, each byte once. Says early when the end can't come:
// a line ending that isn't CRLF, or more bytes than the limit. For requests and answers.
class HeadScanner {
 public:
  explicit HeadScanner(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  // `bytes` is all that was read of this head so far, from its first byte, and whatever follows.
  // The head's size (terminator included), or nothing while it is incomplete.
  // Errors: head_too_long, bare_line_ending.
  [[nodiscard]] base::Result<std::optional<std::size_t>> scan(std::string_view bytes);
  void reset() { scanned_ = 0; }

 private:
  std::uint64_t bytes_max_;
  std::size_t scanned_ = 0;
};

// `head` is one whole head, its CRLFCRLF included and nothing after it. Checks everything that can
// be checked without knowing the connection: see HttpErrc's heads. Framing: request_framing().
[[nodiscard]] base::Result<RequestHead> parse_request_head(std::string_view head);

}  // namespace sallyport::http
