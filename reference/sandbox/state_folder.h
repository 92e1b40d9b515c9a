// Where running sandboxes are found by name: one folder, its owner's alone, with a socket for each.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/unique_fd.h"

namespace sallyport::sandbox {

// `stated` (--state-dir), else $XDG_RUNTIME_DIR/sallyport, else /run/sallyport for root and
// /tmp/sallyport-UID for others. Absolute.
[[nodiscard]] std::string state_folder(
    const std::string& stated, unsigned uid,
    const std::function<std::optional<std::string>(std::string_view)>& environment);

// Makes the folder, or checks that it is the caller's alone. Nothing on success, else what is
// wrong.
[[nodiscard]] std::string make_state_folder(const std::string& folder);

// 1 to 63 of a-z, 0-9, `-` and `_`, beginning with a letter or a digit.
[[nodiscard]] bool is_sandbox_name(std::string_view name);
[[nodiscard]] std::string door_path(const std::string& folder, const std::string& name);

// The socket at which `exec` is heard: 0600, and taken away at the end.
class Door {
 public:
  // Nothing, and what is wrong: somebody listens there already.
  [[nodiscard]] static std::optional<Door> open(const std::string& folder, const std::string& name,
                                                std::string& wrong);
  Door(Door&& other) noexcept;
  Door& operator=(Door&&) = delete;
  ~Door();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // The next who knocks, if it may: the caller's user, or root. Nothing otherwise, and when there
  // is nobody (any more).
  [[nodiscard]] base::UniqueFd take() const;

 private:
  Door(base::UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  base::UniqueFd fd_;
  std::string path_;
};

// The other side; nothing, and what is wrong.
[[nodiscard]] base::UniqueFd knock(const std::string& folder, const std::string& name,
                                   std::string& wrong);

}  // namespace sallyport::sandbox
