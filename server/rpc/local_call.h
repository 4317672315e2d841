#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "server/auth/caller.h"
#include "server/lane/lane.h"
#include "server/rpc/methods.h"
#include "server/rpc/server_call.h"

namespace interaction::rpc {

// A unary call that the process makes of its own methods: it comes over no transport, and is like any other from there
// on. Its caller waits as long as the server's own limits allow.
class LocalCall final : public ServerCall {
 public:
  struct Request {
    std::string path;     // "/package.Service/Method"
    std::string message;  // serialized
    auth::Caller caller;
    std::string peer;  // as the log shows it
  };
  // How it ended. Called once, on the lane.
  using Done = std::function<void(Ending ending)>;

  // Makes the call on the lane. Any thread. All of them outlive the call.
  static void Start(lane::Lane* lane, const Methods* methods, LaneCalls* calls, Request request, Done done);

  LocalCall(lane::Lane* lane, Request request, Done done)
      : ServerCall(lane), request_(std::move(request)), done_(std::move(done)) {}
  ~LocalCall() override;

  absl::string_view path() const override { return request_.path; }
  absl::Span<const MetadataEntry> metadata() const override { return {}; }
  std::optional<absl::Duration> time_left() const override { return std::nullopt; }
  std::string peer() const override { return request_.peer; }
  auth::Caller caller() const override { return request_.caller; }
  absl::string_view message() const override { return request_.message; }
  void Abort() override {}  // whoever made it takes every answer at once

 private:
  std::optional<bool> StartRead() override { return !std::exchange(is_read_, true); }
  bool StartWrite(std::string, lane::Operation*) override { return true; }
  bool StartFinish(Ending ending, lane::Operation*) override {
    ending_ = std::move(ending);
    return true;
  }

  const Request request_;
  const Done done_;
  bool is_read_ = false;
  Ending ending_;
};

}  // namespace interaction::rpc
