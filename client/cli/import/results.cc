#include "client/cli/import/results.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output.h"

namespace interaction::cli::import {
namespace {

using Json = nlohmann::ordered_json;

std::string OutcomeName(RowState state) {
  switch (state) {
    case RowState::kApplied:
      return "applied";
    case RowState::kNotApplied:
      return "not_applied";
    case RowState::kUnknown:
    case RowState::kSending:
      break;
  }
  return "unknown";
}

// A spreadsheet takes a cell that begins so for a formula. The apostrophe makes it text.
std::string NoFormula(std::string text) {
  if (!text.empty() && absl::StrContains("=+-@\t\r", text.front())) text.insert(text.begin(), '\'');
  return text;
}

// A cell as RFC 4180 has it, quoted where it has to be.
std::string Quoted(const std::string& cell, char separator) {
  if (cell.find_first_of(absl::StrCat("\"\r\n", std::string(1, separator))) == std::string::npos) return cell;
  std::string text = "\"";
  for (const char c : cell) text.append(c == '"' ? 2 : 1, c);
  return text + "\"";
}

std::string DescribeProblems(const PlannedRow& planned) {
  std::vector<std::string> texts;
  for (const Problem& problem : planned.problems) {
    texts.push_back(problem.place.empty() ? problem.text : absl::StrCat(problem.place, " ", problem.text));
  }
  return absl::StrJoin(texts, "; ");
}

absl::Status CannotWrite(const std::string& path) {
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
}

}  // namespace

RowResult ResultOf(const PlannedRow& planned, const std::optional<Entry>& entry) {
  if (!planned.problems.empty()) return {"invalid", "INVALID_REQUEST", DescribeProblems(planned), ""};
  if (!entry.has_value()) return {"not_sent", "", "import again: it was not this row's turn", ""};
  if (entry->state == RowState::kSending) {
    return {"unknown", "", "import again: the gateway knows what became of it", ""};
  }
  return {OutcomeName(entry->state), entry->reason, entry->next, entry->reply};
}

bool IsToCorrect(const RowResult& result) { return result.outcome == "invalid" || result.outcome == "not_applied"; }

absl::StatusOr<std::unique_ptr<ResultFile>> ResultFile::Create(const std::string& path) {
  const std::string part = path + ".part";
  const int descriptor = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return CannotWrite(path);
  std::FILE* file = fdopen(descriptor, "wb");
  if (file != nullptr) return std::unique_ptr<ResultFile>(new ResultFile(path, file, nullptr));
  close(descriptor);
  return CannotWrite(path);
}

std::unique_ptr<ResultFile> ResultFile::To(std::ostream& out) {
  return std::unique_ptr<ResultFile>(new ResultFile("standard output", nullptr, &out));
}

ResultFile::~ResultFile() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  unlink(absl::StrCat(path_, ".part").c_str());
}

void ResultFile::Write(absl::string_view text) {
  if (out_ != nullptr) {
    *out_ << text;
    return;
  }
  failed_ = failed_ || std::fwrite(text.data(), 1, text.size(), file_) != text.size();
}

absl::Status ResultFile::Commit() {
  if (out_ != nullptr) return *out_ << std::flush ? absl::OkStatus() : CannotWrite(path_);
  const bool written = !failed_ && std::fflush(file_) == 0 && fsync(fileno(file_)) == 0;
  if (!written) return CannotWrite(path_);
  std::fclose(file_);
  file_ = nullptr;
  const std::string part = path_ + ".part";
  return rename(part.c_str(), path_.c_str()) == 0 ? absl::OkStatus() : CannotWrite(path_);
}

ResultWriter::ResultWriter(ResultFile& file, const Method& method, const Plan& plan, InputFormat format, bool secrets)
    : file_(file), method_(method), format_(format), secrets_(secrets), separator_(plan.reader().separator()) {
  if (format == InputFormat::kNdjson) return;
  if (plan.reader().has_mark()) file_.Write("\xef\xbb\xbf");
  std::vector<std::string> titles;
  for (size_t i = 0; i < plan.columns().size(); ++i) {
    const Column& column = plan.columns()[i];
    if (absl::StartsWithIgnoreCase(column.title, kOwnColumnPrefix)) continue;
    kept_.push_back(i);
    is_secret_.push_back(column.field == method.SecretField());
    titles.push_back(column.title);
  }
  const RowResult nothing;
  for (const auto& [name, value] : MembersOf(PlannedRow(), nothing))
    titles.push_back(absl::StrCat(kOwnColumnPrefix, name));
  WriteLine(titles);
}

ResultWriter::Members ResultWriter::MembersOf(const PlannedRow& planned, const RowResult& result) const {
  const std::unique_ptr<google::protobuf::Message> reply(method_.reply.New());
  reply->ParseFromString(result.reply);
  Members members = {{"row", planned.row.number == 0 ? "" : absl::StrCat(planned.row.number)},
                     {"outcome", result.outcome},
                     {"request_id", planned.request_id}};
  const bool applied = result.outcome == "applied";
  for (int i = 0; i < reply->GetDescriptor()->field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *reply->GetDescriptor()->field(i);
    members.emplace_back(field.name(), applied ? TextOf(*reply, field) : "");
  }
  members.emplace_back("reason", result.reason);
  members.emplace_back("to_do", result.to_do);
  return members;
}

void ResultWriter::Write(const PlannedRow& planned, const RowResult& result) {
  const Members members = MembersOf(planned, result);
  if (format_ == InputFormat::kNdjson) return WriteObject(planned, members);
  std::vector<std::string> cells;
  for (size_t i = 0; i < kept_.size(); ++i) {
    std::string cell = kept_[i] < planned.row.cells.size() ? planned.row.cells[kept_[i]] : "";
    if (is_secret_[i] && !secrets_ && !cell.empty()) cell = kMask;
    cells.push_back(std::move(cell));
  }
  for (const auto& [name, value] : members) cells.push_back(NoFormula(value));
  WriteLine(cells);
}

void ResultWriter::WriteLine(const std::vector<std::string>& cells) {
  const std::string separator(1, separator_);
  const auto append = [this](std::string* out, const std::string& cell) { *out += Quoted(cell, separator_); };
  file_.Write(absl::StrCat(absl::StrJoin(cells, separator, append), "\r\n"));
}

void ResultWriter::WriteObject(const PlannedRow& planned, const Members& members) {
  Json object = Json::parse(planned.row.cells.front(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) object = Json{{"line", secrets_ ? planned.row.cells.front() : kMask}};
  for (auto& [name, value] : object.items()) {
    if (!secrets_ && FindField(*method_.request.GetDescriptor(), name) == method_.SecretField()) value = kMask;
  }
  Json& result = object["import"] = Json::object();
  for (const auto& [name, value] : members) {
    if (!value.empty()) result[name] = value;
  }
  file_.Write(object.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n");
}

}  // namespace interaction::cli::import
