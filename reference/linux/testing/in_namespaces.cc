#include "reference/linux/testing/in_namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "reference/base/check.h"
#include "reference/base/unique_fd.h"

namespace sallyport::linux::testing {
namespace {

bool write_file(const char* path, const std::string& text) {
  const base::UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) > 0;
}

bool become_root_of_new_namespaces() {
  const std::string user = "0 " + std::to_string(::geteuid()) + " 1";
  const std::string group = "0 " + std::to_string(::getegid()) + " 1";
  return ::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == 0 &&
         write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", user) &&
         write_file("/proc/self/gid_map", group);
}

[[noreturn]] void be_child(int to, const std::function<std::string()>& observe) {
  std::string seen = become_root_of_new_namespaces() ? observe() : "no namespaces";
  for (std::string_view left = seen; !left.empty();) {
    const ssize_t size = ::write(to, left.data(), left.size());
    if (size < 0) ::_exit(1);
    left.remove_prefix(static_cast<std::size_t>(size));
  }
  ::_exit(0);
}

}  // namespace

std::string in_namespaces(const std::function<std::string()>& observe) {
  std::array<int, 2> ends{};
  CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const base::UniqueFd from(ends[0]);
  base::UniqueFd to(ends[1]);
  const pid_t child = ::fork();
  CHECK(child >= 0);
  if (child == 0) be_child(to.get(), observe);
  to.reset();
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t size = 0; (size = ::read(from.get(), buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) return text + "signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return text + "exit " + std::to_string(WEXITSTATUS(status));
  return text;
}

}  // namespace sallyport::linux::testing
