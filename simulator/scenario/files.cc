#include "simulator/scenario/files.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace sallyport::sim::scenario {
namespace {

std::optional<std::string> contents(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return std::nullopt;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::nullopt;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace

std::string join(const std::string& folder, const std::string& path) {
  if (path.starts_with('/') || folder.empty() || folder == ".") return path;
  return folder + "/" + path;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

NodePtr Files::parse(std::string_view text, const std::string& name) {
  names_.push_back(name);
  texts_[name] = std::string(text);
  const auto root = base::yaml::parse(text, name, complaints_.all());
  return root ? from_yaml(*root, std::make_shared<const std::string>(name)) : nullptr;
}

NodePtr Files::read(const std::string& path) {
  const auto text = contents(path);
  if (text) return parse(*text, path);
  complaints_.at(Place{path, {}}, "can't be read");
  return nullptr;
}

NodePtr Files::read(const std::string& path, const Node& where) {
  if (const auto known = trees_.find(path); known != trees_.end()) return known->second;
  const auto text = contents(path);
  if (!text) {
    complaints_.at(where, fmt::format("the file {} can't be read", path));
    return nullptr;
  }
  return trees_[path] = parse(*text, path);
}

}  // namespace sallyport::sim::scenario
