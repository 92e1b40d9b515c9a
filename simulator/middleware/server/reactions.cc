#include "simulator/middleware/server/reactions.h"

#include <algorithm>
#include <map>
#include <utility>

#include "openshell/middleware/v1/middleware.pb.h"

namespace sallyport::sim::middleware::server {
namespace {

namespace proto = openshell::middleware::v1;

constexpr char kFiller = 'x';
constexpr const char* kFillerHeader = "x-openshell-middleware-fill";

// Every OLD becomes NEW, longest first where they overlap; false when none was there.
bool replace_all(std::string& body, const std::map<std::string, std::string>& replacements) {
  std::string result;
  bool any = false;
  for (std::size_t at = 0; at < body.size();) {
    const std::pair<const std::string, std::string>* best = nullptr;
    for (const auto& one : replacements) {
      const bool here = body.compare(at, one.first.size(), one.first) == 0;
      if (here && (best == nullptr || one.first.size() > best->first.size())) best = &one;
    }
    if (best == nullptr) {
      result.push_back(body[at++]);
      continue;
    }
    any = true;
    result += best->second;
    at += best->first.size();
  }
  if (any) body = std::move(result);
  return any;
}

void put_body(const Reaction& reaction, const std::string& body, proto::HttpRequestResult& result) {
  std::string changed = reaction.body.value_or(body);
  bool other = replace_all(changed, reaction.replace) || reaction.body.has_value();
  if (reaction.fill.body) {
    changed.assign(*reaction.fill.body, kFiller);
    other = true;
  }
  if (other) result.set_body(changed);
  result.set_has_body(reaction.has_body.value_or(other));
}

proto::ExistingHeaderAction action_of(const HeaderChange& change) {
  switch (change.how) {
    case HeaderChange::How::append:
      return proto::EXISTING_HEADER_ACTION_APPEND;
    case HeaderChange::How::overwrite:
      return proto::EXISTING_HEADER_ACTION_OVERWRITE;
    case HeaderChange::How::skip:
      return proto::EXISTING_HEADER_ACTION_SKIP;
    default:
      return static_cast<proto::ExistingHeaderAction>(change.on_existing);
  }
}

std::uint64_t text_bytes(const proto::HeaderMutation& mutation) {
  if (mutation.has_remove()) return mutation.remove().name().size();
  return mutation.write().name().size() + mutation.write().value().size();
}

void fill_headers(const Fill& fill, proto::HttpRequestResult& result) {
  auto& all = *result.mutable_header_mutations();
  const auto add = [&all] {
    proto::WriteHeader& write = *all.Add()->mutable_write();
    write.set_name(kFillerHeader);
    write.set_value(std::string(1, kFiller));
    write.set_on_existing(proto::EXISTING_HEADER_ACTION_APPEND);
  };
  while (fill.headers && static_cast<std::uint64_t>(all.size()) < *fill.headers) add();
  if (!fill.header_bytes) return;
  if (all.empty() || !all.rbegin()->has_write()) add();
  std::uint64_t bytes = 0;
  for (const proto::HeaderMutation& mutation : all) bytes += text_bytes(mutation);
  if (bytes >= *fill.header_bytes) return;
  all.rbegin()->mutable_write()->mutable_value()->append(*fill.header_bytes - bytes, kFiller);
}

void put_headers(const Reaction& reaction, proto::HttpRequestResult& result) {
  for (const HeaderChange& change : reaction.headers) {
    proto::HeaderMutation& mutation = *result.add_header_mutations();
    if (change.how == HeaderChange::How::empty) continue;
    if (change.how == HeaderChange::How::remove) {
      mutation.mutable_remove()->set_name(change.name);
      continue;
    }
    proto::WriteHeader& write = *mutation.mutable_write();
    write.set_name(change.name);
    write.set_value(change.value);
    write.set_on_existing(action_of(change));
  }
  fill_headers(reaction.fill, result);
}

proto::Finding finding_of(const FindingSpec& spec) {
  proto::Finding finding;
  finding.set_type(spec.type);
  finding.set_label(spec.label.value_or(spec.type));
  finding.set_severity(spec.severity);
  finding.set_count(spec.count);
  finding.set_confidence(spec.confidence);
  return finding;
}

// So many octets as encoded, unless it has more.
void grow(proto::Finding& finding, std::uint64_t bytes) {
  const std::uint64_t now = finding.ByteSizeLong();
  if (now >= bytes) return;
  std::string& label = *finding.mutable_label();
  label.append(bytes - now, kFiller);
  // The label's length may have become longer itself.
  while (finding.ByteSizeLong() > bytes) label.pop_back();
}

void put_findings(const Reaction& reaction, proto::HttpRequestResult& result) {
  for (const FindingSpec& spec : reaction.findings) *result.add_findings() = finding_of(spec);
  const Fill& fill = reaction.fill;
  const FindingSpec filler{"filler", "medium", 1, std::nullopt, {}};
  const proto::Finding more =
      result.findings().empty() ? finding_of(filler) : *result.findings().rbegin();
  if (fill.finding && result.findings().empty()) *result.add_findings() = more;
  while (fill.findings && static_cast<std::uint64_t>(result.findings_size()) < *fill.findings)
    *result.add_findings() = more;
  if (!fill.finding) return;
  for (proto::Finding& finding : *result.mutable_findings()) grow(finding, *fill.finding);
}

void put_metadata(const Reaction& reaction, proto::HttpRequestResult& result) {
  std::map<std::string, std::string> all = reaction.metadata;
  const Fill& fill = reaction.fill;
  for (std::uint64_t n = 0; fill.metadata && all.size() < *fill.metadata; ++n)
    all.emplace("fill" + std::to_string(n), std::string(1, kFiller));
  if (fill.metadata_bytes) {
    if (all.empty()) all.emplace("fill", "");
    std::uint64_t bytes = 0;
    for (const auto& [key, value] : all) bytes += key.size() + value.size();
    if (bytes < *fill.metadata_bytes)
      all.rbegin()->second.append(*fill.metadata_bytes - bytes, kFiller);
  }
  for (const auto& [key, value] : all) (*result.mutable_metadata())[key] = value;
}

void put_decision(const Reaction& reaction, proto::HttpRequestResult& result) {
  const bool deny = reaction.decision == Reaction::Decision::deny;
  result.set_decision(deny ? proto::DECISION_DENY : proto::DECISION_ALLOW);
  if (reaction.decision_number)
    result.set_decision(static_cast<proto::Decision>(*reaction.decision_number));
}

}  // namespace

proto::HttpRequestResult result_of(const Reaction& reaction,
                                   const proto::HttpRequestEvaluation& request,
                                   const std::string& service) {
  proto::HttpRequestResult result;
  put_decision(reaction, result);
  // Words that no client, log or event may ever show.
  result.set_reason(reaction.reason.value_or("free text of the service " + service));
  if (reaction.fill.reason) result.set_reason(std::string(*reaction.fill.reason, kFiller));
  result.set_reason_code(reaction.reason_code);
  if (reaction.fill.reason_code)
    result.set_reason_code(std::string(*reaction.fill.reason_code, kFiller));
  put_body(reaction, request.body(), result);
  put_headers(reaction, result);
  put_findings(reaction, result);
  put_metadata(reaction, result);
  return result;
}

}  // namespace sallyport::sim::middleware::server
