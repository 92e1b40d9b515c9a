#include "reference/relay/body_budget.h"

#include <algorithm>
#include <map>
#include <utility>

namespace sallyport::relay {

struct BodyBudget::Impl {
  std::uint64_t bytes_max;
  std::uint64_t bytes_of_one_max;
  std::uint64_t used = 0;
  std::map<std::string, std::uint64_t, std::less<>> parts{};  // only what holds something

  [[nodiscard]] bool has_room(const std::string& where, std::uint64_t bytes) const {
    const auto part = parts.find(where);
    const std::uint64_t of_one = part == parts.end() ? 0 : part->second;
    return fits(used, bytes, bytes_max) && fits(of_one, bytes, bytes_of_one_max);
  }
  void add(const std::string& where, std::uint64_t bytes) {
    if (bytes == 0) return;
    used += bytes;
    parts[where] += bytes;
  }
  void remove(const std::string& where, std::uint64_t bytes) {
    if (bytes == 0) return;
    used -= bytes;
    const auto part = parts.find(where);
    part->second -= bytes;
    if (part->second == 0) parts.erase(part);
  }

 private:
  static bool fits(std::uint64_t there, std::uint64_t more, std::uint64_t most) {
    return there < most && std::max<std::uint64_t>(more, 1) <= most - there;
  }
};

BodyBudget::BodyBudget(std::uint64_t bytes_max, std::uint64_t bytes_of_one_max)
    : impl_(std::make_shared<Impl>(Impl{bytes_max, bytes_of_one_max})) {}

std::shared_ptr<BodyBudget::Hold> BodyBudget::take(std::string where, std::uint64_t bytes) {
  if (!impl_->has_room(where, bytes)) return nullptr;
  return std::make_shared<Hold>(impl_, std::move(where), bytes);
}

std::uint64_t BodyBudget::held() const { return impl_->used; }

BodyBudget::Hold::Hold(std::shared_ptr<Impl> of, std::string where, std::uint64_t bytes)
    : of_(std::move(of)), where_(std::move(where)), bytes_(bytes) {
  of_->add(where_, bytes_);
}

BodyBudget::Hold::~Hold() { of_->remove(where_, bytes_); }

void BodyBudget::Hold::resize(std::uint64_t bytes) {
  of_->add(where_, bytes);
  of_->remove(where_, bytes_);
  bytes_ = bytes;
}

}  // namespace sallyport::relay
