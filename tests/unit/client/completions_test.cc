#include "client/completions.h"

#include <memory>
#include <stop_token>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "client/task.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::internal {
namespace {

// Waits, and then says so. The last owner of what it waits with may be the coroutine itself.
Detached WaitFor(std::shared_ptr<Completions> completions, absl::Duration duration, std::stop_token stop,
                 std::thread::id* thread, absl::Notification* done) {
  co_await completions->WaitUntil(absl::Now() + duration, std::move(stop));
  *thread = std::this_thread::get_id();
  done->Notify();
}

struct Wait {
  std::thread::id thread;
  absl::Notification done;
};

TEST(CompletionsTest, AWaitEndsAtItsTimeOnTheThreadOfTheCompletions) {
  const auto completions = std::make_shared<Completions>();
  Wait wait;

  WaitFor(completions, absl::Milliseconds(1), {}, &wait.thread, &wait.done);
  wait.done.WaitForNotification();

  EXPECT_NE(wait.thread, std::this_thread::get_id());
}

TEST(CompletionsTest, AStopEndsAWaitUnderWay) {
  const auto completions = std::make_shared<Completions>();
  std::stop_source stop;
  Wait wait;

  WaitFor(completions, absl::Hours(1), stop.get_token(), &wait.thread, &wait.done);
  stop.request_stop();
  wait.done.WaitForNotification();

  EXPECT_NE(wait.thread, std::this_thread::get_id());
}

TEST(CompletionsTest, AStopThatIsThereAlreadyEndsAWait) {
  const auto completions = std::make_shared<Completions>();
  std::stop_source stop;
  stop.request_stop();
  Wait wait;

  WaitFor(completions, absl::Hours(1), stop.get_token(), &wait.thread, &wait.done);

  wait.done.WaitForNotification();
}

TEST(CompletionsTest, TheLastCoroutineMayBeTheLastOwner) {
  Wait wait;

  WaitFor(std::make_shared<Completions>(), absl::Milliseconds(1), {}, &wait.thread, &wait.done);

  wait.done.WaitForNotification();
}

}  // namespace
}  // namespace interaction::internal
