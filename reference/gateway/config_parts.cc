#include "reference/gateway/config_parts.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "openshell/sandbox/v1/sandbox.pb.h"
#include "reference/base/scalars.h"
#include "reference/gateway/admission.h"
#include "reference/policy/loader.h"
#include "reference/policy/wire.h"
#include "reference/rpc/target.h"

namespace sallyport::gateway {
namespace {

using base::yaml::MapReader;
using base::yaml::Node;

constexpr std::size_t kPemBytesMax = 1U << 20U;

// Octets, written as a size or as the field writes them: an integer.
void read_payload_max(MapReader& map, Registration& one) {
  constexpr std::string_view kNew = "max_payload_bytes";
  constexpr std::string_view kOld = "max_body_bytes";
  if (map.has(kNew) && map.has(kOld)) {
    map.known({kNew});
    map.complain(kOld, "max_payload_bytes and max_body_bytes are one setting: keep one");
  }
  const std::string_view key = map.has(kOld) ? kOld : kNew;
  const Node* const node = map.require(key);
  if (node == nullptr) return;
  auto octets = node->is_scalar() ? base::parse_integer(node->text) : std::nullopt;
  if (!octets && node->is_scalar()) octets = base::parse_size(node->text);
  if (octets) {
    one.payload_bytes_max = *octets;
  } else {
    map.complain(key, fmt::format("{} is {} or {}", key, base::kIntegerForm, base::kSizeForm));
  }
}

void read_ca(MapReader& map, Registration& one) {
  const auto path = map.maybe_text("tls_ca_cert_path");
  if (!path) return;
  std::string why;
  const auto pem = read_small_file(path_beside(map.file(), *path), kPemBytesMax, why);
  if (!pem) {
    map.complain("tls_ca_cert_path", why);
  } else if (auto certificates = rpc::certificates_of(*pem)) {
    one.ca_pem = *std::move(certificates);
  } else {
    map.complain("tls_ca_cert_path",
                 fmt::format("{} holds something else than certificates", *path));
  }
}

Registration read_registration(const Node& node, const std::string& file,
                               base::Diagnostics& complaints) {
  MapReader map(node, file, "a middleware registration", complaints);
  Registration one;
  if (!node.is_map()) return one;
  if (map.require("name") != nullptr) one.name = map.text("name");
  if (map.require("grpc_endpoint") != nullptr) one.endpoint = map.text("grpc_endpoint");
  read_payload_max(map, one);
  one.timeout = map.text("timeout");
  read_ca(map, one);
  one.audience = map.text("audience");
  one.allow_insecure_transport = map.boolean("allow_insecure_transport", false);
  map.finish();
  return one;
}

}  // namespace

std::string path_beside(const std::string& file, const std::string& path) {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  return (std::filesystem::path(file).parent_path() / given).lexically_normal().string();
}

std::optional<std::string> read_small_file(const std::string& path, std::size_t most,
                                           std::string& why) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text(most + 1, '\0');
  if (stream) stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream && !stream.eof()) {
    why = fmt::format("{} can't be read: {}", path, std::strerror(errno));
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() <= most) return text;
  why = fmt::format("{} has more than {} octets", path, most);
  return std::nullopt;
}

std::vector<Registration> read_registrations(MapReader& map, std::string_view key) {
  std::vector<Registration> all;
  const std::size_t before = map.complaints().all().size();
  for (const auto& item : map.list(key)) {
    all.push_back(read_registration(*item, map.file(), map.complaints()));
  }
  if (map.complaints().all().size() > before) return all;
  if (const auto wrong = fault(all)) map.complain(key, *wrong);
  return all;
}

std::vector<Registration> read_registrations_file(const std::string& path,
                                                  base::Diagnostics& complaints) {
  const base::yaml::NodePtr root = base::yaml::parse_file(path, complaints);
  if (root == nullptr) return {};
  MapReader map(*root, path, "a file of registrations", complaints);
  if (!root->is_map() || map.require("middleware") == nullptr) return {};
  std::vector<Registration> all = read_registrations(map, "middleware");
  map.finish();
  return all;
}

openshell::sandbox::v1::SandboxPolicy read_policy_file(const std::string& path,
                                                       base::Diagnostics& complaints) {
  const base::yaml::NodePtr root = base::yaml::parse_file(path, complaints);
  if (root == nullptr || !policy::load_policy(*root, path, complaints)) return {};
  return policy::policy_message(*root);
}

}  // namespace sallyport::gateway
