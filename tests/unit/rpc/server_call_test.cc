#include "server/rpc/server_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "server/lane/task.h"
#include "tests/unit/rpc/service_test_fixture.h"

namespace interaction::rpc {
namespace {

using lane::CancelCause;
using testing::FakeCaller;
using testing::FakeServerCall;

class ServerCallTest : public testing::ServiceTest {
 protected:
  ServerCallTest() { call_ = std::make_unique<FakeServerCall>(lane_.get(), &caller_); }

  void Notify(MethodKind kind) {
    lane_.Run([this, kind] { call_->NotifyOfEnd(&calls_, kind, &told_); });
  }

  FakeCaller caller_;
  std::unique_ptr<FakeServerCall> call_;
  lane::Cancellation told_;
};

TEST_F(ServerCallTest, TellsWhenTheCallerIsGone) {
  Notify(MethodKind::kUnary);
  EXPECT_FALSE(told_.cancelled());
  lane_.Run([this] { call_->Leave(); });
  EXPECT_TRUE(told_.cancelled());
  EXPECT_EQ(told_.cause(), CancelCause::kCaller);
}

TEST_F(ServerCallTest, TellsOfACallerWhoLeftBefore) {
  lane_.Run([this] { call_->Leave(); });
  Notify(MethodKind::kStream);
  EXPECT_TRUE(told_.cancelled());
  EXPECT_EQ(told_.cause(), CancelCause::kCaller);
}

TEST_F(ServerCallTest, LetsAUnaryCallAnswerAtShutdown) {
  Notify(MethodKind::kUnary);
  ShutDown();
  EXPECT_EQ(told_.cause(), CancelCause::kShutdown);
  EXPECT_FALSE(caller_.was_cut_off);
}

TEST_F(ServerCallTest, TellsAStreamOfAShutdown) {
  Notify(MethodKind::kStream);
  ShutDown();
  EXPECT_EQ(told_.cause(), CancelCause::kShutdown);
  EXPECT_FALSE(caller_.was_cut_off);
}

lane::Task<void> ReadOnce(ServerCall* call, std::optional<bool>* result) {
  auto read = call->Read();
  *result = co_await read;
}

TEST_F(ServerCallTest, EndsTheReadOfAStreamAtShutdownAndReadsNoMore) {
  caller_.half_closed = false;
  Notify(MethodKind::kStream);
  std::optional<bool> waiting, later;
  lane_.Run([&] { lane::Spawn(ReadOnce(call_.get(), &waiting)); });
  EXPECT_EQ(waiting, std::nullopt);
  ShutDown();
  EXPECT_EQ(waiting, false);
  caller_.messages.push_back("one more");
  lane_.Run([&] { lane::Spawn(ReadOnce(call_.get(), &later)); });
  EXPECT_EQ(later, false);
}

TEST_F(ServerCallTest, ReadsOnInAUnaryCallAtShutdown) {
  caller_.half_closed = false;
  Notify(MethodKind::kUnary);
  std::optional<bool> read;
  lane_.Run([&] { lane::Spawn(ReadOnce(call_.get(), &read)); });
  ShutDown();
  EXPECT_EQ(read, std::nullopt);
  lane_.Run([&] { call_->Send("message"); });
  EXPECT_EQ(read, true);
  EXPECT_EQ(call_->message(), "message");
}

TEST_F(ServerCallTest, TellsOfAShutdownThatWasBefore) {
  ShutDown();
  Notify(MethodKind::kStream);
  EXPECT_TRUE(told_.cancelled());
  EXPECT_EQ(told_.cause(), CancelCause::kShutdown);
}

TEST_F(ServerCallTest, HearsOfNoShutdownOnceItIsDestroyed) {
  Notify(MethodKind::kUnary);
  lane_.Run([this] { call_.reset(); });
  ShutDown();
  EXPECT_FALSE(told_.cancelled());
}

}  // namespace
}  // namespace interaction::rpc
