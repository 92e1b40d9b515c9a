// What a supervisor tells the world besides serving it: events to every sink that is configured.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/audit/sink.h"
#include "reference/base/clock.h"
#include "reference/base/log.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"

namespace sallyport::supervisor {

// Every event to every sink. With none, events go nowhere.
class AuditOutlets final : public audit::AuditSink {
 public:
  // Both must outlive this object.
  AuditOutlets(const base::Clock& clock, base::Log& log);
  void emit(const audit::Event& event) override;

  void add(base::UniqueFd fd);
  // Appends; makes the file, readable by its owner alone. Nothing on success, else what failed.
  [[nodiscard]] std::string add_file(const std::string& path);
  // Events from now on name this as their proxy_endpoint.
  void set_proxy(const net::Endpoint& proxy);

 private:
  const base::Clock& clock_;
  base::Log& log_;
  audit::Origin origin_;
  std::vector<std::unique_ptr<audit::JsonlSink>> sinks_;
};

}  // namespace sallyport::supervisor
