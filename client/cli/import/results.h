#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/import/journal.h"
#include "client/cli/import/method.h"
#include "client/cli/import/plan.h"

namespace interaction::cli::import {

// What became of a row, for people.
struct RowResult {
  std::string outcome;  // "applied", "not_applied", "unknown", "invalid", "not_sent"
  std::string reason;   // empty for applied
  std::string to_do;
  std::string reply;  // the bytes of the reply, of applied
};

// From the journal's entry of a row, if it has one, or from the row's problems.
RowResult ResultOf(const PlannedRow& planned, const std::optional<Entry>& entry);

// Whether the row can be imported after it is corrected, without a second interaction.
bool IsToCorrect(const RowResult& result);

// A file that appears whole under its name, or not at all; readable by its owner only.
class ResultFile {
 public:
  static absl::StatusOr<std::unique_ptr<ResultFile>> Create(const std::string& path);
  // Standard output, which outlives the object, in place of a file.
  static std::unique_ptr<ResultFile> To(std::ostream& out);
  ~ResultFile();

  void Write(absl::string_view text);
  absl::Status Commit();

 private:
  ResultFile(std::string path, std::FILE* file, std::ostream* out) : path_(std::move(path)), file_(file), out_(out) {}

  const std::string path_;
  std::FILE* file_;
  std::ostream* out_;  // null: it is a file
  bool failed_ = false;
};

// Writes rows with what became of them, in the form of the input: CSV with its separator and byte order mark and the
// columns of kOwnColumnPrefix added; NDJSON with the members outcome, request_id and so on in the member "import".
class ResultWriter {
 public:
  // `secrets`: whether credentials are written, as a file that is imported again needs, or masked.
  ResultWriter(ResultFile& file, const Method& method, const Plan& plan, InputFormat format, bool secrets);

  void Write(const PlannedRow& planned, const RowResult& result);

 private:
  using Members = std::vector<std::pair<std::string, std::string>>;
  Members MembersOf(const PlannedRow& planned, const RowResult& result) const;
  void WriteLine(const std::vector<std::string>& cells);
  void WriteObject(const PlannedRow& planned, const Members& members);

  ResultFile& file_;
  const Method& method_;
  const InputFormat format_;
  const bool secrets_;
  const char separator_;
  std::vector<bool> is_secret_;
  std::vector<size_t> kept_;  // columns of the input that are no results of an earlier import
};

}  // namespace interaction::cli::import
