#include "reference/audit/sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "reference/base/result.h"

namespace sallyport::audit {
namespace {

bool is_socket(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode);
}

}  // namespace

JsonlSink::JsonlSink(base::UniqueFd fd, Origin origin, const base::Clock& clock, base::Log& log)
    : fd_(std::move(fd)),
      origin_(std::move(origin)),
      clock_(clock),
      log_(log),
      socket_(is_socket(fd_.get())) {
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  if (flags >= 0) ::fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK);
}

void JsonlSink::emit(const Event& event) {
  std::string line = to_json(event, origin_, clock_.wall_ms());
  line += '\n';
  if (broken_line_) line.insert(line.begin(), '\n');
  ssize_t written = 0;
  do {
    written = socket_ ? ::send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL)
                      : ::write(fd_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) {
    broken_line_ = false;
    if (dropping_ > 0) {
      log_.write(base::LogLevel::warning, "audit",
                 fmt::format("writing again after {} lost events", dropping_));
    }
    dropping_ = 0;
    return;
  }
  const int error = written < 0 ? errno : EAGAIN;
  if (written > 0) broken_line_ = true;
  ++dropped_;
  if (dropping_++ == 0) {
    log_.write(base::LogLevel::error, "audit",
               fmt::format("an event is lost: write: {}",
                           base::Error(error, boost::system::system_category()).message()));
  }
}

}  // namespace sallyport::audit
