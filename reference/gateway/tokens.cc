#include "reference/gateway/tokens.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "reference/base/unique_fd.h"
#include "reference/rpc/token_file.h"

namespace sallyport::gateway {
namespace {

constexpr std::size_t kTokenOctets = 32;
constexpr ::mode_t kOwnerOnly = 0600;

std::string owner_of(const std::string& sandbox) {
  return sandbox.empty() ? std::string("the operator") : fmt::format("sandbox '{}'", sandbox);
}

// Writes all of it, and waits until it lies on the disk.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

// A file that wasn't there, with `text` in it. What failed, or nothing; then nothing is left.
std::string write_new(const std::string& path, std::string_view text) {
  constexpr int kHow = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  const base::UniqueFd fd(::open(path.c_str(), kHow, kOwnerOnly));
  if (!fd) return fmt::format("{} can't be made: {}", path, std::strerror(errno));
  if (write_all(fd.get(), text)) return {};
  std::string wrong = fmt::format("{} can't be written: {}", path, std::strerror(errno));
  ::unlink(path.c_str());
  return wrong;
}

}  // namespace

TokenDigest digest_of(std::string_view token) {
  TokenDigest digest;
  ::SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

std::optional<std::vector<TokenDigest>> read_digests(const std::string& path, std::string& why) {
  const auto tokens = rpc::read_tokens(path, why);
  if (!tokens) return std::nullopt;
  std::vector<TokenDigest> digests;
  for (const base::Secret& token : *tokens) digests.push_back(digest_of(token.reveal()));
  return digests;
}

std::string shared_token(const FileTokens& tokens) {
  std::map<TokenDigest, std::string> owners;
  for (const TokenDigest& digest : tokens.operators) owners.emplace(digest, "");
  for (const auto& [sandbox, digests] : tokens.sandboxes) {
    for (const TokenDigest& digest : digests) {
      const auto [at, fresh] = owners.emplace(digest, sandbox);
      if (fresh || at->second == sandbox) continue;
      return fmt::format("{} and {} have the same token", owner_of(at->second), owner_of(sandbox));
    }
  }
  return {};
}

FileTokens read_again(const TokenFiles& files, const FileTokens& before,
                      std::vector<std::string>& complaints) {
  FileTokens now = before;
  const auto read = [&](const std::string& path, std::vector<TokenDigest>& into) {
    std::string why;
    if (auto digests = read_digests(path, why)) {
      into = std::move(*digests);
    } else {
      complaints.push_back(why + "; the tokens that it had are kept");
    }
  };
  if (!files.operator_file.empty()) read(files.operator_file, now.operators);
  for (const auto& [sandbox, path] : files.sandboxes) read(path, now.sandboxes[sandbox]);
  const std::string shared = shared_token(now);
  if (shared.empty()) return now;
  complaints.push_back(shared + "; the tokens before are kept");
  return before;
}

std::string write_token(const std::string& path, base::Random& random, TokenDigest& digest) {
  std::string token = random.hex(kTokenOctets);
  digest = digest_of(token);
  token += '\n';
  std::string wrong = write_new(path, token);
  ::OPENSSL_cleanse(token.data(), token.size());
  return wrong;
}

TokenBook::TokenBook(FileTokens from_files, Issued issued)
    : from_files_(std::move(from_files)), issued_(std::move(issued)) {}

void TokenBook::replace(FileTokens from_files) {
  const std::lock_guard hold(mutex_);
  from_files_ = std::move(from_files);
}

FileTokens TokenBook::from_files() const {
  const std::lock_guard hold(mutex_);
  return from_files_;
}

std::optional<Caller> TokenBook::find(std::string_view token) const {
  if (!rpc::token_fault(token).empty()) return std::nullopt;
  const TokenDigest digest = digest_of(token);
  std::optional<Caller> found;
  const auto look = [&](Caller::Kind kind, const std::string& sandbox, std::string_view known) {
    if (known.size() != digest.size()) return;
    if (::CRYPTO_memcmp(known.data(), digest.data(), digest.size()) == 0) {
      found = Caller{kind, sandbox};
    }
  };
  const auto text = [](const TokenDigest& one) {
    return std::string_view(reinterpret_cast<const char*>(one.data()), one.size());
  };
  if (issued_) {
    issued_([&](const std::string& sandbox, std::string_view known) {
      look(Caller::Kind::sandbox, sandbox, known);
    });
  }
  const std::lock_guard hold(mutex_);
  for (const auto& [sandbox, digests] : from_files_.sandboxes) {
    for (const TokenDigest& one : digests) look(Caller::Kind::sandbox, sandbox, text(one));
  }
  for (const TokenDigest& one : from_files_.operators) {
    look(Caller::Kind::operator_, {}, text(one));
  }
  return found;
}

bool TokenBook::has_operator() const {
  const std::lock_guard hold(mutex_);
  return !from_files_.operators.empty();
}

}  // namespace sallyport::gateway
