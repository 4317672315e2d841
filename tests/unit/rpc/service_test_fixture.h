#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "server/lane/task.h"
#include "server/rpc/methods.h"
#include "tests/support/fake_server_call.h"
#include "tests/unit/call/call_test_fixture.h"

namespace interaction::testing {

// Services whose callers the test plays, on a lane of its own.
class ServiceTest : public CallTest {
 protected:
  void TearDown() override {
    CallTest::TearDown();
    ShutDown();
  }

  // `caller` calls the method at `path`. Returns where it is from now on.
  FakeCaller& Begin(const std::string& path, FakeCaller caller) {
    FakeCaller& calling = callers_.emplace_back(std::move(caller));
    lane_.Run([&] {
      auto call = std::make_unique<FakeServerCall>(lane_.get(), &calling);
      lane::Spawn(methods_.Find(path).handler(std::move(call), &calls_));
    });
    return calling;
  }

  // The server ends, and has no more time for what is in flight.
  void ShutDown() {
    lane_.Run([this] {
      calls_.streams.Cancel(lane::CancelCause::kShutdown);
      calls_.unary_calls.Cancel(lane::CancelCause::kShutdown);
    });
  }

  rpc::Methods methods_;
  rpc::LaneCalls calls_;

 private:
  std::deque<FakeCaller> callers_;  // stay where they are when there are more
};

}  // namespace interaction::testing
