#include "reference/tls/trust.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "reference/base/unique_fd.h"

namespace sallyport::tls {
namespace {

bool write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Readers see the old file or the new one, never a part.
bool replace_file(const std::string& path, std::string_view text) {
  std::string temporary = path + ".XXXXXX";
  const base::UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return false;
  const bool done = write_whole(fd.get(), text) && ::fchmod(fd.get(), 0644) == 0 &&
                    ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!done) ::unlink(temporary.c_str());
  return done;
}

bool exists(const std::string& path) { return ::access(path.c_str(), R_OK) == 0; }

}  // namespace

std::span<const std::string> system_bundle_candidates() {
  static const std::array<std::string, 4> paths{
      "/etc/ssl/certs/ca-certificates.crt",
      "/etc/pki/tls/certs/ca-bundle.crt",
      "/etc/ssl/ca-bundle.pem",
      "/etc/ssl/cert.pem",
  };
  return paths;
}

std::string system_bundle_path(std::span<const std::string> candidates) {
  for (const std::string& path : candidates) {
    if (exists(path)) return path;
  }
  return {};
}

base::Result<ClientFiles> write_client_files(const std::string& folder, const Authority& authority,
                                             std::span<const std::string> candidates) {
  std::string bundle;
  if (const std::string system = system_bundle_path(candidates); !system.empty()) {
    std::ifstream in(system, std::ios::binary);
    bundle.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    if (!in.good() && !in.eof()) return TlsErrc::bad_bundle;
    if (bundle.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
      return TlsErrc::bad_bundle;
    }
    if (bundle.back() != '\n') bundle += '\n';
  }
  bundle += authority.pem();
  ClientFiles files{folder + "/" + kCaFile, folder + "/" + kBundleFile};
  if (!replace_file(files.ca, authority.pem()) || !replace_file(files.bundle, bundle)) {
    return TlsErrc::write_failed;
  }
  return files;
}

}  // namespace sallyport::tls
