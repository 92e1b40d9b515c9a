#include "reference/gateway/state_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "reference/base/unique_fd.h"
#include "reference/gateway/fingerprint.h"

namespace sallyport::gateway {
namespace {

constexpr std::uint32_t kApplication = 0x53'50'47'57;  // SPGW
constexpr std::int64_t kSchema = 1;
constexpr mode_t kMode = 0600;

constexpr const char* kCreate =
    "CREATE TABLE records (kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, "
    "digest TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID, STRICT";

struct Close {
  void operator()(sqlite3* database) const { ::sqlite3_close_v2(database); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { ::sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;

// One statement: its texts are bound, and stay where they are until it has run.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql) {
    sqlite3_stmt* made = nullptr;
    status_ =
        ::sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &made, nullptr);
    statement_.reset(made);
  }

  void text(int at, std::string_view value) {
    if (status_ == SQLITE_OK) {
      status_ = ::sqlite3_bind_text(statement_.get(), at, value.data(),
                                    static_cast<int>(value.size()), SQLITE_STATIC);
    }
  }
  void octets(int at, std::string_view value) {
    if (status_ == SQLITE_OK) {
      // A null pointer would be NULL.
      const char* const from = value.empty() ? "" : value.data();
      status_ = ::sqlite3_bind_blob(statement_.get(), at, from, static_cast<int>(value.size()),
                                    SQLITE_STATIC);
    }
  }
  // SQLITE_ROW, SQLITE_DONE, or what is wrong.
  int step() {
    if (status_ != SQLITE_OK) return status_;
    const int code = ::sqlite3_step(statement_.get());
    return code;
  }
  void again() {
    ::sqlite3_reset(statement_.get());
    ::sqlite3_clear_bindings(statement_.get());
  }
  [[nodiscard]] std::string_view column(int at) const {
    const void* const from = ::sqlite3_column_blob(statement_.get(), at);
    const int size = ::sqlite3_column_bytes(statement_.get(), at);
    return from == nullptr
               ? std::string_view()
               : std::string_view(static_cast<const char*>(from), static_cast<std::size_t>(size));
  }
  [[nodiscard]] std::int64_t number(int at) const {
    return ::sqlite3_column_int64(statement_.get(), at);
  }

 private:
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int status_ = SQLITE_OK;
};

int execute(sqlite3* database, std::string_view sql) {
  Statement statement(database, sql);
  int code = statement.step();
  while (code == SQLITE_ROW) code = statement.step();
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

// SQLite's constant words for a code: its messages may quote.
std::string_view words(int code) { return ::sqlite3_errstr(code); }

std::string digest_of(const RowKey& at, std::string_view value) {
  Fingerprint all;
  return all.add(at.kind).add(at.key).add(value).hex();
}

// --- before SQLite is asked
// ------------------------------------------------------------------

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_ours(const struct stat& file) { return file.st_uid == ::geteuid(); }

std::string folder_exposure(const std::string& folder) {
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) {
    return fmt::format("{}: {}", folder, std::strerror(errno));
  }
  if (!S_ISDIR(found.st_mode)) return folder + ": is not a folder";
  if (!is_ours(found) && found.st_uid != 0) {
    return folder + ": belongs to another user, who could replace the state's file";
  }
  const bool sticky = (found.st_mode & S_ISVTX) != 0;
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky) {
    return fmt::format(
        "{}: others may write this folder (mode {:04o}) and replace the state's file", folder,
        found.st_mode & 07777U);
  }
  return {};
}

std::string file_exposure(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? std::string() : fmt::format("{}: {}", path, std::strerror(errno));
  }
  if (!S_ISREG(found.st_mode)) return path + ": is not a regular file";
  if (!is_ours(found)) return path + ": belongs to another user";
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fmt::format("{}: others may use this file (mode {:04o}); it holds keys: chmod 600", path,
                       found.st_mode & 07777U);
  }
  return {};
}

// An empty one is made here, so that it has its mode from the beginning; SQLite's own files beside
// it take theirs from it.
std::string make_file(const std::string& path) {
  const base::UniqueFd made(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode));
  if (!made && errno != EEXIST) return fmt::format("{}: {}", path, std::strerror(errno));
  if (made) {
    const base::UniqueFd folder(
        ::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder) ::fsync(folder.get());
  }
  return {};
}

