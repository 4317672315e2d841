#include "server/lane/lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "server/base/errors.h"
#include "server/event/loop.h"
#include "server/lane/operations.h"
#include "server/lane/task.h"
#include "tests/support/matchers.h"
#include "tests/support/require.h"

namespace interaction::lane {
namespace {

using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOkAndHolds;
using ::testing::AllOf;
using ::testing::Field;

// An HTTP client whose one transfer ends when the test says so, from any thread, as a socket would.
class FakeHttpClient final : public http::Client, private event::Poll::Handler {
 public:
  explicit FakeHttpClient(event::Loop* loop) : loop_(loop), event_(eventfd(0, EFD_NONBLOCK)) {
    interaction::testing::Require(loop_->poll().Add(event_, EPOLLIN, this).ok(), "watch the eventfd");
  }
  ~FakeHttpClient() override {
    loop_->poll().Remove(event_, this);
    close(event_);
  }

  // Lets the transfer end, now or when it is sent.
  void Complete(http::Response response) {
    response_ = std::move(response);
    eventfd_write(event_, 1);
  }

  // Ends the transfer within the call.
  void CompleteNow(http::Response response) { std::exchange(observer_, nullptr)->OnTransferDone(std::move(response)); }

  absl::StatusOr<http::Endpoint*> AddEndpoint(const http::EndpointOptions&) override { return nullptr; }
  void Reconfigure(http::Endpoint*, const http::EndpointOptions&) override {}
  http::Transfer* Send(http::Endpoint*, http::Request, const http::TransferLimits&,
                       http::TransferObserver* observer) override {
    observer_ = observer;
    return nullptr;
  }
  bool Cancel(http::Transfer*) override {
    observer_ = nullptr;
    return sent;
  }
  bool MayHaveBeenSent(const http::Transfer*) const override { return sent; }
  size_t in_flight() const override { return observer_ ? 1 : 0; }

  bool sent = false;

 private:
  void OnEvents(uint32_t) override {
    if (observer_ == nullptr) return;  // asked again in the next turn
    eventfd_t count;
    eventfd_read(event_, &count);
    std::exchange(observer_, nullptr)->OnTransferDone(std::move(response_));
  }

  event::Loop* const loop_;
  const int event_;
  http::TransferObserver* observer_ = nullptr;
  http::Response response_;
};

// A lane that runs, with nothing but its fake HTTP client; `spin` of zero makes it sleep whenever it can, also while it
// awaits an answer.
class LaneTest : public ::testing::TestWithParam<absl::Duration> {
 protected:
  LaneTest() {
    auto loop = *event::Loop::Create(&clock_);
    auto client = std::make_unique<FakeHttpClient>(loop.get());
    client_ = client.get();
    lane_ = std::make_unique<Lane>(/*index=*/0, std::move(loop), std::move(client), GetParam());
    lane_->Start();
  }

  ~LaneTest() override { lane_->Join(); }

  // Runs `task(arguments...)` on the lane and waits for its value.
  template <typename T>
  T Run(std::function<Task<T>()> task) {
    T result{};
    absl::Notification done;
    const auto run = [](std::function<Task<T>()> make, T* out, absl::Notification* notify) -> Task<void> {
      auto made = make();
      *out = co_await made;
      notify->Notify();
    };
    lane_->Execute([&] { Spawn(run(std::move(task), &result, &done)); });
    done.WaitForNotification();
    return result;
  }

