#include "reference/gateway/issued_tokens.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

bool holds(const std::vector<TokenDigest>& digests, const std::string& sha256) {
  return std::any_of(digests.begin(), digests.end(), [&](const TokenDigest& one) {
    return std::equal(one.begin(), one.end(), sha256.begin(), sha256.end(),
                      [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
  });
}

bool is_of_a_file(const FileTokens& files, const std::string& sha256) {
  return holds(files.operators, sha256) ||
         std::any_of(files.sandboxes.begin(), files.sandboxes.end(),
                     [&](const auto& one) { return holds(one.second, sha256); });
}

}  // namespace

TokenBook::Issued issued_in(const Store& store) {
  return [&store](const auto& visit) {
    const auto state = store.current();
    for (const auto& [sandbox, tokens] : state->tokens) {
      for (const std::string& digest : tokens.digests) visit(sandbox, digest);
    }
  };
}

FindSandbox finder_in(const Store& store) {
  return [&store](std::string_view name) -> std::optional<std::string> {
    const auto state = store.current();
    const Sandbox* const found = state->find_sandbox(name);
    if (found == nullptr) return std::nullopt;
    return found->id;
  };
}

rpc::Status issue_token(Store& store, const TokenBook& tokens, const std::string& sandbox,
                        const std::string& sha256, bool keep_previous) {
  if (!sha256.empty() && sha256.size() != TokenDigest().size()) {
    return refusal(rpc::Code::invalid_argument, "a SHA-256 has 32 octets");
  }
  if (is_of_a_file(tokens.from_files(), sha256)) {
    return refusal(rpc::Code::invalid_argument, "this token is one of the configuration's");
  }
  return store.set_token(sandbox, sha256, keep_previous);
}

}  // namespace sallyport::gateway