// Told from the file's first octets: SQLite would begin to mend what another program left.
std::string foreign(const std::string& path) {
  static constexpr std::string_view kMagic("SQLite format 3\0", 16);
  constexpr std::size_t kApplicationAt = 68;
  std::array<char, 100> head{};
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return fmt::format("{}: {}", path, std::strerror(errno));
  const ssize_t got = ::pread(file.get(), head.data(), head.size(), 0);
  if (got == 0) return {};
  if (got != static_cast<ssize_t>(head.size()) ||
      !std::string_view(head.data(), head.size()).starts_with(kMagic)) {
    return path + ": is not a file of sallyport-gateway; nothing was changed in it";
  }
  std::uint32_t application = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    application = application << 8 | static_cast<unsigned char>(head[kApplicationAt + i]);
  }
  if (application == kApplication) return {};
  return path + ": is a data base of another program; nothing was changed in it";
}

// --- the file itself
// ------------------------------------------------------------------

class SqliteFile final : public StateFile {
 public:
  SqliteFile(std::string path, Database database)
      : path_(std::move(path)), database_(std::move(database)) {}

  // Empty when all is well.
  std::string prepare();

  bool read(std::vector<Row>& rows, std::string& wrong) override;
  rpc::Status write(const RowChanges& changes) override;

 private:
  [[nodiscard]] std::string told(int code) const {
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) {
      return path_ + ": is held by another process";
    }
    if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB) {
      return path_ + ": is damaged; nothing was changed in it";
    }
    return fmt::format("{}: {}", path_, words(code));
  }
  std::optional<std::string> ask(std::string_view sql, int& code);
  int put(const RowChanges& changes);
  std::string check_version();

  std::string path_;
  Database database_;
};

std::optional<std::string> SqliteFile::ask(std::string_view sql, int& code) {
  Statement statement(database_.get(), sql);
  code = statement.step();
  if (code != SQLITE_ROW) return std::nullopt;
  return std::string(statement.column(0));
}

std::string SqliteFile::check_version() {
  int code = SQLITE_OK;
  const auto version = ask("PRAGMA user_version", code);
  if (!version) return told(code);
  if (*version == "0") return {};  // made a moment ago, or its maker was killed then
  if (*version != fmt::format("{}", kSchema)) {
    return fmt::format("{}: is of version {}; this program knows version {}", path_, *version,
                       kSchema);
  }
  const auto sound = ask("PRAGMA integrity_check(1)", code);
  if (!sound) return told(code);
  return *sound == "ok" ? std::string() : told(SQLITE_CORRUPT);
}

std::string SqliteFile::prepare() {
  sqlite3* const database = database_.get();
  if (::sqlite3_db_readonly(database, "main") == 1) return path_ + ": can't be written";
  ::sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  ::sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // The name first, in a journal that is gone with it, so that no kill leaves a file that nobody
  // knows; the log after it.
  const std::array<std::string, 5> before{
      "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA synchronous = FULL", "PRAGMA secure_delete = ON",
      "PRAGMA temp_store = MEMORY", "PRAGMA cell_size_check = ON"};
  for (const std::string& pragma : before) {
    if (const int code = execute(database, pragma); code != SQLITE_OK) return told(code);
  }
  int code = SQLITE_OK;
  const auto application = ask("PRAGMA application_id", code);
  if (!application) return told(code);
  if (*application == "0") {
    code = execute(database, fmt::format("PRAGMA application_id = {}", kApplication));
    if (code != SQLITE_OK) return told(code);
  }
  const auto mode = ask("PRAGMA journal_mode = WAL", code);
  if (!mode) return told(code);
  if (*mode != "wal") return path_ + ": has no write-ahead log";
  // From here on nobody else reads it.
  for (const std::string_view sql : {"BEGIN EXCLUSIVE", "COMMIT"}) {
    if (code = execute(database, sql); code != SQLITE_OK) return told(code);
  }
  return check_version();
}