  RealClock clock_;
  FakeHttpClient* client_;
  std::unique_ptr<Lane> lane_;
};

INSTANTIATE_TEST_SUITE_P(Spin, LaneTest, ::testing::Values(absl::ZeroDuration(), absl::Milliseconds(1)),
                         [](const auto& row) { return row.param == absl::ZeroDuration() ? "None" : "Some"; });

TEST_P(LaneTest, RunsWorkFromManyThreadsOnItsOwnThread) {
  constexpr int kThreads = 8, kEach = 500;
  absl::BlockingCounter remaining(kThreads * kEach);
  std::atomic<int> elsewhere{0};
  std::thread::id lane_thread;
  Run<int>([&]() -> Task<int> {
    lane_thread = std::this_thread::get_id();
    return [](int value) -> Task<int> { co_return value; }(0);
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        lane_->Execute([&] {
          if (std::this_thread::get_id() != lane_thread) ++elsewhere;
          remaining.DecrementCount();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  remaining.Wait();
  EXPECT_EQ(elsewhere, 0);
}

Task<bool> SleepFor(Lane* lane, absl::Duration duration, Cancellation* cancellation) {
  Sleep sleep(lane, duration, cancellation);
  co_return co_await sleep;
}

TEST_P(LaneTest, WakesATaskWhenItsTimeHasPassed) {
  Cancellation cancellation;
  const SteadyTime start = clock_.SteadyNow();
  EXPECT_TRUE(Run<bool>([&] { return SleepFor(lane_.get(), absl::Milliseconds(20), &cancellation); }));
  EXPECT_GE(clock_.SteadyNow() - start, absl::ToInt64Nanoseconds(absl::Milliseconds(20)));
}

TEST_P(LaneTest, WakesATaskThatIsCancelledInItsSleep) {
  Cancellation cancellation;
  std::thread canceller([&] { lane_->Execute([&] { cancellation.Cancel(CancelCause::kCaller); }); });
  EXPECT_FALSE(Run<bool>([&] { return SleepFor(lane_.get(), absl::Hours(1), &cancellation); }));
  canceller.join();
}

using Result = absl::StatusOr<http::Response>;

Task<std::optional<Result>> PostOnce(Lane* lane, Cancellation* cancellation) {
  http::Request request;
  Post post(lane, nullptr, &request, {absl::Seconds(10)}, cancellation);
  co_return co_await post;
}

TEST_P(LaneTest, WakesATaskWhoseTransferEnds) {
  Cancellation cancellation;
  std::thread upstream([&] { client_->Complete({.status = 201}); });
  const auto result = Run<std::optional<Result>>([&] { return PostOnce(lane_.get(), &cancellation); });
  upstream.join();
  EXPECT_THAT(*result, IsOkAndHolds(Field(&http::Response::status, 201)));
}

TEST_P(LaneTest, DoesNotSendForACallThatIsCancelledAlready) {
  Cancellation cancellation;
  cancellation.Cancel(CancelCause::kCaller);
  const auto result = Run<std::optional<Result>>([&] { return PostOnce(lane_.get(), &cancellation); });
  EXPECT_THAT(*result, AllOf(HasReason(Reason::kCancelledBeforeSend), HasOutcome(Outcome::kNotApplied)));
}

TEST_P(LaneTest, TellsTheOutcomeOfATransferThatIsCancelled) {
  for (const bool sent : {false, true}) {
    Cancellation cancellation;
    client_->sent = sent;
    std::thread canceller([&] { lane_->Execute([&] { cancellation.Cancel(CancelCause::kCaller); }); });
    const auto result = Run<std::optional<Result>>([&] { return PostOnce(lane_.get(), &cancellation); });
    canceller.join();
    // The cancellation may come before the task has started: then nothing was sent in either case.
    if (GetErrorDetails(result->status()).reason == Reason::kCancelledBeforeSend) {
      EXPECT_THAT(*result, HasOutcome(Outcome::kNotApplied));
    } else {
      EXPECT_TRUE(sent);
      EXPECT_THAT(*result, AllOf(HasReason(Reason::kCancelledAfterSend), HasOutcome(Outcome::kUnknown)));
    }
  }
}

Task<void> PostAndTell(Lane* lane, Cancellation* cancellation, const Post** under_way, absl::Notification* done) {
  http::Request request;
  Post post(lane, nullptr, &request, {absl::Seconds(10)}, cancellation);
  *under_way = &post;
  (void)co_await post;
  done->Notify();
}

// A call that leaves between the arrival of the answer and its stage must not be told that nothing was sent.
TEST_P(LaneTest, KnowsThatARequestWasSentWhileItsAnswerWaitsForItsStage) {
  Cancellation cancellation;
  const Post* under_way = nullptr;
  absl::Notification done;
  bool was_done = true, may_have_been_sent = false;
  lane_->Execute([&] {
    Spawn(PostAndTell(lane_.get(), &cancellation, &under_way, &done));
    client_->CompleteNow({.status = 201});
    was_done = done.HasBeenNotified();
    may_have_been_sent = under_way->MayHaveBeenSent();
  });
  done.WaitForNotification();
  EXPECT_FALSE(was_done);
  EXPECT_TRUE(may_have_been_sent);
}

struct Ending final : event::Loop::EndOfTurn {
  void OnEndOfTurn() override { run(); }
  std::function<void()> run;
};

TEST_P(LaneTest, RunsTheEndOfATurnAfterItsOtherWork) {
  std::vector<std::string> ran;
  Ending ending;
  absl::Notification done;
  ending.run = [&] {
    ran.push_back("end");
    done.Notify();
  };
  lane_->Execute([&] {
    lane_->loop().RunAtEndOfTurn(&ending);
    ran.push_back("work");
  });
  done.WaitForNotification();
  EXPECT_THAT(ran, ::testing::ElementsAre("work", "end"));
}

}  // namespace
}  // namespace interaction::lane
