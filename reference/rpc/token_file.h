// Bearer tokens that live in files: how one is read and judged, and a file whose token is sent with
// calls and may be another tomorrow. No text here ever holds a token; on one thread.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/secret.h"

namespace sallyport::rpc {

inline constexpr std::size_t kTokenBytesMin = 32;   // shorter ones can be guessed
inline constexpr std::size_t kTokenBytesMax = 512;  // longer ones don't fit every header table
inline constexpr std::size_t kTokensMax = 4;        // of one file

// Metadata: whose supervisor calls, by the sandbox's id. Counts only where callers without a token
// are believed.
inline constexpr std::string_view kClaimKey = "sallyport-sandbox-bin";

// Why `token` can't be one; empty when it can. Letters, digits and `-._~+/=`, as RFC 6750 has it.
[[nodiscard]] std::string token_fault(std::string_view token);

// The tokens of a file, one a line: the first is sent, all are accepted. Nothing when it can't be
// read, isn't its owner's alone (mode 0600 or less; ours or root's), or holds something else, and
// then `why` says so.
[[nodiscard]] std::optional<std::vector<base::Secret>> read_tokens(const std::string& path,
                                                                   std::string& why);

class TokenFile {
 public:
  // Null when there is no token in it now; `why` as above.
  [[nodiscard]] static std::shared_ptr<TokenFile> open(std::string path, std::string& why);

  // The token to send. Reads again what has changed on disk; a file that can't be read then leaves
  // the last token that could.
  [[nodiscard]] const base::Secret& current();
  // Reads again whatever the file's times say: the token was refused. Whether it is another now.
  [[nodiscard]] bool changed();

 private:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] bool read(std::string& why);

  std::string path_;
  struct ::stat seen_ {};
  base::Secret token_;
};

}  // namespace sallyport::rpc
