#include "simulator/agents/url.h"

#include <charconv>

namespace sallyport::sim::agents {
namespace {

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::uint16_t own_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

}  // namespace

std::string Url::authority() const { return bracketed(host) + ":" + std::to_string(port); }

std::string Url::host_line() const {
  return port == own_port(scheme) ? bracketed(host) : authority();
}

std::optional<Url> Url::parse(std::string_view text) {
  Url url;
  text = text.substr(0, text.find('#'));
  url.text = std::string(text);
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  url.scheme = std::string(text.substr(0, colon));
  if (url.scheme == "ws" || url.scheme == "wss") {
    url.text.replace(0, 2, "http");  // what an absolute form of them says
    url.scheme.replace(0, 2, "http");
  }
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  text.remove_prefix(colon + 3);
  const auto path = text.find_first_of("/?");
  std::string_view authority = text.substr(0, path);
  url.target = path == std::string_view::npos ? "/" : std::string(text.substr(path));
  if (url.target.front() == '?') url.target.insert(0, "/");

  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    url.host = std::string(authority.substr(1, close - 1));
    port = authority.substr(close + 1);
  } else {
    const auto at = authority.find(':');
    url.host = std::string(authority.substr(0, at));
    if (at != std::string_view::npos) port = authority.substr(at);
  }
  url.port = own_port(url.scheme);
  const bool good_port =
      port.empty() || (port.front() == ':' && parse_port(port.substr(1), url.port));
  if (url.host.empty() || !good_port) return std::nullopt;
  return url;
}

}  // namespace sallyport::sim::agents
