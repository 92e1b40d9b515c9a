// The file that the gateway's records are kept in: SQLite with a write-ahead log, one row a record
// (docs/adr/0018-the-gateways-state-is-sqlite.md). Held by this process alone as long as the object
// lives. Any thread, one at a time; every call waits for the disk. No text that it makes holds
// anything of a row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/gateway/stored.h"
#include "reference/rpc/status.h"

namespace sallyport::gateway {

class StateFile {
 public:
  // Made when there is none. Null, and why in `wrong`: not a file of this program and this version
  // or an older one, damaged, not its owner's alone, in a folder that others may write, or held
  // by a process. What was there is then as it was.
  [[nodiscard]] static std::unique_ptr<StateFile> open(const std::string& path, std::string& wrong);
  virtual ~StateFile() = default;

  // All rows, in their keys' order; false, and why: damaged.
  [[nodiscard]] virtual bool read(std::vector<Row>& rows, std::string& wrong) = 0;

  // One transaction, on the disk when it answers OK. Otherwise nothing of it is there:
  // UNAVAILABLE where the disk doesn't take it, INTERNAL where the file is damaged.
  [[nodiscard]] virtual rpc::Status write(const RowChanges& changes) = 0;
};

// Nothing when a file at `path`, there or not yet, would be and stay its owner's alone: it and what
// SQLite puts beside it are regular files of this user with no permission for anybody else, in a
// folder of this user or root in which others can't put files into its place.
[[nodiscard]] std::string exposure_of(const std::string& path);

}  // namespace sallyport::gateway
