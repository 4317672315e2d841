#include "client/cli/import/sender.h"

#include <utility>

#include "absl/time/clock.h"
#include "client/cli/advice.h"
#include "client/cli/import/plan.h"
#include "client/cli/import/verdict.h"
#include "interaction/client.h"

namespace interaction::cli::import {
namespace {

using Fate = Done::Fate;

// NextStep() for a row of an import, which gets its request_id from the import.
std::string ToDo(const absl::Status& status, const CallError& error, RowState state) {
  if (state != RowState::kUnknown) return NextStep(status, error, "");
  if (error.reason == "OUTCOME_UNKNOWN" || error.bypassed) {
    return "check at the vendor whether it was opened; if not, import the row under another --name";
  }
  return "import again while the gateway knows the request_id: it says then what became of it; later, check at the "
         "vendor";
}

Done Applied(const Task& task, AnyReply reply) {
  return {task.request_id, Fate::kAnswered,
          Entry{.state = RowState::kApplied,
                .first_sent = task.first_sent,
                .credential = task.credential,
                .reply = std::move(reply.bytes)},
          reply.replayed};
}

Done Failed(const Task& task, const absl::Status& status, const CallError& error, RowState state) {
  return {task.request_id, Fate::kAnswered,
          Entry{.state = state,
                .first_sent = task.first_sent,
                .credential = task.credential,
                .reason = state == RowState::kUnknown && error.bypassed ? kBypassedReason : error.reason,
                .next = ToDo(status, error, state)}};
}

Done Stopped(const Task& task, RowState state, absl::Status why) {
  Done done{task.request_id, state == RowState::kUnknown ? Fate::kOpen : Fate::kNotSent};
  done.stop = std::move(why);
  return done;
}

}  // namespace

Sender::Sender(Call call, int jobs, double rate, absl::Duration patience)
    : call_(std::move(call)), patience_(patience), pace_(jobs, rate) {
  for (int i = 0; i < jobs; ++i) threads_.emplace_back([this] { Work(); });
}

Sender::~Sender() {
  Stop();
  for (std::thread& thread : threads_) thread.join();
}

void Sender::Push(std::vector<Task> tasks) {
  const std::lock_guard lock(mutex_);
  for (Task& task : tasks) tasks_.push_back(std::move(task));
  turn_.notify_all();
}

std::vector<Done> Sender::Take(size_t low, absl::Duration patience) {
  std::unique_lock lock(mutex_);
  taken_.wait_for(lock, absl::ToChronoNanoseconds(patience),
                  [&] { return tasks_.size() < low || (tasks_.empty() && busy_ == 0); });
  return std::exchange(done_, {});
}

void Sender::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const Task& task : tasks_) {
    done_.push_back(Stopped(task, task.may_be_applied ? RowState::kUnknown : RowState::kNotApplied, absl::OkStatus()));
  }
  tasks_.clear();
  turn_.notify_all();
  taken_.notify_all();
}

size_t Sender::waiting() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

bool Sender::idle() const {
  const std::lock_guard lock(mutex_);
  return tasks_.empty() && busy_ == 0 && done_.empty();
}

int Sender::allowed() const {
  const std::lock_guard lock(mutex_);
  return pace_.allowed();
}

void Sender::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    turn_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    ++busy_;
    lock.unlock();
    Done done = Finish(std::move(task));
    lock.lock();
    --busy_;
    done_.push_back(std::move(done));
    taken_.notify_all();
  }
}

bool Sender::WaitForTurn(absl::Time not_before) {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const absl::Time now = absl::Now();
    const absl::Time earliest = std::max(pace_.Earliest(now), not_before);
    if (earliest <= now) {
      pace_.OnStart(now);
      return true;
    }
    if (earliest == absl::InfiniteFuture()) {
      turn_.wait(lock);
    } else {
      turn_.wait_until(lock, absl::ToChronoTime(earliest));
    }
  }
  return false;
}

void Sender::EndTurn(bool success, bool slow_down, absl::Duration pause) {
  const std::lock_guard lock(mutex_);
  pace_.OnEnd();
  if (success) pace_.OnSuccess();
  if (slow_down) pace_.OnSlowDown(absl::Now(), pause);
  turn_.notify_all();
}

Done Sender::Finish(Task task) {
  Tries tries{.count = 0, .may_be_applied = task.may_be_applied, .patience = patience_};
  const absl::Time begin = absl::Now();
  absl::Time not_before = absl::InfinitePast();
  while (true) {
    if (!WaitForTurn(not_before)) {
      return Stopped(task, tries.may_be_applied ? RowState::kUnknown : RowState::kNotApplied, absl::OkStatus());
    }
    absl::StatusOr<AnyReply> reply = call_(*task.request);
    ++tries.count;
    tries.since_first = absl::Now() - begin;
    if (reply.ok()) {
      EndTurn(/*success=*/true, /*slow_down=*/false, absl::ZeroDuration());
      return Applied(task, *std::move(reply));
    }
    const absl::Status& status = reply.status();
    const CallError error = GetCallError(status);
    const Verdict verdict = Judge(status, error, tries);
    EndTurn(/*success=*/false, verdict.slow_down, verdict.delay);
    if (verdict.step == Verdict::Step::kFinal) return Failed(task, status, error, verdict.state);
    if (verdict.step == Verdict::Step::kStop) return Stopped(task, verdict.state, status);
    tries.may_be_applied = verdict.state == RowState::kUnknown;
    not_before = absl::Now() + verdict.delay;
  }
}

}  // namespace interaction::cli::import
