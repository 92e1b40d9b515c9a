// The gateway's records, one operation one transaction: values in, values out. They are read from
// memory; where there is a file, what changes is on the disk before an operation answers, and one
// that can't be stored is UNAVAILABLE and has changed nothing. Any thread; readers never wait for
// writers, writers wait for one another and for the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "reference/gateway/provider_rules.h"
#include "reference/gateway/records.h"

namespace sallyport::gateway {

class StateFile;

// Records of one kind; over them RESOURCE_EXHAUSTED (docs/gateway.md).
inline constexpr std::size_t kProvidersMax = 1024;
inline constexpr std::size_t kSandboxesMax = 1024;
inline constexpr std::size_t kAttachedMax = 32;  // providers of one sandbox

class Store {
 public:
  // In memory, gone with the process.
  explicit Store(State initial);
  // In the file at `path`, made when there is none; an empty path: in memory. `initial` is what the
  // configuration says (configured.h tells what of it is taken where the file has records already).
  // Null, and why in `wrong`: the file is another program's, damaged, newer, not its owner's alone,
  // in a folder that others may write, or held by a process. It is then as it was.
  [[nodiscard]] static std::unique_ptr<Store> open(const std::string& path, State initial,
                                                   std::string& wrong);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Everything at one moment: what several records say together. Cheap.
  [[nodiscard]] std::shared_ptr<const State> current() const;
  // A copy of it.
  [[nodiscard]] State snapshot() const { return *current(); }

  // ALREADY_EXISTS, INVALID_ARGUMENT, RESOURCE_EXHAUSTED.
  [[nodiscard]] Answer<Provider> create_provider(Provider record);
  // NOT_FOUND, INVALID_ARGUMENT, ABORTED when the expected version isn't there any more.
  [[nodiscard]] Answer<Provider> update_provider(const ProviderChange& change);
  // False when there was none. FAILED_PRECONDITION when a route or a sandbox uses it, unless
  // forced: sandboxes then lose it, routes dangle.
  [[nodiscard]] Answer<bool> delete_provider(std::string_view name, bool force);

  // Replaces, with the next version, or makes version 1. FAILED_PRECONDITION without the provider.
  [[nodiscard]] Answer<Route> set_route(const std::string& name, Route route);
  // False when there was none.
  [[nodiscard]] Answer<bool> delete_route(std::string_view name);

  // Version 1. ALREADY_EXISTS by name or id, FAILED_PRECONDITION without one of its providers,
  // RESOURCE_EXHAUSTED.
  [[nodiscard]] Answer<Sandbox> create_sandbox(Sandbox record);
  // By name or id; false when there was none.
  [[nodiscard]] Answer<bool> delete_sandbox(std::string_view name);

  // The sandbox is known by the token with this SHA-256 from now on, and by the one before if that
  // is wanted; an empty one: by none. NOT_FOUND, ALREADY_EXISTS when it is another sandbox's.
  [[nodiscard]] rpc::Status set_token(std::string_view sandbox, const std::string& sha256,
                                      bool keep_previous);

  // Whether something changed. NOT_FOUND, FAILED_PRECONDITION without the provider, ABORTED,
  // RESOURCE_EXHAUSTED.
  [[nodiscard]] Answer<bool> attach(std::string_view sandbox, const std::string& provider,
                                    std::uint64_t expected_version);
  [[nodiscard]] Answer<bool> detach(std::string_view sandbox, std::string_view provider,
                                    std::uint64_t expected_version);

  // The next version, or the one in force when it is the same document. An empty name: the global
  // policy. NOT_FOUND, ABORTED, INVALID_ARGUMENT of a live sandbox (live_policy.h).
  [[nodiscard]] Answer<PolicyRecord> set_policy(std::string_view sandbox, PolicyRecord admitted,
                                                std::uint64_t expected_version);

  // What the supervisor of a sandbox, by its id, made of the policy with the hash `of`; whether
  // that is something else than it said before. NOT_FOUND, ABORTED when that policy isn't in force.
  [[nodiscard]] Answer<bool> report_effective(std::string_view sandbox_id, PolicyRecord effective,
                                              std::string_view of);
  // Whether it took that policy. The same errors.
  [[nodiscard]] Answer<bool> report_policy(std::string_view sandbox_id, PolicyReport report);

  [[nodiscard]] rpc::Status set_registrations(std::vector<Registration> registrations);

 private:
  Store(State kept, std::unique_ptr<StateFile> file);
  // Makes `next` what is read, on the disk first. The writers' lock is held.
  [[nodiscard]] rpc::Status commit(State next);

  std::mutex writing_;          // one operation at a time; state_ changes under both
  mutable std::mutex reading_;  // state_, the pointer
  std::shared_ptr<const State> state_;
  std::unique_ptr<StateFile> file_;  // null: in memory
};

}  // namespace sallyport::gateway
