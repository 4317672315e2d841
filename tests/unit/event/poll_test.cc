#include "server/event/poll.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace interaction::event {
namespace {

using ::testing::ElementsAre;

// A pipe whose reading end is watched.
class Pipe final : public Poll::Handler {
 public:
  explicit Pipe(std::function<void(uint32_t)> on_events) : on_events_(std::move(on_events)) {
    EXPECT_EQ(pipe2(ends_, O_NONBLOCK | O_CLOEXEC), 0);
  }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  int fd() const { return ends_[0]; }
  void Write() { EXPECT_EQ(write(ends_[1], "x", 1), 1); }
  void OnEvents(uint32_t events) override { on_events_(events); }

 private:
  std::function<void(uint32_t)> on_events_;
  int ends_[2];
};

class PollTest : public ::testing::Test {
 protected:
  std::unique_ptr<Poll> poll_ = *Poll::Create();
};

TEST_F(PollTest, ReportsADescriptorThatIsReadable) {
  std::vector<uint32_t> seen;
  Pipe pipe([&](uint32_t events) { seen.push_back(events); });
  ASSERT_TRUE(poll_->Add(pipe.fd(), EPOLLIN, &pipe).ok());
  EXPECT_FALSE(poll_->Turn(absl::ZeroDuration()));
  pipe.Write();
  EXPECT_TRUE(poll_->Turn(absl::InfiniteDuration()));
  EXPECT_THAT(seen, ElementsAre(EPOLLIN));
}

TEST_F(PollTest, ReportsTheEventsThatModifyAsksFor) {
  std::vector<uint32_t> seen;
  Pipe pipe([&](uint32_t events) { seen.push_back(events); });
  ASSERT_TRUE(poll_->Add(pipe.fd(), EPOLLIN, &pipe).ok());
  poll_->Modify(pipe.fd(), 0, &pipe);
  pipe.Write();
  EXPECT_FALSE(poll_->Turn(absl::ZeroDuration()));
  poll_->Modify(pipe.fd(), EPOLLIN, &pipe);
  EXPECT_TRUE(poll_->Turn(absl::ZeroDuration()));
}

TEST_F(PollTest, AnEdgeIsReportedOnce) {
  int seen = 0;
  Pipe pipe([&](uint32_t) { ++seen; });
  ASSERT_TRUE(poll_->Add(pipe.fd(), EPOLLIN | EPOLLET, &pipe).ok());
  pipe.Write();
  poll_->Turn(absl::ZeroDuration());
  poll_->Turn(absl::ZeroDuration());
  EXPECT_EQ(seen, 1);
}

TEST_F(PollTest, ADescriptorRemovedByAnotherHandlerInTheSameTurnIsNotReported) {
  std::vector<int> reported;
  std::unique_ptr<Pipe> first, second;
  const auto remove_the_other = [&](int self, std::unique_ptr<Pipe>& other) {
    reported.push_back(self);
    poll_->Remove(other->fd(), other.get());
    other.reset();
  };
  first = std::make_unique<Pipe>([&](uint32_t) { remove_the_other(1, second); });
  second = std::make_unique<Pipe>([&](uint32_t) { remove_the_other(2, first); });
  ASSERT_TRUE(poll_->Add(first->fd(), EPOLLIN, first.get()).ok());
  ASSERT_TRUE(poll_->Add(second->fd(), EPOLLIN, second.get()).ok());
  first->Write();
  second->Write();
  poll_->Turn(absl::InfiniteDuration());
  EXPECT_EQ(reported.size(), 1u);
}

TEST_F(PollTest, WakeFromAnotherThreadEndsTheWait) {
  std::thread other([&] { poll_->Wake(); });
  EXPECT_FALSE(poll_->Turn(absl::InfiniteDuration()));
  other.join();
}

TEST_F(PollTest, AWakeBeforeTheWaitIsNotLostAndCountsOnce) {
  poll_->Wake();
  poll_->Wake();
  EXPECT_FALSE(poll_->Turn(absl::InfiniteDuration()));
  // Nothing is left: a second wait would not end by itself, so this one only looks.
  Pipe outer([](uint32_t) {});
  std::unique_ptr<Poll> nesting = *Poll::Create();
  ASSERT_TRUE(nesting->Add(poll_->fd(), EPOLLIN, &outer).ok());
  EXPECT_FALSE(nesting->Turn(absl::ZeroDuration()));
}

TEST_F(PollTest, ItsOwnDescriptorIsReadableWhenThereIsSomethingToDo) {
  Pipe pipe([](uint32_t) {});
  ASSERT_TRUE(poll_->Add(pipe.fd(), EPOLLIN, &pipe).ok());
  int seen = 0;
  Pipe outer([&](uint32_t) { ++seen; });
  std::unique_ptr<Poll> nesting = *Poll::Create();
  ASSERT_TRUE(nesting->Add(poll_->fd(), EPOLLIN, &outer).ok());
  pipe.Write();
  EXPECT_TRUE(nesting->Turn(absl::ZeroDuration()));
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace interaction::event
