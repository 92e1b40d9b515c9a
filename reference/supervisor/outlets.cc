#include "reference/supervisor/outlets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sallyport::supervisor {

AuditOutlets::AuditOutlets(const base::Clock& clock, base::Log& log) : clock_(clock), log_(log) {
  struct utsname names {};
  if (::uname(&names) == 0) origin_.hostname = names.nodename;
}

void AuditOutlets::emit(const audit::Event& event) {
  for (const auto& sink : sinks_) sink->emit(event);
}

void AuditOutlets::add(base::UniqueFd fd) {
  sinks_.push_back(std::make_unique<audit::JsonlSink>(std::move(fd), origin_, clock_, log_));
}

std::string AuditOutlets::add_file(const std::string& path) {
  constexpr int kPrivateMode = 0600;
  base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kPrivateMode));
  if (!fd) return fmt::format("{}: {}", path, std::strerror(errno));
  add(std::move(fd));
  return {};
}

void AuditOutlets::set_proxy(const net::Endpoint& proxy) {
  origin_.proxy.host = proxy.address.to_string();
  origin_.proxy.port = proxy.port;
  for (const auto& sink : sinks_) sink->set_proxy(origin_.proxy);
}

}  // namespace sallyport::supervisor
