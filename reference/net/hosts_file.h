// The names of a hosts(5) file. Pure but for load().
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "reference/net/address.h"

namespace sallyport::net {

class HostsFile {
 public:
  HostsFile() = default;
  // Lines that aren't `address name...` are passed over, as the C library does; `#` begins a
  // comment.
  [[nodiscard]] static HostsFile parse(std::string_view text);
  // errno's error when the file can't be read; file_too_large over 4 MiB.
  [[nodiscard]] static base::Result<HostsFile> load(const std::string& path);

  // All addresses of exactly this name (letter case and one final dot aside), in the file's order.
  [[nodiscard]] std::vector<IpAddress> find(std::string_view name) const;
  // Number of different names.
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  std::map<std::string, std::vector<IpAddress>, std::less<>> names_;
};

}  // namespace sallyport::net
