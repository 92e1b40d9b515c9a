// Records for this folder's tests.
#pragma once

#include <string>
#include <utility>

#include "reference/gateway/records.h"

namespace sallyport::gateway {

inline Provider provider(std::string name, std::string type = "openai",
                         std::string key = "OPENAI_API_KEY", std::string value = "sk-1") {
  Provider record;
  record.id = "id-of-" + name;
  record.name = std::move(name);
  record.type = std::move(type);
  record.credentials.emplace(std::move(key), base::Secret(std::move(value)));
  return record;
}

inline Sandbox sandbox(std::string id, std::vector<std::string> providers = {}) {
  Sandbox record;
  record.id = std::move(id);
  record.name = "name-of-" + record.id;
  record.providers = std::move(providers);
  return record;
}

inline Route route(std::string to, std::string model = "m-1", std::uint64_t timeout_s = 0) {
  Route record;
  record.provider = std::move(to);
  record.model = std::move(model);
  record.timeout_s = timeout_s;
  return record;
}

inline Registration registration(std::string name) {
  Registration record;
  record.name = std::move(name);
  record.endpoint = "http://127.0.0.1:1";
  record.payload_bytes_max = 1024;
  return record;
}

// A provider `p` that the route and sandbox `sb` use; a provider `idle`.
inline State used_state() {
  State state;
  state.providers.emplace("p", provider("p"));
  state.providers.emplace("idle", provider("idle"));
  state.routes.emplace(kUserRoute, route("p"));
  state.sandboxes.emplace("sb", sandbox("sb", {"p"}));
  return state;
}

}  // namespace sallyport::gateway
