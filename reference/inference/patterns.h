// The eight shapes of request that inference.local knows; everything else is refused. Table after
// OpenShell crates/openshell-supervisor-network/src/l7/inference.rs. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace sallyport::inference {

enum class Delivery {
  streaming,  // passed on as it arrives, chunked
  buffered,   // collected, then sent with Content-Length; never chunked, never with an SSE suffix
};

struct Match {
  std::string_view protocol;  // openai_chat_completions ...
  std::string_view kind;      // chat_completion, models_list ...
  std::string_view method;    // POST or GET: as it goes upstream, whatever case it was sent in
  Delivery delivery = Delivery::streaming;
};

// `path` is canonical; what follows a `?` is ignored. The method's case doesn't matter.
[[nodiscard]] std::optional<Match> classify(std::string_view method, std::string_view path);

}  // namespace sallyport::inference
