// One request that is being answered: what those who answer it need, and what they journal of it.
// Internal to this folder.
#pragma once

#include <memory>
#include <string>

#include "simulator/providers/connection.h"
#include "simulator/providers/request.h"
#include "simulator/providers/spec.h"

namespace sallyport::sim::providers {

class Answering {
 public:
  // `spec`: as it was when the request came. The references must outlive it.
  Answering(std::shared_ptr<const ProviderSpec> spec, const Environment& environment,
            Connection& connection, const Request& request);
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

  [[nodiscard]] const ProviderSpec& spec() const { return *spec_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  [[nodiscard]] Connection& connection() const { return connection_; }
  [[nodiscard]] const Request& request() const { return request_; }

  // With variables replaced.
  [[nodiscard]] std::string text(const std::string& written) const;
  [[nodiscard]] std::string json(const std::string& written) const;
  [[nodiscard]] journal::Selector selector(const journal::Selector& written) const;
  [[nodiscard]] journal::Matcher matcher(const journal::Matcher& written) const;

  // With the request's nonce.
  void note(std::string kind, journal::Fields fields);
  // `response`; only the first one counts.
  void note_response(int status);
  [[nodiscard]] bool response_noted() const { return response_noted_; }

  // Now, as these APIs stamp their objects.
  [[nodiscard]] std::int64_t now_s() const;
  // By `environment.slow`.
  [[nodiscard]] base::TimePoint in(base::Duration duration) const;

 private:
  std::shared_ptr<const ProviderSpec> spec_;
  const Environment& environment_;
  Connection& connection_;
  const Request& request_;
  journal::Lookup variables_;
  bool response_noted_ = false;
};

}  // namespace sallyport::sim::providers
