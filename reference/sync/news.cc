#include "reference/sync/news.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::sync {

std::string words_of(const rpc::Status& status) {
  constexpr std::size_t kWordsMax = 300;
  std::string words = status.message.substr(0, kWordsMax);
  std::replace_if(
      words.begin(), words.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
  return fmt::format("{}: {}", rpc::code_name(status.code), words);
}

void News::stale(const std::string& part, const rpc::Status& status) {
  if (status.code == rpc::Code::cancelled) return;  // by ourselves: the program ends
  if (!is_new(part, fmt::format("stale {}", rpc::code_name(status.code)))) return;
  emit_stale(audit_, *target_.current(), part, status.code, source_);
}

void News::failed(const Failure& failure) {
  if (!is_new(failure.part,
              fmt::format("failed {} {} {}", failure.version, failure.error, failure.detail))) {
    return;
  }
  emit_failed(audit_, *target_.current(), failure, source_);
}

void News::well(const std::string& part) {
  if (told_.erase(part) > 0) recovered_ = true;
}

bool News::told_stale(const std::string& part) const {
  const auto told = told_.find(part);
  return told != told_.end() && told->second.starts_with("stale");
}

bool News::is_new(const std::string& part, const std::string& failure) {
  std::string& told = told_[part];
  if (told == failure) return false;
  told = failure;
  return true;
}

}  // namespace sallyport::sync