bool SqliteFile::read(std::vector<Row>& rows, std::string& wrong) {
  int code = SQLITE_OK;
  const auto version = ask("PRAGMA user_version", code);
  if (version && *version == "0") return true;
  Statement statement(database_.get(), "SELECT kind, key, value, digest FROM records");
  for (code = statement.step(); code == SQLITE_ROW; code = statement.step()) {
    Row row;
    row.at = {std::string(statement.column(0)), std::string(statement.column(1))};
    row.value = base::Secret(std::string(statement.column(2)));
    if (digest_of(row.at, row.value.reveal()) != statement.column(3)) {
      wrong = told(SQLITE_CORRUPT);
      return false;
    }
    rows.push_back(std::move(row));
  }
  if (code != SQLITE_DONE) wrong = told(code);
  return code == SQLITE_DONE;
}

int SqliteFile::put(const RowChanges& changes) {
  sqlite3* const database = database_.get();
  int code = execute(database, "BEGIN IMMEDIATE");
  if (code != SQLITE_OK) return code;
  int known = SQLITE_OK;
  if (ask("PRAGMA user_version", known) == "0") {
    code = execute(database, kCreate);
    if (code == SQLITE_OK)
      code = execute(database, fmt::format("PRAGMA user_version = {}", kSchema));
    if (code != SQLITE_OK) return code;
  }
  Statement insert(database, "INSERT OR REPLACE INTO records VALUES (?1, ?2, ?3, ?4)");
  for (const Row& row : changes.put) {
    const std::string digest = digest_of(row.at, row.value.reveal());
    insert.text(1, row.at.kind);
    insert.text(2, row.at.key);
    insert.octets(3, row.value.reveal());
    insert.text(4, digest);
    code = insert.step();
    if (code != SQLITE_DONE) return code;
    insert.again();
  }
  Statement erase(database, "DELETE FROM records WHERE kind = ?1 AND key = ?2");
  for (const RowKey& at : changes.gone) {
    erase.text(1, at.kind);
    erase.text(2, at.key);
    code = erase.step();
    if (code != SQLITE_DONE) return code;
    erase.again();
  }
  return execute(database, "COMMIT");
}

rpc::Status SqliteFile::write(const RowChanges& changes) {
  const int code = put(changes);
  if (code != SQLITE_OK) {
    if (::sqlite3_get_autocommit(database_.get()) == 0) execute(database_.get(), "ROLLBACK");
    const bool damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    return refusal(damaged ? rpc::Code::internal : rpc::Code::unavailable,
                   fmt::format("the state can't be stored, nothing was changed: {}", words(code)));
  }
  // It is stored, whatever becomes of this: an old key is to be gone from the log too. Where that
  // fails now, the next such write or the end of the process does it.
  if (changes.forgets) execute(database_.get(), "PRAGMA wal_checkpoint(TRUNCATE)");
  return {};
}

}  // namespace

std::string exposure_of(const std::string& path) {
  if (auto wrong = folder_exposure(folder_of(path)); !wrong.empty()) return wrong;
  for (const std::string_view suffix : {"", "-wal", "-shm", "-journal"}) {
    if (auto wrong = file_exposure(fmt::format("{}{}", path, suffix)); !wrong.empty()) return wrong;
  }
  return {};
}

std::unique_ptr<StateFile> StateFile::open(const std::string& path, std::string& wrong) {
  wrong = exposure_of(path);
  if (wrong.empty()) wrong = make_file(path);
  if (wrong.empty()) wrong = foreign(path);
  if (!wrong.empty()) return nullptr;
  // A folder before it, so that no name has a meaning of its own to SQLite.
  const std::string name = path.find('/') == std::string::npos ? "./" + path : path;
  sqlite3* made = nullptr;
  const int code = ::sqlite3_open_v2(
      name.c_str(), &made, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  Database database(made);
  if (code != SQLITE_OK) {
    wrong = fmt::format("{}: {}", path, words(code));
    return nullptr;
  }
  auto file = std::make_unique<SqliteFile>(path, std::move(database));
  wrong = file->prepare();
  if (!wrong.empty()) return nullptr;
  return file;
}

}  // namespace sallyport::gateway
