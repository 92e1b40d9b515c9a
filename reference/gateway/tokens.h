// Whose a bearer token is. The gateway keeps no token but its SHA-256: those of files that the
// configuration names, and those that were issued by call, which lie in the store. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/random.h"
#include "reference/gateway/caller.h"

namespace sallyport::gateway {

using TokenDigest = std::array<std::uint8_t, 32>;

[[nodiscard]] TokenDigest digest_of(std::string_view token);

// Where tokens are read from; an empty path, or none: there is no token.
struct TokenFiles {
  std::string operator_file;
  std::map<std::string, std::string> sandboxes;  // by id
};

// What was read there.
struct FileTokens {
  std::vector<TokenDigest> operators;
  std::map<std::string, std::vector<TokenDigest>> sandboxes;  // by id
};

// As rpc::read_tokens().
[[nodiscard]] std::optional<std::vector<TokenDigest>> read_digests(const std::string& path,
                                                                   std::string& why);

// Two owners of one token, in words; empty when each token has one.
[[nodiscard]] std::string shared_token(const FileTokens& tokens);

// The files' tokens now. A file that can't be read keeps what it had, and so do all of them when
// two have one token; a complaint each.
[[nodiscard]] FileTokens read_again(const TokenFiles& files, const FileTokens& before,
                                    std::vector<std::string>& complaints);

// Makes a token that can't be guessed, in a new file of its own with mode 0600. What failed, or
// nothing: then `digest` is the token's.
[[nodiscard]] std::string write_token(const std::string& path, base::Random& random,
                                      TokenDigest& digest);

class TokenBook {
 public:
  // Those that were issued by call, of each sandbox; called at each look-up, from any thread.
  using Issued = std::function<void(
      const std::function<void(const std::string& sandbox_id, std::string_view digest)>& visit)>;

  explicit TokenBook(FileTokens from_files, Issued issued = {});

  // The files' tokens from now on.
  void replace(FileTokens from_files);
  [[nodiscard]] FileTokens from_files() const;

  // Nothing for one that isn't known. Takes the same time whichever it is.
  [[nodiscard]] std::optional<Caller> find(std::string_view token) const;
  // Whether an operator has a token: then nobody is believed without one.
  [[nodiscard]] bool has_operator() const;

 private:
  mutable std::mutex mutex_;
  FileTokens from_files_;
  Issued issued_;
};

}  // namespace sallyport::gateway
