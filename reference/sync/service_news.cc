#include "reference/sync/service_news.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/sync/events.h"

namespace sallyport::sync {
namespace {

// Of one service; then it has to be there, or there has to be another list, before more is told. A
// service chooses what is wrong with it, and could find ever new things.
constexpr std::size_t kCausesMax = 8;

std::string reasons_of(const std::vector<middleware::Refused>& refused) {
  std::string text;
  for (const middleware::Refused& one : refused) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", one.name, one.reason);
  }
  return text;
}

}  // namespace

void ServiceNews::forget(const std::vector<middleware::Refused>& refused) {
  std::erase_if(told_, [&](const auto& told) {
    return std::none_of(refused.begin(), refused.end(), [&](const middleware::Refused& one) {
      return one.name == told.first && one.kept == told.second.kept;
    });
  });
}

bool ServiceNews::is_new(const middleware::Refused& one) {
  Told& told = told_[one.name];
  told.kept = one.kept;
  return told.causes.size() < kCausesMax && told.causes.insert(one.reason).second;
}

void ServiceNews::tell(const std::vector<middleware::Refused>& refused) {
  forget(refused);
  std::vector<middleware::Refused> missing;
  std::vector<middleware::Refused> kept;
  bool news_of_missing = false;
  bool news_of_kept = false;
  for (const middleware::Refused& one : refused) {
    const bool news = is_new(one);
    (one.kept ? news_of_kept : news_of_missing) |= news;
    (one.kept ? kept : missing).push_back(one);
  }
  if (news_of_missing) tell_degraded(missing);
  if (news_of_kept) tell_failed(kept);
}

void ServiceNews::tell_degraded(const std::vector<middleware::Refused>& missing) {
  emit_degraded(audit_, *target_.current(), missing.size(), reasons_of(missing), source_);
}

void ServiceNews::tell_failed(const std::vector<middleware::Refused>& kept) {
  Failure failure;
  failure.part = "middleware";
  failure.error = "registration_not_taken";
  failure.detail = reasons_of(kept);
  emit_failed(audit_, *target_.current(), failure, source_);
}

}  // namespace sallyport::sync
