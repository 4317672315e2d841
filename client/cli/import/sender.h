#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/import/journal.h"
#include "client/cli/import/method.h"
#include "client/cli/import/pace.h"

namespace interaction::cli::import {

// A row to send. The journal has it as kSending already.
struct Task {
  std::string request_id;
  std::unique_ptr<google::protobuf::Message> request;
  absl::Time first_sent;
  std::string credential;
  bool may_be_applied = false;  // it was sent before, and nobody knows what became of it
};

// What became of a task.
struct Done {
  enum class Fate {
    kAnswered,  // `entry` is the result
    kNotSent,   // the import stops, and nothing was opened: as if there had been no task
    kOpen,      // the import stops, and the row may have been opened: the journal keeps it as kSending
  };
  std::string request_id;
  Fate fate = Fate::kAnswered;
  Entry entry;
  bool replayed = false;
  absl::Status stop;  // not OK: why the whole import has to stop
};

// Calls for rows, several at a time, until each has a result. Thread-safe.
class Sender {
 public:
  using Call = std::function<absl::StatusOr<AnyReply>(const google::protobuf::Message&)>;

  // `call` is called from `jobs` threads.
  Sender(Call call, int jobs, double rate, absl::Duration patience);
  ~Sender();  // stops

  void Push(std::vector<Task> tasks);

  // Waits, at most `patience`, until fewer than `low` tasks wait for their turn or nothing is under way. Returns what
  // is done since.
  std::vector<Done> Take(size_t low, absl::Duration patience);

  // No further call starts, and tasks that wait come back as not sent. Calls under way are waited for.
  void Stop();

  size_t waiting() const;  // tasks that have no thread yet
  bool idle() const;       // nothing waits, nothing is under way, and all results are taken
  int allowed() const;     // calls that may be under way at present

 private:
  void Work();
  Done Finish(Task task);
  bool WaitForTurn(absl::Time not_before);  // false: stopped
  void EndTurn(bool success, bool slow_down, absl::Duration pause);

  const Call call_;
  const absl::Duration patience_;
  mutable std::mutex mutex_;
  std::condition_variable turn_;   // a task, a turn, or the end
  std::condition_variable taken_;  // a result, or fewer tasks
  std::deque<Task> tasks_;
  std::vector<Done> done_;
  Pace pace_;
  size_t busy_ = 0;  // threads with a task
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace interaction::cli::import
