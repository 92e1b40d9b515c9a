#include "reference/sandbox/state_folder.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sallyport::sandbox {
namespace {

constexpr std::size_t kNameMax = 63;
constexpr int kBacklog = 64;

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  std::copy(path.begin(), path.end(), address.sun_path);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

base::UniqueFd make_socket() {
  return base::UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

bool somebody_listens(const sockaddr_un& address) {
  const base::UniqueFd probe = make_socket();
  return ::connect(probe.get(), generic(address), sizeof address) == 0;
}

}  // namespace

std::string state_folder(
    const std::string& stated, unsigned uid,
    const std::function<std::optional<std::string>(std::string_view)>& environment) {
  if (!stated.empty()) return std::filesystem::absolute(stated).lexically_normal().string();
  const auto runtime = environment("XDG_RUNTIME_DIR");
  if (runtime && runtime->starts_with('/')) return *runtime + "/sallyport";
  return uid == 0 ? std::string("/run/sallyport") : fmt::format("/tmp/sallyport-{}", uid);
}

std::string make_state_folder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fmt::format("{}: {}", folder, std::strerror(errno));
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0)
    return fmt::format("{}: {}", folder, std::strerror(errno));
  if (!S_ISDIR(status.st_mode)) return fmt::format("{}: it is no folder", folder);
  if (status.st_uid != ::geteuid()) return fmt::format("{}: it is somebody else's", folder);
  if ((status.st_mode & 0077) != 0)
    return fmt::format("{}: others may use it, its mode must be 0700", folder);
  return {};
}

bool is_sandbox_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > kNameMax || !plain(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&plain](char c) { return plain(c) || c == '-' || c == '_'; });
}

std::string door_path(const std::string& folder, const std::string& name) {
  return folder + "/" + name + ".sock";
}

std::optional<Door> Door::open(const std::string& folder, const std::string& name,
                               std::string& wrong) {
  const std::string path = door_path(folder, name);
  const auto address = address_of(path);
  if (!address) {
    wrong = fmt::format("{}: too long for a socket's path", path);
    return std::nullopt;
  }
  if (somebody_listens(*address)) {
    wrong = fmt::format("a sandbox named {} runs already", name);
    return std::nullopt;
  }
  ::unlink(path.c_str());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The folder is its owner's alone, so nobody knocks before the mode is right.
  if (!fd || ::bind(fd.get(), generic(*address), sizeof *address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    wrong = fmt::format("{}: {}", path, std::strerror(errno));
    return std::nullopt;
  }
  return Door(std::move(fd), path);
}

Door::Door(Door&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})) {}

Door::~Door() {
  if (fd_ && !path_.empty()) ::unlink(path_.c_str());
}

base::UniqueFd Door::take() const {
  base::UniqueFd who(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (!who || ::getsockopt(who.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {};
  const bool may = credentials.uid == ::geteuid() || credentials.uid == 0;
  return may ? std::move(who) : base::UniqueFd();
}

base::UniqueFd knock(const std::string& folder, const std::string& name, std::string& wrong) {
  const auto address = address_of(door_path(folder, name));
  base::UniqueFd fd = make_socket();
  if (address && fd && ::connect(fd.get(), generic(*address), sizeof *address) == 0) return fd;
  const int error = errno;
  wrong = !address || error == ENOENT || error == ECONNREFUSED
              ? fmt::format("there is no sandbox named {} in {}", name, folder)
              : fmt::format("{}: {}", door_path(folder, name), std::strerror(error));
  return {};
}

}  // namespace sallyport::sandbox
