#include "simulator/app/middleware_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sallyport::sim::app {

int middleware(const std::vector<std::string>& arguments) {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::string path = (self.parent_path() / "sallyport-middleware").string();
  std::vector<std::string> all = {path};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(path.c_str(), argv.data());
  fmt::print(stderr, "sallyport: can't execute {}: {}\n", path, std::strerror(errno));
  return 4;
}

}  // namespace sallyport::sim::app
