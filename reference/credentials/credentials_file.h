// Credentials of a supervisor without a gateway: a list in one YAML file, strict, every mistake
// with its place. Reads that file, and the files and variables that it names for the values.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/diagnostics.h"
#include "reference/credentials/store.h"

namespace sallyport::credentials {

// Asks for a variable of the supervisor's own environment.
using Variables = std::function<std::optional<std::string>(std::string_view name)>;

// A file that others than its owner may read is refused, and so is one that a value comes from.
// The store's revision changes with everything but values and expiries: where only those change,
// placeholders stay as they are and stand for what the file says now. Nothing after a complaint.
[[nodiscard]] std::optional<Store> load_credentials(const std::string& path,
                                                    const Variables& variables,
                                                    base::Diagnostics& complaints);

}  // namespace sallyport::credentials
