// Landlock for a workload: what it may read, and what it may change; everything else in the file
// system is out of its reach, its own files too. In two phases, as the field system does it
// (NVIDIA/OpenShell, crates/openshell-supervisor-process, sandbox/linux/landlock.rs): paths are
// opened while privileges last, the rules come into force after they are gone. For a child on its
// way to exec; inherited by its children, and never taken back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"

namespace sallyport::linux {

enum class FileAccess {
  read,  // and list, and execute
  all,   // everything that the kernel's version knows
};

// Rules that aren't in force yet, and may be for any number of processes.
class FileRules {
 public:
  // For every right that this kernel can govern. restrict_files with EOPNOTSUPP: it has no
  // Landlock.
  [[nodiscard]] static base::Result<FileRules> create();

  // A folder with all below it, or a file; a link stands for what it leads to. restrict_files with
  // the errno: ENOENT for what isn't there.
  [[nodiscard]] base::Result<void> add(const std::string& path, FileAccess access);

  // For the caller, from here on. Wants no_new_privs.
  [[nodiscard]] base::Result<void> enforce() const;

  [[nodiscard]] int version() const { return version_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  FileRules(base::UniqueFd rules, int version, std::uint64_t handled)
      : rules_(std::move(rules)), version_(version), handled_(handled) {}

  base::UniqueFd rules_;
  int version_;
  std::uint64_t handled_;
  std::size_t size_ = 0;
};

// The rights of one rule, as the kernel's bits: of `handled` those that `access` gives and that
// such a place can have, for the kernel refuses a folder's rights on anything else. Pure.
[[nodiscard]] std::uint64_t file_rights(FileAccess access, bool folder, std::uint64_t handled);
// All rights that a version of Landlock governs.
[[nodiscard]] std::uint64_t governed_rights(int version);

}  // namespace sallyport::linux
