#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/call/attempt.h"
#include "server/call/call.h"
#include "server/call/observer.h"
#include "server/call/work.h"
#include "server/limits/breaker.h"
#include "server/limits/retry.h"
#include "server/limits/upstream_limits.h"
#include "tests/support/fake_clock.h"
#include "tests/support/matchers.h"
#include "tests/unit/call/fake_upstream.h"
#include "tests/unit/lane/test_lane.h"

namespace interaction::testing {

// Keeps what it hears.
class RecordingObserver final : public call::Observer {
 public:
  void OnAttemptEnd(const call::Call&, const call::AttemptResult& attempt) override {
    interaction_ids_.emplace_back(attempt.interaction_id);
    attempts.push_back(attempt);
    attempts.back().interaction_id = interaction_ids_.back();
  }
  void OnEnd(const call::Call&) override { ++ended; }

  std::vector<call::AttemptResult> attempts;
  int ended = 0;

 private:
  std::list<std::string> interaction_ids_;  // of `attempts`
};

inline http::Response Opened(const std::string& id) { return {.status = 200, .body = id}; }

// Calls on a lane that stands still unless the test moves its clock, towards an upstream that the test answers for.
class CallTest : public ::testing::Test {
 protected:
  // What is still under way ends, as it does when the server ends.
  void TearDown() override {
    lane_.Run([this] { shutdown_.Cancel(lane::CancelCause::kShutdown); });
  }

  // A call that has been read and admitted, with ten seconds to be answered and twenty to be settled.
  std::shared_ptr<call::Call> MakeCall(const std::string& text = "text", const std::string& request_id = "") {
    auto call = std::make_shared<call::Call>(lane_.get(), upstream_);
    call->limits = &limits_;
    call->observer = &observer_;
    call->request_id = request_id;
    call->request = *upstream_->method->Prepare("|" + text).request;
    call->answer_by = clock_.SteadyNow() + absl::ToInt64Nanoseconds(absl::Seconds(10));
    call->settle_by = clock_.SteadyNow() + absl::ToInt64Nanoseconds(absl::Seconds(20));
    return call;
  }

  // One that has waited for 2 ms and been with the upstream for 1.5 ms, with all that can be told of it but its result.
  std::shared_ptr<call::Call> MakeServedCall() {
    auto call = MakeCall("text", "0f1a8a7e-3a0b-4f5e-9c58-6f1c2b7d9e10");
    call->caller = {.proof = auth::Proof::kToken, .identity = "billing"};
    call->authority = "upstream.test";
    call->trace.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    call->times.Enter(Phase::kQueue, clock_.SteadyNow());
    clock_.Advance(absl::Milliseconds(2));
    call->times.Enter(Phase::kWait, clock_.SteadyNow());
    clock_.Advance(absl::Microseconds(1500));
    call->times.Leave(clock_.SteadyNow());
    call->request_bytes = 120;
    return call;
  }

  // Lets time pass and runs what has come due.
  void Advance(absl::Duration duration) {
    clock_.Advance(duration);
    lane_.Run([] {});
  }

  // Ends a request of the upstream.
  void End(size_t index, absl::StatusOr<http::Response> result) {
    lane_.Run([&] { lane_.http().End(index, std::move(result)); });
  }
  void MarkSent(size_t index) {
    lane_.Run([&] { lane_.http().sent().at(index).may_have_been_sent = true; });
  }
  size_t requests() { return lane_.http().sent().size(); }

  FakeClock clock_;
  std::shared_ptr<upstream::Upstream> upstream_ = FakeUpstream();
  limits::RetryBudget budget_{limits::RetryBudgetOptions(), nullptr};
  limits::UpstreamLimits limits_{.breakers = nullptr,
                                 .retry_policy = limits::RetryPolicy({}),
                                 .retry_budget = &budget_,
                                 .permits = nullptr,
                                 .random = [] { return 0.5; }};
  RecordingObserver observer_;
  lane::Cancellation shutdown_;
  TestLane lane_{&clock_};
};

}  // namespace interaction::testing
