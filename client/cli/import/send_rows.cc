#include "client/cli/import/send_rows.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/import/row_identity.h"
#include "client/cli/import/verdict.h"

namespace interaction::cli::import {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(200);
constexpr int kMostRowsAtOnce = 2000;  // read between two looks at the results
constexpr int kRefusalsInSuccession = 20;

constexpr char kTooOldToDo[] =
    "check at the vendor whether it was opened, because the gateway may have forgotten the request_id; if not, import "
    "the "
    "row under another --name";
constexpr char kOtherCredentialToDo[] =
    "import again with the credential of before, or check at the vendor: with another one it may be opened a second "
    "time";

class RowSending {
 public:
  RowSending(Plan& plan, const Method& method, Journal& journal, Sender& sender, const SendOptions& options,
             Progress& progress)
      : plan_(plan), method_(method), journal_(journal), sender_(sender), options_(options), progress_(progress) {
    outcome_.counts.rows = options.rows;
  }

  absl::StatusOr<SendOutcome> Run() {
    while (true) {
      const size_t low = reading() ? options_.batch / 2 : 0;
      const std::vector<Done> done = sender_.Take(low, kTick);
      const bool more = reading() && sender_.waiting() < options_.batch / 2;
      if (more || !done.empty()) {
        const absl::Status status = Step(done, more);
        if (!status.ok()) return status;
      }
      if (options_.stop.stop_requested() && !stopping_) {
        progress_.Tell("stopping when the calls under way are answered; the same signal again ends it at once");
        StopSending();
      }
      progress_.Show(outcome_.counts, absl::Now());
      if (!reading() && sender_.idle()) break;
    }
    progress_.End(outcome_.counts, absl::Now());
    return outcome_;
  }

 private:
  bool reading() const { return !ended_ && !stopping_; }

  void StopSending() {
    stopping_ = true;
    sender_.Stop();
  }

  // One transaction: the results that are there, and the marks of the next rows. Then these may be sent.
  absl::Status Step(const std::vector<Done>& done, bool more) {
    absl::Status status = journal_.Begin();
    for (const Done& one : done) status.Update(status.ok() ? Record(one) : status);
    std::vector<Task> tasks;
    if (status.ok() && more && reading()) status = ReadBatch(&tasks);
    if (!status.ok()) return status;
    if (status = journal_.Commit(); !status.ok()) return status;
    sender_.Push(std::move(tasks));
    return status;
  }

  absl::Status Record(const Done& done) {
    if (!done.stop.ok()) {
      if (outcome_.stopped.ok()) outcome_.stopped = done.stop;
      StopSending();
    }
    switch (done.fate) {
      case Done::Fate::kOpen:
        ++outcome_.counts.unknown;
        return absl::OkStatus();
      case Done::Fate::kNotSent:
        return journal_.Erase(done.request_id);
      case Done::Fate::kAnswered:
        break;
    }
    CountAnswer(done.entry);
    return journal_.Put(done.request_id, done.entry);
  }

  void CountAnswer(const Entry& entry) {
    Counts& counts = outcome_.counts;
    ++(entry.state == RowState::kApplied      ? counts.applied
       : entry.state == RowState::kNotApplied ? counts.not_applied
                                              : counts.unknown);
    const bool same = entry.state == RowState::kNotApplied && entry.reason == refusal_;
    refusal_ = entry.state == RowState::kNotApplied ? entry.reason : "";
    refusals_ = same ? refusals_ + 1 : 1;
    if (refusals_ < kRefusalsInSuccession || !ConcernsAllRows(refusal_) || stopping_) return;
    outcome_.stopped = absl::FailedPreconditionError(
        absl::StrCat(refusals_, " rows in succession were refused with ", refusal_, ": ", entry.next));
    StopSending();
  }

  absl::Status ReadBatch(std::vector<Task>* tasks) {
    for (int i = 0; i < kMostRowsAtOnce && tasks->size() < options_.batch; ++i) {
      if (options_.limit > 0 && planned_ == options_.limit) ended_ = true;
      if (ended_) break;
      PlannedRow row;
      const absl::StatusOr<bool> any = plan_.Next(&row);
      if (!any.ok()) {
        if (!absl::IsInvalidArgument(any.status())) return any.status();
        ended_ = true;  // what cannot be read was told when the input was checked
        break;
      }
      ended_ = !*any;
      if (*any) {
        if (absl::Status planned = PlanRow(std::move(row), tasks); !planned.ok()) return planned;
      }
    }
    return absl::OkStatus();
  }

  absl::Status PlanRow(PlannedRow row, std::vector<Task>* tasks) {
    if (!row.problems.empty()) {
      ++outcome_.counts.invalid;
      return absl::OkStatus();
    }
    const absl::StatusOr<std::optional<Entry>> entry = journal_.Find(row.request_id);
    if (!entry.ok()) return entry.status();
    const absl::Time now = absl::Now();
    const std::string credential = CredentialMark(journal_.salt(), method_.SecretOf(*row.request));
    const Action action = Decide(*entry, now, options_.window, credential);
    switch (action) {
      case Action::kSkip:
        ++((*entry)->state == RowState::kApplied ? outcome_.counts.skipped : outcome_.counts.unknown);
        return absl::OkStatus();
      case Action::kTooOld:
        return LeaveUnknown(row.request_id, **entry, kTooOldReason, kTooOldToDo);
      case Action::kOtherCredential:
        return LeaveUnknown(row.request_id, **entry, kOtherCredentialReason, kOtherCredentialToDo);
      case Action::kSend:
      case Action::kSendAgain:
        break;
    }
    const bool again = action == Action::kSendAgain;
    Entry mark{.state = RowState::kSending, .first_sent = again ? (*entry)->first_sent : now, .credential = credential};
    ++planned_;
    tasks->push_back({row.request_id, std::move(row.request), mark.first_sent, credential, again});
    return journal_.Put(row.request_id, mark);
  }

  absl::Status LeaveUnknown(const std::string& request_id, Entry entry, const char* reason, const char* to_do) {
    ++outcome_.counts.unknown;
    entry.state = RowState::kUnknown;
    entry.reason = reason;
    entry.next = to_do;
    return journal_.Put(request_id, entry);
  }

  Plan& plan_;
  const Method& method_;
  Journal& journal_;
  Sender& sender_;
  const SendOptions& options_;
  Progress& progress_;
  SendOutcome outcome_;
  uint64_t planned_ = 0;  // rows given to the sender
  bool ended_ = false;    // no row is left to plan
  bool stopping_ = false;
  std::string refusal_;  // the reason of the last refusals
  int refusals_ = 0;
};

}  // namespace

absl::StatusOr<SendOutcome> SendRows(Plan& plan, const Method& method, Journal& journal, Sender& sender,
                                     const SendOptions& options, Progress& progress) {
  return RowSending(plan, method, journal, sender, options, progress).Run();
}

}  // namespace interaction::cli::import
