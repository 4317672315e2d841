#include "server/event/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace interaction::event {
namespace {

using ::testing::ElementsAre;

struct Ending final : Loop::EndOfTurn {
  void OnEndOfTurn() override { run(); }
  std::function<void()> run;
};

struct Alarm final : Timers::Timer {
  void OnDue() override { run(); }
  std::function<void()> run;
};

class LoopTest : public ::testing::Test {
 protected:
  bool Turn() { return loop_->Turn(absl::ZeroDuration()); }

  RealClock clock_;
  std::unique_ptr<Loop> loop_ = *Loop::Create(&clock_);
  std::vector<std::string> ran_;
};

TEST_F(LoopTest, DoesNothingWhenNothingIsToBeDone) {
  EXPECT_FALSE(Turn());
  EXPECT_EQ(loop_->TimeToNextTimer(), absl::InfiniteDuration());
}

TEST_F(LoopTest, KnowsWhenATurnBegan) {
  const SteadyTime before = clock_.SteadyNow();
  Ending ending;
  SteadyTime seen_in_turn = 0;
  ending.run = [&] { seen_in_turn = loop_->turn_time(); };
  loop_->RunAtEndOfTurn(&ending);
  Turn();
  EXPECT_GE(seen_in_turn, before);
  EXPECT_EQ(loop_->turn_time(), seen_in_turn) << "it is that of the turn, not of the look at it";
  loop_->RenewTurnTime();
  EXPECT_GT(loop_->turn_time(), seen_in_turn);
}

TEST_F(LoopTest, RunsTheEndOfATurnAfterItsTimers) {
  Ending ending;
  ending.run = [&] { ran_.push_back("end"); };
  Alarm alarm;
  alarm.run = [&] { ran_.push_back("timer"); };
  loop_->RunAtEndOfTurn(&ending);
  loop_->timers().Add(0, &alarm);
  EXPECT_EQ(loop_->TimeToNextTimer(), absl::ZeroDuration());
  EXPECT_TRUE(Turn());
  EXPECT_THAT(ran_, ElementsAre("timer", "end"));
  EXPECT_FALSE(Turn());
}

TEST_F(LoopTest, AnEndOfATurnThatAsksForAnotherRunsInTheNextTurn) {
  Ending ending;
  ending.run = [&] {
    ran_.push_back("end");
    if (ran_.size() < 2) loop_->RunAtEndOfTurn(&ending);
  };
  loop_->RunAtEndOfTurn(&ending);
  EXPECT_TRUE(Turn());
  EXPECT_THAT(ran_, ElementsAre("end"));
  EXPECT_TRUE(Turn());
  EXPECT_THAT(ran_, ElementsAre("end", "end"));
}

TEST_F(LoopTest, AnEndOfATurnThatIsRemovedByAnotherDoesNotRun) {
  Ending first, second;
  first.run = [&] {
    ran_.push_back("first");
    loop_->RemoveFromEndOfTurn(&second);
  };
  second.run = [&] { ran_.push_back("second"); };
  loop_->RunAtEndOfTurn(&first);
  loop_->RunAtEndOfTurn(&second);
  EXPECT_TRUE(Turn());
  EXPECT_THAT(ran_, ElementsAre("first"));
}

}  // namespace
}  // namespace interaction::event
