#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/lane/lane.h"
#include "server/lane/watcher.h"
#include "tests/unit/call/scripted_client.h"

namespace interaction::testing {

// A lane that runs, with an HTTP client whose requests the test answers. Its timers go by `clock`, which may stand
// still.
class TestLane {
 public:
  explicit TestLane(const Clock* clock) {
    grpc::ServerBuilder builder;
    auto queue = builder.AddCompletionQueue();
    watcher_ = *lane::Watcher::Create();
    auto client = std::make_unique<ScriptedClient>();
    http_ = client.get();
    const int fd = client->epoll_fd();
    lane_ = std::make_unique<lane::Lane>(/*index=*/0, std::move(queue), std::move(client), absl::ZeroDuration(), clock,
                                         watcher_.get());
    (void)watcher_->Add(lane_.get(), fd);
    server_ = builder.BuildAndStart();
    lane_->Start();
  }

  ~TestLane() {
    server_->Shutdown();
    watcher_->Stop();
    lane_->Join();
  }

  lane::Lane* get() { return lane_.get(); }
  ScriptedClient& http() { return *http_; }

  // Runs `work` on the lane and what follows from it: timers that have come due and work handed over, some rounds of
  // it.
  void Run(absl::AnyInvocable<void() &&> work) {
    RunAlone(std::move(work));
    for (int i = 0; i < kRounds; ++i) {
      RunAlone([] {});
    }
  }

 private:
  static constexpr int kRounds = 8;

  void RunAlone(absl::AnyInvocable<void() &&> work) {
    absl::Notification done;
    lane_->Execute([&] {
      std::move(work)();
      done.Notify();
    });
    done.WaitForNotification();
  }

  ScriptedClient* http_ = nullptr;
  std::unique_ptr<lane::Watcher> watcher_;
  std::unique_ptr<lane::Lane> lane_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace interaction::testing
