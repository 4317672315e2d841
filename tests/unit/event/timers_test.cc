#include "server/event/timers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace interaction::event {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

struct Callback final : Timers::Timer {
  explicit Callback(std::function<void()> f) : run(std::move(f)) {}
  void OnDue() override { run(); }
  std::function<void()> run;
};

TEST(TimersTest, RunInTheOrderInWhichTheyComeDue) {
  std::vector<std::string> ran;
  Callback late([&] { ran.push_back("late"); }), early([&] { ran.push_back("early"); });
  Timers timers;
  timers.Add(20, &late);
  timers.Add(10, &early);
  EXPECT_THAT(timers.Next(), Optional(10));
  EXPECT_TRUE(timers.RunDue(20));
  EXPECT_THAT(ran, ElementsAre("early", "late"));
  EXPECT_EQ(timers.Next(), std::nullopt);
}

TEST(TimersTest, DoNotRunBeforeTheyAreDue) {
  std::vector<std::string> ran;
  Callback timer([&] { ran.push_back("timer"); });
  Timers timers;
  timers.Add(10, &timer);
  EXPECT_FALSE(timers.RunDue(9));
  EXPECT_THAT(ran, IsEmpty());
}

TEST(TimersTest, DoNotRunOnceRemovedEvenByATimerDueAtTheSameTime) {
  Timers timers;
  std::vector<std::string> ran;
  Callback* victim_pointer = nullptr;
  Callback first([&] {
    ran.push_back("first");
    timers.Remove(10, victim_pointer);
  });
  Callback victim([&] { ran.push_back("victim"); });
  victim_pointer = &victim;
  timers.Add(5, &first);
  timers.Add(10, &victim);
  timers.RunDue(10);
  EXPECT_THAT(ran, ElementsAre("first"));
}

TEST(TimersTest, MayAddTimersWhileTheyRun) {
  Timers timers;
  int runs = 0;
  Callback again([&] {
    if (++runs < 3) timers.Add(10 + runs, &again);
  });
  timers.Add(10, &again);
  timers.RunDue(100);
  EXPECT_EQ(runs, 3);
}

}  // namespace
}  // namespace interaction::event
