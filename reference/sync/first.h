// What a gateway says of a sandbox that isn't made yet: the policy that it is made from, and the
// credentials whose placeholders its first process finds. The process that makes a sandbox is still
// without threads (sandbox/launch.h), and one that has spoken gRPC isn't: another one fetches, and
// hands the answers over as a text.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "reference/egress/egress.h"
#include "reference/net/clock.h"
#include "reference/sync/source.h"

namespace sallyport::sync {

// Messages as they came, serialized. One that isn't there is left to the poller.
struct FirstAnswers {
  std::string config;
  std::optional<std::string> bundle, environment;

  friend bool operator==(const FirstAnswers&, const FirstAnswers&) = default;
};

struct FirstOptions {
  base::Duration timeout = std::chrono::seconds(2);  // of each call
  base::Duration pause = std::chrono::milliseconds(500);
  base::Duration patience = std::chrono::seconds(30);  // with outages, in all
};

// Asks until there is a configuration, through outages as long as the patience lasts. Empty, or why
// there is none. Credentials are waited for as well, routes aren't; without either a sandbox can
// be made. `tell` hears of the wait, a sentence at a time.
[[nodiscard]] net::Task<std::string> fetch_first(ConfigSource& source, net::Clock& clock,
                                                 FirstOptions options,
                                                 std::function<void(const std::string&)> tell,
                                                 FirstAnswers& answers);

// The policy of the answers, their routes and credentials. Empty, or why the policy can't be taken.
// Routes and credentials that aren't sound are taken out of the answers: the poller fetches them
// again, and says why.
[[nodiscard]] std::string take_first(FirstAnswers& answers, egress::Generation& into);

[[nodiscard]] std::string write_first(const FirstAnswers& answers);
// Nothing when it isn't one, whole.
[[nodiscard]] std::optional<FirstAnswers> read_first(std::string_view text);

}  // namespace sallyport::sync
