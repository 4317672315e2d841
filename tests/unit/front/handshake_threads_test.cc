#include "server/front/handshake_threads.h"

#include <atomic>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::front {
namespace {

using ::testing::ElementsAre;

TEST(HandshakeThreadsTest, RunStepsInTheOrderOfTheirArrival) {
  HandshakeThreads threads(1);
  std::vector<int> done;
  absl::Notification all;
  threads.Run([&] { done.push_back(1); });
  threads.Run([&] { done.push_back(2); });
  threads.Run([&] { all.Notify(); });
  all.WaitForNotification();
  EXPECT_THAT(done, ElementsAre(1, 2));
}

TEST(HandshakeThreadsTest, EndWithTheStepThatIsUnderWay) {
  HandshakeThreads threads(1);
  absl::Notification begun;
  std::atomic<bool> ended{false}, another{false};
  threads.Run([&] {
    begun.Notify();
    absl::SleepFor(absl::Milliseconds(20));  // if Stop() did not wait, it would be over first
    ended = true;
  });
  begun.WaitForNotification();
  threads.Stop();
  EXPECT_TRUE(ended);
  threads.Run([&] { another = true; });
  EXPECT_FALSE(another) << "a step was run after the end";
}

}  // namespace
}  // namespace interaction::front
