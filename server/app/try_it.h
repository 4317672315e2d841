#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/admin/http_server.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/lane/lane.h"
#include "server/rpc/local_call.h"
#include "server/rpc/methods.h"

namespace interaction::app {

// Makes calls for an operator at the admin port, and keeps their results until they are asked for:
//
//   GET  /try              the methods and their fields, as JSON, to make a form from
//   POST /try?method=NAME  makes the call; the body is the request as JSON; answers {"id": "1"}
//   GET  /try?id=1         {"state": "running"}, or what the call came to
//
// Such a call goes the way of every call, from the policy on: its caller is "admin:try-it".
class TryIt {
 public:
  static constexpr size_t kMaxRunning = 4;
  static constexpr size_t kMaxKept = 16;  // results

  // All of these outlive the calls. `calls`: of each lane.
  TryIt(std::vector<lane::Lane*> lanes, std::vector<rpc::LaneCalls*> calls, const rpc::Methods* methods,
        const Clock* clock);

  // Calls can be made from now on, until Close(). Any thread, like the others.
  void Open() { SetOpen(true); }
  void Close() { SetOpen(false); }

  // Whether no call is under way.
  bool idle() const;

  admin::HttpResponse Answer(const admin::HttpRequest& request);

 private:
  struct Result {
    SteadyTime began = 0;
    std::string method;
    std::string json;  // "": under way
  };

  void SetOpen(bool is_open);
  absl::StatusOr<uint64_t> Begin(const std::string& method);
  void End(uint64_t id, const rpc::ServerCall::Ending& ending);
  admin::HttpResponse Make(const std::string& method, const std::string& body);
  admin::HttpResponse Show(const std::string& id) const;

  const std::vector<lane::Lane*> lanes_;
  const std::vector<rpc::LaneCalls*> calls_;
  const rpc::Methods* const methods_;
  const Clock* const clock_;
  const std::string form_;  // what the methods take, as JSON
  mutable Mutex mutex_;
  bool is_open_ ABSL_GUARDED_BY(mutex_) = false;
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Result> results_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace interaction::app
