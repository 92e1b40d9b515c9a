// A text that must not be shown: it prints as ***, compares in constant time, and is wiped when it
// goes. The writer to the wire is the one caller of reveal().
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace sallyport::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  // The text itself. Valid as long as this object lives unchanged.
  [[nodiscard]] std::string_view reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }
  [[nodiscard]] bool operator==(const Secret& other) const;

 private:
  void wipe();
  std::string value_;
};

std::ostream& operator<<(std::ostream& out, const Secret& secret);

}  // namespace sallyport::base
