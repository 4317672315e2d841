#include "server/lane/stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/lane/task.h"

namespace interaction::lane {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StagesTest : public ::testing::Test {
 protected:
  // A call that notes its name at each of the stages that it enters.
  Task<void> Go(std::string name, std::vector<Stage> through) {
    for (const Stage stage : through) {
      co_await stages_.Enter(stage);
      ran_.push_back(name);
    }
  }

  Stages stages_;
  std::vector<std::string> ran_;
};

TEST_F(StagesTest, TakesAllCallsThroughAStageBeforeTheNext) {
  Spawn(Go("first", {Stage::kParse, Stage::kEncode, Stage::kSend}));
  Spawn(Go("second", {Stage::kParse, Stage::kEncode, Stage::kSend}));
  EXPECT_TRUE(stages_.Run());
  EXPECT_THAT(ran_, ElementsAre("first", "second", "first", "second", "first", "second"));
}

TEST_F(StagesTest, TakesStagesInTheirOrderWhoeverCameFirst) {
  Spawn(Go("sends", {Stage::kSend}));
  Spawn(Go("parses", {Stage::kParse}));
  Spawn(Go("decodes", {Stage::kDecode}));
  stages_.Run();
  EXPECT_THAT(ran_, ElementsAre("decodes", "parses", "sends"));
}

TEST_F(StagesTest, RunsNothingBeforeItsTurn) {
  Spawn(Go("call", {Stage::kParse}));
  EXPECT_THAT(ran_, IsEmpty());
  stages_.Run();
  EXPECT_THAT(ran_, ElementsAre("call"));
}

TEST_F(StagesTest, LeavesAStageThatIsOverForTheNextTurn) {
  Spawn(Go("call", {Stage::kEncode, Stage::kDecode, Stage::kDecode}));
  stages_.Run();
  EXPECT_THAT(ran_, ElementsAre("call"));
  stages_.Run();
  EXPECT_THAT(ran_, ElementsAre("call", "call"));
  stages_.Run();
  EXPECT_THAT(ran_, ElementsAre("call", "call", "call"));
}

TEST_F(StagesTest, SaysWhetherAnybodyWaited) {
  EXPECT_FALSE(stages_.Run());
  Spawn(Go("call", {Stage::kSend}));
  EXPECT_TRUE(stages_.Run());
  EXPECT_FALSE(stages_.Run());
}

}  // namespace
}  // namespace interaction::lane
