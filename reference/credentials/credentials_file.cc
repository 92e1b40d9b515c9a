#include "reference/credentials/credentials_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "reference/base/unique_fd.h"
#include "reference/base/yaml.h"
#include "reference/credentials/placeholder.h"
#include "reference/policy/selector_pattern.h"

namespace sallyport::credentials {
namespace {

using base::yaml::MapReader;
using base::yaml::Node;

constexpr std::size_t kValueBytesMax = std::size_t{64} * 1024;
constexpr std::size_t kFileBytesMax = std::size_t{1024} * 1024;

// What stands in a file that only its owner may read; else `fault` says why not. The mode that is
// judged is that of what is read.
std::string read_private(const std::string& path, std::size_t bytes_max, std::string& fault) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat found {};
  if (!fd || ::fstat(fd.get(), &found) != 0) {
    fault = fmt::format("{} can't be read: {}", path, std::strerror(errno));
    return {};
  }
  if (!S_ISREG(found.st_mode)) {
    fault = fmt::format("{} is not a file", path);
    return {};
  }
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    fault = fmt::format("{} has mode {:04o}: others than its owner may use it; make it 0600", path,
                        found.st_mode & 07777U);
    return {};
  }
  std::string text;
  std::array<char, 4096> bytes;
  while (text.size() <= bytes_max) {
    const ssize_t got = ::read(fd.get(), bytes.data(), bytes.size());
    if (got == 0) return text;
    if (got < 0) {
      fault = fmt::format("{} can't be read: {}", path, std::strerror(errno));
      return {};
    }
    text.append(bytes.data(), static_cast<std::size_t>(got));
  }
  fault = fmt::format("{} is larger than {} bytes", path, bytes_max);
  return {};
}

std::string beside(const std::string& file, const std::string& path) {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  return (std::filesystem::path(file).parent_path() / given).lexically_normal().string();
}

base::Secret read_value(MapReader& map, const Variables& variables) {
  constexpr std::array<std::string_view, 3> kSources{"value", "value_file", "value_env"};
  int stated = 0;
  for (const std::string_view key : kSources) stated += map.has(key) ? 1 : 0;
  map.known({"value", "value_file", "value_env"});
  if (stated != 1) {
    map.complain("key", "a credential has one of value, value_file and value_env");
    return {};
  }
  std::string value;
  if (const auto text = map.maybe_text("value")) value = *text;
  if (const auto path = map.maybe_text("value_file")) {
    std::string fault;
    value = read_private(beside(map.file(), *path), kValueBytesMax, fault);
    if (!fault.empty()) map.complain("value_file", std::move(fault));
    if (value.ends_with('\n')) value.pop_back();
    if (value.ends_with('\r')) value.pop_back();
  }
  if (const auto name = map.maybe_text("value_env")) {
    auto found = variables(*name);
    if (!found) map.complain("value_env", fmt::format("{} is not set", *name));
    value = std::move(found).value_or("");
  }
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    map.complain(kSources[0], "a value has neither line ends nor NUL in it");
  }
  return base::Secret(std::move(value));
}

Binding read_binding(const Node& node, MapReader& parent) {
  MapReader map(node, parent.file(), "an endpoint of a credential", parent.complaints());
  Binding binding;
  if (map.require("host") != nullptr) {
    binding.host = map.text("host");
    const auto fault = policy::SelectorPattern::fault(binding.host);
    if (fault) map.complain("host", *fault);
  }
  if (map.require("port") != nullptr) {
    binding.port = static_cast<std::uint16_t>(map.integer("port", 1, 1, 65535));
  }
  binding.path = map.text("path");
  if (!binding.path.empty() && binding.path != "**" && !binding.path.starts_with('/')) {
    map.complain("path", "a path begins with `/`, or is `**`");
  }
  map.finish();
  return binding;
}

Credential read_credential(const Node& node, MapReader& parent, const Variables& variables) {
  MapReader map(node, parent.file(), "a credential", parent.complaints());
  Credential one;
  if (map.require("key") != nullptr) {
    one.key = map.text("key");
    if (!is_usable_key(one.key)) {
      map.complain("key", "a key is letters, digits and `_`, and doesn't begin as `v1_` does");
    }
  }
  one.identity = map.text("identity", "file:" + one.key);
  one.provider = map.text("provider");
  one.value = read_value(map, variables);
  for (const base::yaml::NodePtr& endpoint : map.list("endpoints")) {
    if (endpoint->is_map()) {
      one.bindings.push_back(read_binding(*endpoint, map));
    } else {
      map.complain_at(*endpoint, "an endpoint of a credential is a map (host, port, path)");
    }
  }
  if (one.bindings.empty() && one.provider.empty()) {
    map.complain("endpoints",
                 "a credential needs endpoints, or a provider that the policy binds to some");
  }
  one.expires_at_ms = static_cast<std::int64_t>(map.integer("expires_at_ms", 0, 0, INT64_MAX));
  map.finish();
  return one;
}

// FNV-1a over what an agent may know: a revision is shown to it, so no value goes in.
class Fingerprint {
 public:
  void add(std::string_view text) {
    for (const char c : text) mix(static_cast<unsigned char>(c));
    mix(0x100);
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  void mix(std::uint64_t unit) {
    hash_ ^= unit;
    hash_ *= 0x100000001b3ULL;
  }
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

std::uint64_t revision_of(const std::vector<Credential>& all) {
  Fingerprint print;
  for (const Credential& one : all) {
    for (const std::string* const text : {&one.key, &one.identity, &one.provider}) print.add(*text);
    for (const Binding& binding : one.bindings) {
      print.add(binding.host);
      print.add(std::to_string(binding.port));
      print.add(binding.path);
    }
  }
  return print.value();
}

}  // namespace

std::optional<Store> load_credentials(const std::string& path, const Variables& variables,
                                      base::Diagnostics& complaints) {
  std::string fault;
  const std::string text = read_private(path, kFileBytesMax, fault);
  if (!fault.empty()) {
    complaints.add({path, {}, std::move(fault), {}});
    return std::nullopt;
  }
  const std::size_t before = complaints.all().size();
  const base::yaml::NodePtr root = base::yaml::parse(text, path, complaints);
  if (root == nullptr) return std::nullopt;
  if (!root->is_map()) {
    complaints.add({path, root->mark, "credentials are a map with the one key `credentials`", {}});
    return std::nullopt;
  }
  MapReader map(*root, path, "the credentials file", complaints);
  std::vector<Credential> all;
  std::set<std::string> keys;
  map.require("credentials");
  for (const base::yaml::NodePtr& node : map.list("credentials")) {
    if (!node->is_map()) {
      map.complain_at(*node, "a credential is a map (key, value, endpoints ...)");
      continue;
    }
    all.push_back(read_credential(*node, map, variables));
    if (!keys.insert(all.back().key).second) {
      map.complain_at(*node, fmt::format("\"{}\" is there twice", all.back().key));
    }
  }
  map.finish();
  if (complaints.all().size() != before) return std::nullopt;
  const std::uint64_t revision = revision_of(all);
  return Store(revision, std::move(all));
}

}  // namespace sallyport::credentials
