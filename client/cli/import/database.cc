#include "client/cli/import/database.h"

#include "absl/strings/str_cat.h"

namespace interaction::cli::import {

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  auto database = std::unique_ptr<Database>(new Database(handle, path));
  if (code != SQLITE_OK) return database->Error(code);
  return database;
}

Database::~Database() { sqlite3_close(handle_); }

absl::Status Database::Error(int code) const {
  const std::string name = path_.empty() ? "the temporary journal" : absl::StrCat("the journal ", path_);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
    return absl::UnavailableError(absl::StrCat(name, " is in use by another import"));
  }
  return absl::InternalError(absl::StrCat(name, ": ", sqlite3_errmsg(handle_)));
}

absl::Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<std::unique_ptr<Statement>> Statement::Prepare(Database& database, absl::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database.handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return database.Error(code);
  return std::unique_ptr<Statement>(new Statement(database, handle));
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::Bind(int parameter, absl::string_view bytes) {
  sqlite3_bind_blob64(handle_, parameter, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::Bind(int parameter, int64_t number) {
  sqlite3_bind_int64(handle_, parameter, number);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const absl::Status error = database_.Error(code);
  Reset();
  return error;
}

absl::Status Statement::Run() {
  const absl::StatusOr<bool> row = Step();
  Reset();
  return row.status();
}

void Statement::Reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

std::string Statement::Text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  return bytes == nullptr ? "" : std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(handle_, column)));
}

int64_t Statement::Number(int column) const { return sqlite3_column_int64(handle_, column); }

}  // namespace interaction::cli::import
