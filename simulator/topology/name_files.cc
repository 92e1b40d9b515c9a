#include "simulator/topology/name_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "reference/base/unique_fd.h"
#include "reference/linux/error.h"
#include "reference/linux/mounts.h"

namespace sallyport::sim::topology {
namespace {

base::Result<void> write_file(const std::string& path, const std::string& text) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return linux::failure(linux::Operation::make_file, errno);
  const ssize_t size = ::write(file.get(), text.data(), text.size());
  if (size < 0) return linux::failure(linux::Operation::make_file, errno);
  if (static_cast<std::size_t>(size) != text.size()) {
    return linux::failure(linux::Operation::make_file, ENOSPC);
  }
  return {};
}

std::string resolv_conf(const std::string& resolver) {
  if (resolver == "none" || resolver.empty()) return {};
  const std::string address = resolver == "world" ? std::string("127.0.0.53") : resolver;
  // One try of two seconds keeps a silent name server from costing the C library its ten.
  return "nameserver " + address + "\noptions timeout:2 attempts:1\n";
}

}  // namespace

base::Result<void> write_name_files(const HostSpec& host, const std::string& folder) {
  if (auto made = linux::make_directories(folder); !made) return made;
  std::string hosts = "127.0.0.1 localhost\n";
  if (host.ipv6 != Ipv6::disabled) hosts += "::1 localhost\n";
  for (const auto& [name, address] : host.hosts_file) {
    hosts += address.to_string() + " " + name + "\n";
  }
  const std::string nsswitch =
      "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
      "networks: files\nprotocols: files\nservices: files\n";
  if (auto done = write_file(folder + "/resolv.conf", resolv_conf(host.resolver)); !done) {
    return done;
  }
  if (auto done = write_file(folder + "/hosts", hosts); !done) return done;
  return write_file(folder + "/nsswitch.conf", nsswitch);
}

}  // namespace sallyport::sim::topology
