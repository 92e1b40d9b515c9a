#include "simulator/runner/key_epochs.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <algorithm>

namespace sallyport::sim::runner {
namespace {

using Kind = scenario::KeyChange::Kind;

// When the step's `start` or `done` happened; a rejected one was never done.
std::optional<base::TimePoint> time_of(const Case& of, const std::string& step,
                                       std::string_view kind) {
  for (const journal::Event& event : of.journal.events()) {
    if (event.source != step || event.source_type != "step" || event.kind != kind) continue;
    const auto found = event.fields.find("class");
    const bool failed =
        found != event.fields.end() && found->second != journal::Value(std::string("ok"));
    return failed ? std::nullopt : std::optional(event.at);
  }
  return std::nullopt;
}

}  // namespace

KeyEpochs::KeyEpochs(const std::string& provider, const Case& of) {
  for (const scenario::Step& step : of.cell.steps) {
    const auto* const change = std::get_if<scenario::KeyChange>(&step.verb);
    if (change == nullptr || change->provider != provider) continue;
    const bool revoke = change->kind == Kind::revoke;
    const auto at = time_of(of, step.name, revoke ? "done" : "start");
    if (!at) continue;
    if (revoke) revocations_.push_back({step.name, change->key, *at});
    if (change->kind == Kind::rotate) acceptances_.push_back({step.name, change->key, *at});
    if (!revoke) epochs_.push_back({change->key, *at});
  }
  std::stable_sort(epochs_.begin(), epochs_.end(),
                   [](const Epoch& a, const Epoch& b) { return a.begins < b.begins; });
  for (const providers::ProviderSpec& spec : of.cell.providers) {
    if (spec.name != provider || spec.keys.empty()) continue;
    epochs_.insert(epochs_.begin(), Epoch{spec.keys.front(), {}});
    for (const std::string& key : spec.keys) {
      if (!knows(key)) epochs_.push_back({key, {}});
    }
  }
}

bool KeyEpochs::knows(const std::string& key) const {
  const auto has = [&key](const Epoch& epoch) { return epoch.key == key; };
  return std::any_of(epochs_.begin(), epochs_.end(), has);
}

std::optional<std::size_t> KeyEpochs::at_or_after(std::size_t epoch, const std::string& key,
                                                  base::TimePoint at) const {
  for (std::size_t here = epoch; here < epochs_.size(); ++here) {
    if (epochs_[here].key == key && epochs_[here].begins <= at) return here;
  }
  return std::nullopt;
}

bool KeyEpochs::older(std::size_t epoch, const std::string& key) const {
  for (std::size_t here = 0; here < std::min(epoch, epochs_.size()); ++here) {
    if (epochs_[here].key == key) return true;
  }
  return false;
}

std::optional<std::string> KeyEpochs::revoked(const std::string& key, base::TimePoint at) const {
  for (const Turn& revocation : revocations_) {
    if (revocation.key != key || at <= revocation.at) continue;
    const bool again =
        std::any_of(acceptances_.begin(), acceptances_.end(), [&](const Turn& acceptance) {
          return acceptance.key == key && revocation.at < acceptance.at && acceptance.at <= at;
        });
    if (!again) return revocation.step;
  }
  return std::nullopt;
}

bool KeyEpochs::any_revoked(base::TimePoint at) const {
  return std::any_of(revocations_.begin(), revocations_.end(),
                     [at](const Turn& revocation) { return revocation.at < at; });
}

std::optional<AuditedDecision> audited_decision(const journal::Event& event) {
  const auto found = event.fields.find("json");
  if (found == event.fields.end()) return std::nullopt;
  const auto* const json = std::get_if<journal::Json>(&found->second);
  if (json == nullptr) return std::nullopt;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json->text.data(), json->text.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  const auto* const generation = rapidjson::Pointer("/unmapped/generation").Get(document);
  const auto* const port = rapidjson::Pointer("/src_endpoint/port").Get(document);
  if (generation == nullptr || !generation->IsInt64() || port == nullptr || !port->IsInt()) {
    return std::nullopt;
  }
  const auto* const address = rapidjson::Pointer("/src_endpoint/ip").Get(document);
  const std::string from = address != nullptr && address->IsString() ? address->GetString() : "?";
  return AuditedDecision{fmt::format("{}:{}", from, port->GetInt()), generation->GetInt64()};
}

}  // namespace sallyport::sim::runner
