#include "reference/policy/filesystem_baseline.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sallyport::policy {
namespace {

constexpr std::array<std::string_view, 7> kReadOnly{"/usr",     "/lib",  "/etc",        "/app",
                                                    "/var/log", "/proc", "/dev/urandom"};
constexpr std::array<std::string_view, 1> kReadWrite{"/tmp"};
constexpr std::array<std::string_view, 2> kGpuReadOnly{"/run/nvidia-persistenced", "/usr/lib/wsl"};
constexpr std::array<std::string_view, 5> kGpuReadWrite{"/dev/nvidiactl", "/dev/nvidia-uvm",
                                                        "/dev/nvidia-uvm-tools",
                                                        "/dev/nvidia-modeset", "/dev/dxg"};
constexpr std::string_view kProc = "/proc";
constexpr int kGpusMax = 64;

bool has(const std::vector<std::string>& paths, std::string_view path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

class Enrichment {
 public:
  Enrichment(const std::optional<Filesystem>& stated, const PathExists& exists) : exists_(exists) {
    if (stated) result_.filesystem = *stated;
  }

  template <class Paths>
  void add(std::vector<std::string> Filesystem::*list, const Paths& paths) {
    for (const auto& path : paths) add_one(list, std::string(path));
  }

  void open_proc_for_gpu() {
    std::erase(result_.filesystem.read_only, kProc);
    if (!has(result_.filesystem.read_write, kProc)) {
      result_.filesystem.read_write.emplace_back(kProc);
      result_.added.emplace_back(kProc);
    }
  }

  bool has_gpu() const { return exists_("/dev/nvidiactl") || exists_("/dev/dxg"); }

  Enriched take() { return std::move(result_); }

 private:
  void add_one(std::vector<std::string> Filesystem::*list, std::string path) {
    Filesystem& all = result_.filesystem;
    if (has(all.read_only, path) || has(all.read_write, path) || !exists_(path)) return;
    (all.*list).push_back(path);
    result_.added.push_back(std::move(path));
  }

  const PathExists& exists_;
  Enriched result_;
};

}  // namespace

Enriched with_baseline(const std::optional<Filesystem>& stated, const PathExists& exists) {
  Enrichment enrichment(stated, exists);
  const bool gpu = enrichment.has_gpu();
  if (gpu && exists(std::string(kProc))) enrichment.open_proc_for_gpu();
  enrichment.add(&Filesystem::read_only, kReadOnly);
  enrichment.add(&Filesystem::read_write, kReadWrite);
  if (gpu) {
    std::vector<std::string> devices;
    for (int i = 0; i < kGpusMax; ++i) devices.push_back("/dev/nvidia" + std::to_string(i));
    enrichment.add(&Filesystem::read_only, kGpuReadOnly);
    enrichment.add(&Filesystem::read_write, kGpuReadWrite);
    enrichment.add(&Filesystem::read_write, devices);
  }
  return enrichment.take();
}

}  // namespace sallyport::policy
