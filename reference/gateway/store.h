// The gateway's records, one operation one transaction: values in, values out, so that a data base
// can stand here later. In memory, gone with the process. Any thread; never waits but for its lock.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "reference/gateway/provider_rules.h"
#include "reference/gateway/records.h"

namespace sallyport::gateway {

class Store {
 public:
  explicit Store(State initial) : state_(std::move(initial)) {}
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // A copy of everything at one moment: what several records say together.
  [[nodiscard]] State snapshot() const;

  // ALREADY_EXISTS, INVALID_ARGUMENT.
  [[nodiscard]] Answer<Provider> create_provider(Provider record);
  // NOT_FOUND, INVALID_ARGUMENT, ABORTED when the expected version isn't there any more.
  [[nodiscard]] Answer<Provider> update_provider(const ProviderChange& change);
  // False when there was none. FAILED_PRECONDITION when a route or a sandbox uses it, unless
  // forced: sandboxes then lose it, routes dangle.
  [[nodiscard]] Answer<bool> delete_provider(std::string_view name, bool force);

  // Replaces, with the next version, or makes version 1. FAILED_PRECONDITION without the provider.
  [[nodiscard]] Answer<Route> set_route(const std::string& name, Route route);
  // False when there was none.
  bool delete_route(std::string_view name);

  // Whether something changed. NOT_FOUND, FAILED_PRECONDITION without the provider, ABORTED.
  [[nodiscard]] Answer<bool> attach(std::string_view sandbox, const std::string& provider,
                                    std::uint64_t expected_version);
  [[nodiscard]] Answer<bool> detach(std::string_view sandbox, std::string_view provider,
                                    std::uint64_t expected_version);

  // The next version, or the one in force when it is the same document. An empty name: the global
  // policy. NOT_FOUND, ABORTED.
  [[nodiscard]] Answer<PolicyRecord> set_policy(std::string_view sandbox, PolicyRecord admitted,
                                                std::uint64_t expected_version);

  void set_registrations(std::vector<Registration> registrations);

 private:
  [[nodiscard]] Answer<Sandbox*> sandbox_at(std::string_view name, std::uint64_t version);

  mutable std::mutex mutex_;
  State state_;
};

}  // namespace sallyport::gateway
