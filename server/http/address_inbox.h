#pragma once

#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/http/resolver.h"

namespace interaction::http {

class Origin;

// Brings the resolver's answers from its threads to the client's. Both sides share it, because an answer may come after
// the client is gone.
class AddressInbox {
 public:
  struct Letter {
    Origin* origin;
    absl::StatusOr<Addresses> answer;
  };

  AddressInbox() = default;
  AddressInbox(const AddressInbox&) = delete;
  ~AddressInbox();

  absl::Status Init();

  // Readable when something arrived since the last Take().
  int event_fd() const { return event_fd_; }

  void Put(Letter letter);  // any thread
  std::vector<Letter> Take();

 private:
  int event_fd_ = -1;
  Mutex mutex_;
  std::vector<Letter> letters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace interaction::http
