// The stages that come with the program. Each answers at once; they change bodies, never headers,
// and never deny.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "reference/middleware/stage.h"

namespace sallyport::middleware {

inline constexpr std::string_view kBuiltInPrefix = "openshell/";
// Config `{secrets: redact}` or none: values assigned to keywords, and `sk-` tokens.
inline constexpr std::string_view kSecrets = "openshell/secrets";
// Config `{mode: redact}` or none: `sk-` tokens.
inline constexpr std::string_view kRegex = "openshell/regex";

[[nodiscard]] std::shared_ptr<Stage> make_secrets_stage();
[[nodiscard]] std::shared_ptr<Stage> make_regex_stage();

// What such a stage says of a config, without asking it over: empty when it is sound. `config_json`
// is an entry's, an object. Only of names that is_built_in().
[[nodiscard]] std::string built_in_config_fault(std::string_view name,
                                                std::string_view config_json);
[[nodiscard]] bool is_built_in(std::string_view name);

}  // namespace sallyport::middleware
