#include "simulator/subject/folder_watch.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <array>
#include <utility>

#include "reference/base/unique_fd.h"

namespace sallyport::sim::subject {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<net::Executor>;

constexpr std::size_t kLineMax = 256U * 1024;  // a longer line is dropped

}  // namespace

class FolderWatch::Impl {
 public:
  Impl(net::Executor executor, int fd, std::function<void()> on_change)
      : inotify(executor, fd), on_change_(std::move(on_change)) {}

  static net::Task<void> read(std::shared_ptr<Impl> self) {
    std::array<char, 4096> buffer{};
    for (;;) {
      const auto [error] = co_await self->inotify.async_wait(Descriptor::wait_read, net::kAwait);
      if (error) co_return;
      while (::read(self->inotify.native_handle(), buffer.data(), buffer.size()) > 0) {
      }
      if (self->closed) co_return;
      self->on_change_();
    }
  }

  Descriptor inotify;
  bool closed = false;

 private:
  std::function<void()> on_change_;
};

FolderWatch::FolderWatch(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

FolderWatch::~FolderWatch() {
  impl_->closed = true;
  boost::system::error_code ignored;
  impl_->inotify.close(ignored);
}

std::unique_ptr<FolderWatch> FolderWatch::make(net::Executor executor, const std::string& folder,
                                               std::function<void()> on_change) {
  base::UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  constexpr std::uint32_t kChanges =
      IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR;
  if (!fd || ::inotify_add_watch(fd.get(), folder.c_str(), kChanges) < 0) return nullptr;
  auto impl = std::make_shared<Impl>(executor, fd.release(), std::move(on_change));
  asio::co_spawn(executor, Impl::read(impl), asio::detached);
  return std::unique_ptr<FolderWatch>(new FolderWatch(std::move(impl)));
}

LogTail::LogTail(std::string path, std::function<void(const std::string& line)> on_line)
    : path_(std::move(path)), on_line_(std::move(on_line)) {}

void LogTail::read() {
  const base::UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return;
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (static_cast<std::uint64_t>(status.st_size) < offset_) {
    offset_ = 0;
    begun_.clear();
  }
  std::string buffer(64U * 1024, '\0');
  for (;;) {
    const ssize_t size =
        ::pread(fd.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset_));
    if (size <= 0) return;
    offset_ += static_cast<std::uint64_t>(size);
    begun_.append(buffer, 0, static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (std::size_t end = begun_.find('\n'); end != std::string::npos;
         begin = end + 1, end = begun_.find('\n', begin)) {
      if (end - begin <= kLineMax) on_line_(begun_.substr(begin, end - begin));
    }
    begun_.erase(0, begin);
    // What can't become a whole line any more is remembered as too long, not as octets.
    if (begun_.size() > kLineMax + 1) begun_.resize(kLineMax + 1);
  }
}

}  // namespace sallyport::sim::subject
