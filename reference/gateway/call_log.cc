#include "reference/gateway/call_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sallyport::gateway {

CallLog::CallLog(base::UniqueFd fd) : fd_(std::move(fd)) {
  if (!fd_) return;
  struct stat about {};
  socket_ = ::fstat(fd_.get(), &about) == 0 && S_ISSOCK(about.st_mode);
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  if (!socket_ && flags >= 0) ::fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK);
}

void CallLog::write(std::string_view rpc, rpc::Code code) {
  if (!fd_) return;
  const std::string line =
      fmt::format("{{\"rpc\":\"{}\",\"code\":\"{}\"}}\n", rpc, rpc::code_name(code));
  ssize_t written = -1;
  do {
    written = socket_ ? ::send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT)
                      : ::write(fd_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(line.size())) ++lost_;
}

}  // namespace sallyport::gateway
