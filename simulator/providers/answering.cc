#include "simulator/providers/answering.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <utility>

#include "reference/net/clock.h"

namespace sallyport::sim::providers {
namespace {

// The text between the quotes of a JSON string.
std::string json_escaped(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString() + 1, buffer.GetSize() - 2};
}

}  // namespace

Answering::Answering(std::shared_ptr<const ProviderSpec> spec, const Environment& environment,
                     Connection& connection, const Request& request)
    : spec_(std::move(spec)),
      environment_(environment),
      connection_(connection),
      request_(request),
      variables_(variables(request, environment.lookup)) {}

std::string Answering::text(const std::string& written) const {
  return journal::expand(written, variables_, true);
}

std::string Answering::json(const std::string& written) const {
  const journal::Lookup escaped = [&](std::string_view name) -> std::optional<std::string> {
    const auto value = variables_(name);
    if (!value) return std::nullopt;
    return json_escaped(*value);
  };
  return journal::expand(written, escaped, true);
}

journal::Selector Answering::selector(const journal::Selector& written) const {
  return journal::expand(written, variables_);
}

journal::Matcher Answering::matcher(const journal::Matcher& written) const {
  return journal::expand(written, variables_);
}

void Answering::note(std::string kind, journal::Fields fields) {
  if (!request_.nonce.empty()) fields["nonce"] = request_.nonce;
  connection_.note(std::move(kind), std::move(fields));
}

void Answering::note_response(int status) {
  if (std::exchange(response_noted_, true)) return;
  journal::Fields fields;
  fields["status"] = std::int64_t{status};
  note("response", std::move(fields));
}

std::int64_t Answering::now_s() const { return environment_.clock.wall_ms() / 1000; }

base::TimePoint Answering::in(base::Duration duration) const {
  const auto scaled = static_cast<double>(duration.count()) * environment_.slow;
  return environment_.clock.now() + base::Duration{static_cast<std::int64_t>(scaled)};
}

}  // namespace sallyport::sim::providers
