#include "client/cli/import/run.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <istream>
#include <memory>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/exit_code.h"
#include "client/cli/import/caller.h"
#include "client/cli/import/plan.h"
#include "client/cli/import/progress.h"
#include "client/cli/import/results.h"
#include "client/cli/import/row_identity.h"
#include "client/cli/import/send_rows.h"
#include "client/cli/import/sender.h"
#include "client/cli/import/summary.h"
#include "client/cli/signal_stop.h"
#include "client/cli/terminal.h"

namespace interaction::cli::import {
namespace {

constexpr int kShownProblems = 50;

// "customers" for "data/customers.csv".
std::string StemOf(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  const size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

std::string Masked(const Method& method, const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> copy(request.New());
  copy->CopyFrom(request);
  MaskSecret(*method.SecretField(), copy.get());
  google::protobuf::util::JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(*copy, &text, print);
  return text;
}

// One run of the command. Each step returns the exit code if it is the last one.
class Run {
 public:
  Run(Session& session, ImportOptions options) : session_(session), options_(std::move(options)) {}

  int Do() {
    for (const auto step : {&Run::Open, &Run::OpenJournal, &Run::Check, &Run::ShowRequests, &Run::Confirm}) {
      if (const std::optional<int> exit_code = (this->*step)(); exit_code.has_value()) return *exit_code;
    }
    return Send();
  }

 private:
  int Fail(const absl::Status& status) { return FailUsage(session_, status.message()); }

  std::optional<int> Open() {
    const absl::StatusOr<const Method*> method = FindMethod(options_.method);
    if (!method.ok()) return Fail(method.status());
    method_ = *method;
    if (!session_.options.request_id.empty()) {
      return FailUsage(session_, "--request-id is for one call: an import gives each row a request_id of its own");
    }
    if (options_.name.empty() && options_.file == "-") {
      return FailUsage(session_, "--name is needed for standard input: the same name again sends no row twice");
    }
    plan_options_.import_name = options_.name.empty() ? StemOf(options_.file) : options_.name;
    if (options_.file == "-") TellThatInputIsRead(session_);
    absl::StatusOr<std::unique_ptr<Input>> input = Input::Open(options_.file, session_.in);
    if (!input.ok()) return Fail(input.status());
    input_ = *std::move(input);
    const absl::StatusOr<InputFormat> format = FindFormat();
    if (!format.ok()) return Fail(format.status());
    plan_options_.read = {*format, options_.separator, options_.encoding};
    plan_options_.requests = options_.requests;
    return std::nullopt;
  }

  // By its name, or by its first character: no header begins with a brace.
  absl::StatusOr<InputFormat> FindFormat() {
    if (!options_.format.empty()) return options_.format == "csv" ? InputFormat::kCsv : InputFormat::kNdjson;
    for (const char* end : {".ndjson", ".jsonl"}) {
      if (absl::EndsWithIgnoreCase(options_.file, end)) return InputFormat::kNdjson;
    }
    char buffer[256];
    const absl::StatusOr<size_t> count = input_->Read(buffer, sizeof(buffer));
    if (!count.ok()) return count.status();
    const absl::string_view text(buffer, *count);
    const size_t first = text.find_first_not_of("\xef\xbb\xbf \t\r\n");
    return first != absl::string_view::npos && text[first] == '{' ? InputFormat::kNdjson : InputFormat::kCsv;
  }

  // While nothing is sent there is nothing to remember: a journal is used if there is one, and made by Send().
  std::optional<int> OpenJournal() {
    journal_path_ =
        options_.journal.empty() ? absl::StrCat(plan_options_.import_name, ".import-journal") : options_.journal;
    const bool exists = access(journal_path_.c_str(), F_OK) == 0;
    if (options_.resume && !exists) {
      return FailUsage(session_, absl::StrCat("--resume: there is no journal ", journal_path_,
                                              "; --journal says where it is, --name "
                                              "what the import was called"));
    }
    const absl::StatusOr<std::string> caller = CallerOf(session_.options);
    if (!caller.ok()) return Fail(caller.status());
    owner_ = {plan_options_.import_name, method_->name, session_.options.address, *caller};
    journal_is_temporary_ = !exists;
    if (const absl::Status opened = SetJournal(exists ? journal_path_ : ""); !opened.ok()) return Fail(opened);
    return std::nullopt;
  }

  absl::Status SetJournal(const std::string& path) {
    journal_ = nullptr;
    absl::StatusOr<std::unique_ptr<Journal>> journal = Journal::Open(path, owner_, options_.same_gateway);
    if (!journal.ok()) return journal.status();
    journal_ = *std::move(journal);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<Plan>> BeginPlan() { return Plan::Begin(*input_, *method_, plan_options_, *journal_); }

  // Calls `visit` for each row. A problem that ends the reading is told once, by Check.
  template <typename Visit>
  absl::Status ForEachRow(const Visit& visit) {
    absl::StatusOr<std::unique_ptr<Plan>> plan = BeginPlan();
    if (!plan.ok()) return plan.status();
    absl::Status status = journal_->Begin();
    while (status.ok()) {
      PlannedRow row;
      const absl::StatusOr<bool> any = (*plan)->Next(&row);
      if (!any.ok()) status = any.status();
      if (!any.ok() || !*any) break;
      status = visit(**plan, row);
    }
    status.Update(journal_->Commit());
    return status;
  }

  void Show(const Problem& problem) {
    if (problems_++ >= kShownProblems) return;
    session_.err << "row " << problem.row << ": " << problem.place << (problem.place.empty() ? "" : " ")
                 << Printable(problem.text) << "\n";
  }

  std::optional<int> Check() {
    const absl::Status status = ForEachRow([this](const Plan&, const PlannedRow& row) {
      ++rows_;
      invalid_rows_ += !row.problems.empty();
      for (const Problem& problem : row.problems) Show(problem);
      return absl::OkStatus();
    });
    if (!status.ok()) return Fail(status);
    if (problems_ > kShownProblems)
      session_.err << "and " << WithCommas(problems_ - kShownProblems) << " more problems\n";
    if (rows_ == 0) return FailUsage(session_, "the input has no rows");
    if (options_.check) return EndCheck();
    if (invalid_rows_ == 0 || options_.send_valid || session_.options.dry_run) return std::nullopt;
    return FailUsage(session_, absl::StrCat(WithCommas(invalid_rows_), " of ", WithCommas(rows_),
                                            " rows have problems, so nothing was sent; --send-valid sends the others"));
  }

  int EndCheck() {
    const bool files = !options_.results.empty() || !options_.to_correct.empty();
    if (files) {
      if (const absl::Status status = WriteResults(); !status.ok()) return Fail(status);
    }
    session_.notes() << WithCommas(rows_) << " rows, " << WithCommas(invalid_rows_)
                     << " with problems; nothing was sent\n";
    return invalid_rows_ == 0 ? kExitOk : kExitUsage;
  }

  // Whether the row is sent, by what the journal knows of it.
  absl::StatusOr<bool> IsToSend(const PlannedRow& row) {
    if (!row.problems.empty()) return false;
    const absl::StatusOr<std::optional<Entry>> entry = journal_->Find(row.request_id);
    if (!entry.ok()) return entry.status();
    const Action action =
        Decide(*entry, absl::Now(), options_.window, CredentialMark(journal_->salt(), method_->SecretOf(*row.request)));
    return action == Action::kSend || action == Action::kSendAgain;
  }

  // Calls `visit` for each row that is sent, and returns their number.
  template <typename Visit>
  absl::StatusOr<uint64_t> ForEachRowToSend(const Visit& visit) {
    uint64_t count = 0;
    const absl::Status status = ForEachRow([&](const Plan&, const PlannedRow& row) -> absl::Status {
      if (options_.limit > 0 && count == options_.limit) return absl::OkStatus();
      const absl::StatusOr<bool> is_to_send = IsToSend(row);
      if (!is_to_send.ok()) return is_to_send.status();
      if (!*is_to_send) return absl::OkStatus();
      ++count;
      visit(row);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return count;
  }

  std::optional<int> ShowRequests() {
    if (!session_.options.dry_run) return std::nullopt;
    const absl::StatusOr<uint64_t> shown =
        ForEachRowToSend([this](const PlannedRow& row) { session_.out << Masked(*method_, *row.request) << "\n"; });
    if (!shown.ok()) return Fail(shown.status());
    const int exit_code = invalid_rows_ == 0 ? kExitOk : kExitUsage;
    session_.notes() << WithCommas(*shown) << " of " << WithCommas(rows_) << " rows would be sent; nothing was sent\n";
    return WriteData(session_, "", "", exit_code);
  }

  // What is opened cannot be closed from here, so that a person is asked first; a script is not.
  std::optional<int> Confirm() {
    const Terminal& terminal = session_.terminal;
    if (options_.yes || options_.file == "-" || !terminal.reads || !terminal.shows) return std::nullopt;
    const absl::StatusOr<uint64_t> count = ForEachRowToSend([](const PlannedRow&) {});
    if (!count.ok()) return Fail(count.status());
    if (*count == 0) return std::nullopt;
    session_.err << "Open " << WithCommas(*count) << (*count == 1 ? " interaction" : " interactions") << " through "
                 << session_.options.address << "? [y/N] " << std::flush;
    std::string answer;
    std::getline(session_.in, answer);
    if (absl::EqualsIgnoreCase(answer, "y") || absl::EqualsIgnoreCase(answer, "yes")) return std::nullopt;
    return FailUsage(session_,
                     "nothing was sent; --dry-run shows the requests, --yes sends them without this question");
  }

  int Send() {
    const absl::StatusOr<std::unique_ptr<Client>> client = Connect(session_);
    if (!client.ok()) return Fail(client.status());
    if (journal_is_temporary_) {
      if (const absl::Status made = SetJournal(journal_path_); !made.ok()) return Fail(made);
    }
    session_.notes() << "import " << plan_options_.import_name << ", journal " << journal_path_ << "\n";
    const SignalStop signals;
    const absl::StatusOr<SendOutcome> outcome = SendAll(**client, signals.token());
    if (signals.received() != 0) session_.err << "stopped; the same command goes on with the rest\n";
    if (!outcome.ok()) {
      session_.err << "interactionctl: " << outcome.status().message() << "\n";
      return ExitCodeOf(outcome.status());
    }
    const int exit_code = Report(*outcome);
    return signals.received() == 0 ? exit_code : ExitCodeOfSignal(signals.received());
  }

  absl::StatusOr<SendOutcome> SendAll(Client& client, const std::stop_token& stop) {
    absl::StatusOr<std::unique_ptr<Plan>> plan = BeginPlan();
    if (!plan.ok()) return plan.status();
    // A call that was sent is not cancelled by a signal: its answer is worth waiting for.
    const auto call = [&](const google::protobuf::Message& request) {
      return method_->call(client, request, MakeCallOptions(session_));
    };
    Sender sender(call, options_.jobs, options_.rate, options_.patience);
    Progress progress(session_.notes(), session_.terminal.rewrites, session_.terminal.width, absl::Now());
    const SendOptions send{.rows = rows_,
                           .limit = options_.limit,
                           .batch = std::max<size_t>(64, static_cast<size_t>(options_.jobs) * 16),
                           .window = options_.window,
                           .stop = stop};
    absl::StatusOr<SendOutcome> outcome = SendRows(**plan, *method_, *journal_, sender, send, progress);
    if (const absl::Status unchanged = input_->CheckUnchanged(); outcome.ok() && !unchanged.ok()) return unchanged;
    return outcome;
  }

  int Report(const SendOutcome& outcome) {
    const std::string end = plan_options_.read.format == InputFormat::kCsv ? ".csv" : ".ndjson";
    if (options_.results.empty()) options_.results = absl::StrCat(plan_options_.import_name, ".results", end);
    if (options_.to_correct.empty()) options_.to_correct = absl::StrCat(plan_options_.import_name, ".to-correct", end);
    const absl::Status written = WriteResults();
    if (!written.ok()) session_.err << "interactionctl: " << written.message() << "\n";
    if (written.ok()) TellWhereResultsAre();
    if (!outcome.stopped.ok()) session_.err << RenderError(outcome.stopped, Effect::kNone);
    const bool all = summary_.CountOf("not_applied") + summary_.CountOf("unknown") + summary_.CountOf("invalid") == 0;
    const int exit_code = !outcome.stopped.ok() ? ExitCodeOf(outcome.stopped)
                          : !written.ok()       ? kExitNotWritten
                                                : (all ? kExitOk : kExitNotAllApplied);
    const std::string summary = summary_.Render(session_.options.format);
    if (!ResultsAreData()) return WriteData(session_, summary, "", exit_code);
    session_.notes() << summary;
    return exit_code;
  }

  bool ResultsAreData() const { return options_.results == "-"; }

  void TellWhereResultsAre() {
    session_.notes() << "results in " << (ResultsAreData() ? "standard output" : options_.results);
    if (to_correct_ > 0) {
      session_.notes() << ", rows to correct in " << options_.to_correct
                       << ": import that file under the same name (--name " << plan_options_.import_name << ")";
    }
    session_.notes() << "\n";
  }

  absl::Status WriteResults() {
    summary_ = Summary();
    to_correct_ = 0;
    std::unique_ptr<ResultFile> files[2];
    std::unique_ptr<ResultWriter> writers[2];
    const std::string paths[2] = {options_.results, options_.to_correct};
    for (int i = 0; i < 2; ++i) {
      if (paths[i].empty()) continue;
      absl::StatusOr<std::unique_ptr<ResultFile>> file =
          paths[i] == "-" ? ResultFile::To(session_.out) : ResultFile::Create(paths[i]);
      if (!file.ok()) return file.status();
      files[i] = *std::move(file);
    }
    absl::Status status = ForEachRow([&](const Plan& plan, const PlannedRow& row) -> absl::Status {
      const absl::StatusOr<std::optional<Entry>> entry = journal_->Find(row.request_id);
      if (!entry.ok()) return entry.status();
      const RowResult result = ResultOf(row, *entry);
      summary_.Add(result);
      to_correct_ += IsToCorrect(result);
      for (int i = 0; i < 2; ++i) {
        if (files[i] == nullptr || (i == 1 && !IsToCorrect(result))) continue;
        if (writers[i] == nullptr) {
          writers[i] = std::make_unique<ResultWriter>(*files[i], *method_, plan, plan_options_.read.format, i == 1);
        }
        writers[i]->Write(row, result);
      }
      return absl::OkStatus();
    });
    for (int i = 0; i < 2; ++i) {
      const bool empty_corrections = i == 1 && to_correct_ == 0;
      if (files[i] != nullptr && !empty_corrections) status.Update(status.ok() ? files[i]->Commit() : status);
    }
    if (to_correct_ == 0 && !options_.to_correct.empty()) unlink(options_.to_correct.c_str());  // of an earlier run
    return status;
  }

  Session& session_;
  ImportOptions options_;
  const Method* method_ = nullptr;
  PlanOptions plan_options_;
  std::unique_ptr<Input> input_;
  JournalOwner owner_;
  std::string journal_path_;
  bool journal_is_temporary_ = false;
  std::unique_ptr<Journal> journal_;
  uint64_t rows_ = 0;
  uint64_t invalid_rows_ = 0;
  uint64_t problems_ = 0;
  uint64_t to_correct_ = 0;
  Summary summary_;
};

}  // namespace

int Import(Session& session, ImportOptions options) { return Run(session, std::move(options)).Do(); }

}  // namespace interaction::cli::import
