#include "reference/supervisor/agent_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

#include "reference/base/unique_fd.h"
#include "reference/tls/trust.h"

namespace sallyport::supervisor {
namespace {

constexpr int kPublicMode = 0644;

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

std::string replace_file(const std::string& path, std::string_view text) {
  // The agent may have put anything there, a pipe without a reader too: what is written is new.
  constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  const base::UniqueFd fd(::open(fresh.c_str(), kNew, kPublicMode));
  if (fd && write_all(fd.get(), text) && ::rename(fresh.c_str(), path.c_str()) == 0) return {};
  const int error = errno;
  if (fd) ::unlink(fresh.c_str());
  return fmt::format("{}: {}", path, std::strerror(error));
}

net::Endpoint reachable(const net::Endpoint& proxy) {
  net::Endpoint result = proxy;
  if (proxy.address.is_unspecified()) {
    const char* loopback = proxy.address.is_v4() ? "127.0.0.1" : "::1";
    result.address = *net::IpAddress::parse(loopback);
  }
  return result;
}

}  // namespace

AgentFiles agent_files(const std::string& folder) {
  const std::filesystem::path root = std::filesystem::absolute(folder).lexically_normal();
  AgentFiles files;
  files.ca = (root / tls::kCaFile).string();
  files.bundle = (root / tls::kBundleFile).string();
  files.env = (root / "agent.env").string();
  return files;
}

std::vector<std::pair<std::string, std::string>> agent_environment(const net::Endpoint& proxy,
                                                                   const AgentFiles& files) {
  std::vector<std::pair<std::string, std::string>> env;
  const std::string url = "http://" + reachable(proxy).to_string();
  for (const char* name :
       {"ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "grpc_proxy"}) {
    env.emplace_back(name, url);
  }
  for (const char* name : {"NO_PROXY", "no_proxy"})
    env.emplace_back(name, "127.0.0.1,localhost,::1");
  env.emplace_back("NODE_USE_ENV_PROXY", "1");
  for (const char* name : {"NODE_EXTRA_CA_CERTS", "DENO_CERT"}) env.emplace_back(name, files.ca);
  for (const char* name :
       {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO"}) {
    env.emplace_back(name, files.bundle);
  }
  return env;
}

std::string folder_of(const AgentFiles& files) {
  return std::filesystem::path(files.env).parent_path().string();
}

std::string make_folder(const AgentFiles& files) {
  std::error_code error;
  std::filesystem::create_directories(folder_of(files), error);
  return error ? fmt::format("{}: {}", folder_of(files), error.message()) : std::string();
}

std::string write_environment(const AgentFiles& files, const net::Endpoint& proxy,
                              const Placeholders& placeholders) {
  std::string text;
  std::set<std::string, std::less<>> own;
  for (const auto& [name, value] : agent_environment(proxy, files)) {
    text += fmt::format("{}={}\n", name, value);
    own.insert(name);
  }
  for (const auto& [name, value] : placeholders) {
    if (!own.contains(name)) text += fmt::format("{}={}\n", name, value);
  }
  return replace_file(files.env, text);
}

}  // namespace sallyport::supervisor
