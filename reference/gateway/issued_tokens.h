// What the server asks the store of callers: tokens that were issued by call, and which sandbox a
// name stands for. The store must outlive what is made here. Any thread.
#pragma once

#include "reference/gateway/access.h"
#include "reference/gateway/store.h"
#include "reference/gateway/tokens.h"

namespace sallyport::gateway {

[[nodiscard]] TokenBook::Issued issued_in(const Store& store);
[[nodiscard]] FindSandbox finder_in(const Store& store);

// As Store::set_token(). INVALID_ARGUMENT for what is no SHA-256, or that of a token in a file.
[[nodiscard]] rpc::Status issue_token(Store& store, const TokenBook& tokens,
                                      const std::string& sandbox, const std::string& sha256,
                                      bool keep_previous);

}  // namespace sallyport::gateway
