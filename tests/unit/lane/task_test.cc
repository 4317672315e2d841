#include "server/lane/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "server/lane/operation.h"

namespace interaction::lane {
namespace {

Task<int> Return(int value) { co_return value; }

Task<int> Sum(int a, int b) {
  auto first = Return(a);
  const int x = co_await first;
  auto second = Return(b);
  const int y = co_await second;
  co_return x + y;
}

Task<void> Store(Task<int> task, int* result) { *result = co_await task; }

TEST(TaskTest, YieldsTheValueOfTheTasksItAwaits) {
  int result = 0;
  Spawn(Store(Sum(2, 3), &result));
  EXPECT_EQ(result, 5);
}

TEST(TaskTest, DoesNotStartBeforeItIsAwaited) {
  bool started = false;
  const auto run = [](bool* flag) -> Task<void> {
    *flag = true;
    co_return;
  };
  { const auto task = run(&started); }
  EXPECT_FALSE(started);
}

TEST(TaskTest, YieldsValuesThatOnlyMove) {
  const auto make = []() -> Task<std::unique_ptr<std::string>> { co_return std::make_unique<std::string>("moved"); };
  const auto store = [](Task<std::unique_ptr<std::string>> task, std::string* out) -> Task<void> {
    const auto value = co_await task;
    *out = *value;
  };
  std::string result;
  Spawn(store(make(), &result));
  EXPECT_EQ(result, "moved");
}

TEST(TaskTest, ThatNobodyAwaitsFreesItselfAtItsEnd) {
  Operation operation;
  auto used = std::make_shared<int>(1);
  const std::weak_ptr<int> until_freed = used;
  const auto run = [](Operation* wait, std::shared_ptr<int> /*kept*/) -> Task<void> { co_await *wait; };
  Spawn(run(&operation, std::move(used)));
  EXPECT_FALSE(until_freed.expired());
  operation.Complete(true);
  EXPECT_TRUE(until_freed.expired());
}

Task<void> Await(Operation* operation, int* result) {
  const bool ok = co_await *operation;
  *result = ok ? 1 : 2;
}

TEST(OperationTest, ResumesItsAwaiterWithGrpcsVerdict) {
  Operation operation;
  int result = 0;
  Spawn(Await(&operation, &result));
  EXPECT_EQ(result, 0);
  operation.Complete(false);
  EXPECT_EQ(result, 2);
}

TEST(OperationTest, MayCompleteBeforeItIsAwaited) {
  Operation operation;
  operation.Complete(true);
  int result = 0;
  Spawn(Await(&operation, &result));
  EXPECT_EQ(result, 1);
}

TEST(OperationTest, CanBeUsedAgain) {
  Operation operation;
  int result = 0;
  Spawn(Await(&operation, &result));
  operation.Complete(true);
  EXPECT_EQ(result, 1);
  Spawn(Await(&operation, &result));
  operation.Complete(false);
  EXPECT_EQ(result, 2);
}

}  // namespace
}  // namespace interaction::lane
