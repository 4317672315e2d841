#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace interaction::cli::import {

// SQLite, as far as the journal needs it. Errors are INTERNAL with SQLite's words, UNAVAILABLE if another process holds
// the file.
class Database {
 public:
  // An empty path: a temporary file that nobody else sees.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();

  absl::Status Execute(const std::string& sql);

 private:
  friend class Statement;
  Database(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  absl::Status Error(int code) const;

  sqlite3* handle_;
  const std::string path_;
};

// A statement that is run many times:
//
//   auto row = find->Bind(1, id).Step();  // true: a row is there, and its columns can be read until the next Reset()
//   find->Reset();
class Statement {
 public:
  static absl::StatusOr<std::unique_ptr<Statement>> Prepare(Database& database, absl::string_view sql);
  ~Statement();

  Statement& Bind(int parameter, absl::string_view bytes);
  Statement& Bind(int parameter, int64_t number);
  absl::StatusOr<bool> Step();
  absl::Status Run();  // Step() and Reset(), for one that returns no rows
  void Reset();

  std::string Text(int column) const;
  int64_t Number(int column) const;

 private:
  Statement(Database& database, sqlite3_stmt* handle) : database_(database), handle_(handle) {}

  Database& database_;
  sqlite3_stmt* handle_;
};

}  // namespace interaction::cli::import
