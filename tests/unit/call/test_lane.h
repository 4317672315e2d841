#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/http/client.h"
#include "server/lane/lane.h"
#include "server/lane/watcher.h"

namespace interaction::call {

// A lane that runs, without HTTP. Its timers go by `clock`, which may stand still.
class TestLane {
 public:
  explicit TestLane(const Clock* clock) {
    grpc::ServerBuilder builder;
    auto queue = builder.AddCompletionQueue();
    watcher_ = *lane::Watcher::Create();
    auto client = std::make_unique<NoHttp>();
    const int fd = client->epoll_fd();
    lane_ =
        std::make_unique<lane::Lane>(std::move(queue), std::move(client), absl::ZeroDuration(), clock, watcher_.get());
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

  class NoHttp final : public http::Client {
   public:
    NoHttp() : event_(eventfd(0, EFD_NONBLOCK)) {}
    ~NoHttp() override { close(event_); }

    absl::StatusOr<http::Endpoint*> AddEndpoint(const http::EndpointOptions&) override { return nullptr; }
    http::Transfer* Send(http::Endpoint*, http::Request, const http::TransferLimits&,
                         http::TransferObserver*) override {
      return nullptr;
    }
    bool Cancel(http::Transfer*) override { return false; }
    bool MayHaveBeenSent(const http::Transfer*) const override { return false; }
    bool Turn() override { return false; }
    int epoll_fd() const override { return event_; }
    std::optional<SteadyTime> NextTimer() const override { return std::nullopt; }
    size_t in_flight() const override { return 0; }

   private:
    const int event_;
  };

  void RunAlone(absl::AnyInvocable<void() &&> work) {
    absl::Notification done;
    lane_->Execute([&] {
      std::move(work)();
      done.Notify();
    });
    done.WaitForNotification();
  }

  std::unique_ptr<lane::Watcher> watcher_;
  std::unique_ptr<lane::Lane> lane_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace interaction::call
