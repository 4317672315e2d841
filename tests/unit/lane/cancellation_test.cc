#include "server/lane/cancellation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace interaction::lane {
namespace {

using ::testing::UnorderedElementsAre;

struct Recorder final : Cancellation::Listener {
  Recorder(int listener_id, std::vector<int>* told_ids) : id(listener_id), told(told_ids) {}
  void OnCancel() override { told->push_back(id); }
  const int id;
  std::vector<int>* const told;
};

TEST(CancellationTest, TellsEveryListenerOnce) {
  Cancellation cancellation;
  std::vector<int> told;
  Recorder one(1, &told), two(2, &told);
  cancellation.Add(&one);
  cancellation.Add(&two);
  cancellation.Cancel(CancelCause::kCaller);
  cancellation.Cancel(CancelCause::kCaller);
  EXPECT_THAT(told, UnorderedElementsAre(1, 2));
}

TEST(CancellationTest, DoesNotTellWhoWasRemoved) {
  Cancellation cancellation;
  std::vector<int> told;
  Recorder one(1, &told), two(2, &told), three(3, &told);
  for (Recorder* recorder : {&one, &two, &three}) cancellation.Add(recorder);
  cancellation.Remove(&two);
  cancellation.Cancel(CancelCause::kCaller);
  EXPECT_THAT(told, UnorderedElementsAre(1, 3));
}

TEST(CancellationTest, KeepsTheFirstCause) {
  Cancellation cancellation;
  cancellation.Cancel(CancelCause::kShutdown);
  cancellation.Cancel(CancelCause::kCaller);
  EXPECT_TRUE(cancellation.cancelled());
  EXPECT_EQ(cancellation.cause(), CancelCause::kShutdown);
}

// A call that is told to stop may end at once, and its cancellation with it.
TEST(CancellationTest, MayBeDestroyedByItsLastListener) {
  struct Owner final : Cancellation::Listener {
    void OnCancel() override { cancellation.reset(); }
    std::unique_ptr<Cancellation> cancellation = std::make_unique<Cancellation>();
  };
  Owner owner;
  owner.cancellation->Add(&owner);
  owner.cancellation->Cancel(CancelCause::kCaller);
  EXPECT_EQ(owner.cancellation, nullptr);
}

}  // namespace
}  // namespace interaction::lane
