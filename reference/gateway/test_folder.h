// A folder of a test's own, gone with it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace sallyport::gateway {

class TestFolder {
 public:
  TestFolder() : TestFolder(testing::TempDir()) {}
  explicit TestFolder(const std::string& in) {
    std::string pattern = in + "/gateway-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  // In memory where the machine has a place for that: what a kill leaves is the same, and a
  // hundred are over soon.
  [[nodiscard]] static std::string in_memory() {
    return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : testing::TempDir();
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Empty where there is none.
[[nodiscard]] inline std::string octets_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void put_octets(const std::string& path, const std::string& octets) {
  std::ofstream(path, std::ios::binary) << octets;
}

}  // namespace sallyport::gateway
