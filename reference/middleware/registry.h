// The middleware implementations that a generation knows: built-ins, and the operator's services
// that answered Describe soundly. Immutable; shared by the generations that were built with it.
// A policy's entry whose implementation isn't here is unresolved: its `on_error` decides.
//
// Follows OpenShell crates/openshell-supervisor-middleware/src/lib.rs (RFC 0009), but that one bad
// service doesn't take the others down (docs/deviations.md).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/clock.h"
#include "reference/middleware/stage.h"
#include "reference/net/clock.h"
#include "reference/net/executor.h"

namespace sallyport::middleware {

// An operator's registration, as the gateway distributes it.
struct Registration {
  std::string name;
  std::string endpoint;  // http:// or https://
  std::uint64_t payload_bytes_max = 0;
  std::string timeout;  // `500ms`, `2s`; empty: the default
  std::string ca_pem;
  std::string audience;                   // kept; tokens come later
  bool allow_insecure_transport = false;  // kept

  friend bool operator==(const Registration&, const Registration&) = default;
};

// For whom tokens of its callers are, where the operator doesn't say.
[[nodiscard]] std::string default_audience(std::string_view name);

// What an implementation offers for one operation before credentials.
struct Binding {
  std::uint64_t payload_bytes_max = 0;  // the effective limit, of a body or a message
  base::Duration timeout{};             // the effective one, of one call
};

// Nothing for an operation: entries that name the implementation are no part of its chains.
struct Bindings {
  std::optional<Binding> http;       // EvaluateHttpRequest, by Implementation::stage
  std::optional<Binding> websocket;  // EvaluateWebSocketSession: kept, and opened by nobody yet
};

// What a registered implementation came to.
struct Implementation {
  std::string name;       // how policies name it
  bool external = false;  // else a built-in
  Bindings bindings;
  base::Duration operator_timeout{};  // the operator's own: of Describe and ValidateConfig
  std::string expected_audience;      // the service says it takes tokens for; none are sent yet
  Registration registration;          // of a service
  std::shared_ptr<Stage> stage;
};

class Registry {
 public:
  explicit Registry(std::map<std::string, Implementation, std::less<>> all);
  // Null when nobody of that name is registered.
  [[nodiscard]] const Implementation* find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, Implementation, std::less<>>& all() const;

 private:
  std::map<std::string, Implementation, std::less<>> all_;
};

// The built-ins alone: what a supervisor has before any service was reached. `slow` multiplies
// their timeouts.
[[nodiscard]] std::shared_ptr<const Registry> built_in_registry(double slow = 1);

// When it's worth asking again about a registration that couldn't be taken.
enum class Again {
  soon,    // the service can't be reached
  slowly,  // it answered, and not soundly: that takes somebody to mend it
  never,   // the registration itself is at fault: another list ends it
};

// A registration that couldn't be taken, and why; the reason holds no text of the service.
struct Refused {
  std::string name;
  std::string reason;
  Again again = Again::soon;
  bool kept = false;  // what was registered under its name before serves on
};

struct Built {
  std::shared_ptr<const Registry> registry;  // never null
  std::vector<Refused> refused;
};

// Connects to every service that carry_over() doesn't settle, at the same time, and asks it to
// describe itself, within its own timeout. Where that fails, what was there before it stays. Waits
// for no retry: the caller asks again. `slow` multiplies the services' timeouts. The clock must
// outlive every registry. Links as `middleware_services`, the one part that needs gRPC.
[[nodiscard]] net::Task<Built> build_registry(net::Executor executor, const net::Clock& clock,
                                              std::vector<Registration> registrations,
                                              std::shared_ptr<const Registry> previous,
                                              double slow = 1);

}  // namespace sallyport::middleware
