// What of the configuration is taken at a start where records were kept already: who spoke last is
// heard. A record of which the configuration says the same as at the last start stays as calls
// left it, deleted ones included; one that is new or says something else is applied; one that the
// configuration doesn't name any more stays. Pure.
#pragma once

#include <optional>
#include <string>

#include "reference/gateway/stored.h"

namespace sallyport::gateway {

// Nothing, and why in `wrong`, where the two can't stand together: a sandbox of the configuration
// has the name of another one that was made by a call.
[[nodiscard]] std::optional<Kept> with_configuration(Kept kept, const State& configured,
                                                     std::string& wrong);

}  // namespace sallyport::gateway
