// Many transfers in one turn of the loop: they read, decrypt, parse and write one after the other.

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/http/client.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"
#include "tests/unit/http/client_fixture.h"

namespace interaction::http {
namespace {

using interaction::testing::Eventually;
using interaction::testing::IsOkAndHolds;
using interaction::testing::RawUpstream;
using interaction::testing::RawUpstreamOptions;
using interaction::testing::RecordedRequest;
using interaction::testing::Respond;
using interaction::testing::RespondJson;
using interaction::testing::Script;
using interaction::testing::WaitFor;
using ::testing::Field;

constexpr int kTransfers = 200;

// Whether the upstream has TLS.
class ClientBatchesTest : public ClientTlsTest, public ::testing::WithParamInterface<bool> {
 protected:
  // Sends these bodies at once; returns what is to be known of each.
  std::deque<Outcomes> SendAll(const RawUpstream& upstream, const std::vector<std::string>& bodies) {
    std::deque<Outcomes> outcomes(bodies.size());
    for (size_t i = 0; i < bodies.size(); ++i) {
      transfers_.push_back(
          client_->Send(upstream_, Post(upstream.url(), bodies[i]), {absl::Seconds(20)}, &outcomes[i]));
    }
    return outcomes;
  }

  // So many connections are idle afterwards.
  void KeepConnections(const RawUpstream& upstream, int number) {
    std::deque<Outcomes> outcomes = SendAll(upstream, std::vector<std::string>(static_cast<size_t>(number), "warm"));
    RunUntil([&] { return client_->in_flight() == 0; });
    transfers_.clear();
  }

  const RawUpstreamOptions options_ = GetParam() ? WithTls() : RawUpstreamOptions();
  Endpoint* const upstream_ = AddWithTls();
  std::vector<Transfer*> transfers_;
};

std::vector<std::string> Bodies(size_t size, int number = kTransfers) {
  std::vector<std::string> bodies;
  for (int i = 0; i < number; ++i)
    bodies.push_back(absl::StrCat(i, "-", std::string(size, static_cast<char>('a' + i % 26))));
  return bodies;
}

Script Echo(const RecordedRequest& request) { return {Respond(200, "text/plain", request.body)}; }

TEST_P(ClientBatchesTest, EachGetsItsOwnAnswer) {
  RawUpstream upstream(Echo, options_);
  // All in one batch, as many as fit into one, some, and more than one read each.
  const std::pair<size_t, int> kinds[] = {{10, kTransfers}, {700, kTransfers}, {5'000, 50}, {200'000, 20}};
  for (const auto& [size, number] : kinds) {
    const std::vector<std::string> bodies = Bodies(size, number);
    for (int round = 0; round < 3; ++round) {
      std::deque<Outcomes> outcomes = SendAll(upstream, bodies);
      RunUntil([&] { return client_->in_flight() == 0; });
      for (size_t i = 0; i < bodies.size(); ++i) {
        EXPECT_THAT(outcomes[i].result, IsOkAndHolds(Field(&Response::body, bodies[i])));
        EXPECT_EQ(outcomes[i].times, 1);
      }
    }
  }
  EXPECT_EQ(upstream.counts().connections, static_cast<size_t>(kTransfers)) << "in every round the same";
}

// All answers are there before the loop turns, so they are read in the same turn.
TEST_P(ClientBatchesTest, AnAnswerThatCancelsTheOthersIsTheOnlyOne) {
  absl::Notification answer;
  RawUpstream upstream(
      [&](const RecordedRequest&) {
        return Script{WaitFor(answer), RespondJson(200, "{}")};
      },
      options_);
  std::deque<Outcomes> outcomes = SendAll(upstream, std::vector<std::string>(kTransfers, "{}"));
  RunUntil([&] { return upstream.counts().requests == static_cast<size_t>(kTransfers); });
  int answered = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i].then = [&, i] {
      ++answered;
      for (size_t other = 0; other < outcomes.size(); ++other) {
        if (other == i) continue;
        EXPECT_TRUE(client_->Cancel(transfers_[other]));
      }
    };
  }
  answer.Notify();
  ASSERT_TRUE(Eventually([&] { return upstream.counts().being_answered == 0; }));
  RunUntil([&] { return client_->in_flight() == 0; });
  EXPECT_EQ(answered, 1);
  while (Turn()) {
  }
  EXPECT_EQ(answered, 1);
}

TEST_P(ClientBatchesTest, WhatIsCancelledInTheTurnThatBeganItIsNotSent) {
  RawUpstream upstream(Echo, options_);
  KeepConnections(upstream, 3);
  std::deque<Outcomes> outcomes = SendAll(upstream, {"1", "2", "3"});
  EXPECT_FALSE(client_->MayHaveBeenSent(transfers_[1]));
  EXPECT_FALSE(client_->Cancel(transfers_[1]));
  RunUntil([&] { return client_->in_flight() == 0; });
  EXPECT_THAT(outcomes[0].result, IsOkAndHolds(Field(&Response::body, "1")));
  EXPECT_EQ(outcomes[1].times, 0);
  EXPECT_THAT(outcomes[2].result, IsOkAndHolds(Field(&Response::body, "3")));
  EXPECT_EQ(upstream.counts().requests, 5u);
}

TEST_P(ClientBatchesTest, OneThatBeginsWithAnAnswerIsSentInItsTurn) {
  RawUpstream upstream(Echo, options_);
  KeepConnections(upstream, 1);
  Outcomes first;
  Outcomes second;
  first.then = [&] { client_->Send(upstream_, Post(upstream.url(), "second"), {absl::Seconds(20)}, &second); };
  client_->Send(upstream_, Post(upstream.url(), "first"), {absl::Seconds(20)}, &first);
  RunUntil([&] { return second.times == 1; });
  EXPECT_THAT(second.result, IsOkAndHolds(Field(&Response::body, "second")));
  EXPECT_EQ(upstream.counts().connections, 1u);
}

TEST_P(ClientBatchesTest, KeptConnectionsThatHaveEndedAreReplaced) {
  absl::Notification end;
  RawUpstream upstream(
      [&](const RecordedRequest& request) {
        Script script = Echo(request);
        script.push_back(WaitFor(end));
        script.push_back(interaction::testing::Close());
        return script;
      },
      options_);
  KeepConnections(upstream, kTransfers);
  end.Notify();
  ASSERT_TRUE(Eventually([&] { return upstream.counts().being_answered == 0; })) << "the client has not looked since";

  const std::vector<std::string> bodies = Bodies(10);
  std::deque<Outcomes> outcomes = SendAll(upstream, bodies);
  RunUntil([&] { return client_->in_flight() == 0; });
  for (size_t i = 0; i < bodies.size(); ++i) {
    EXPECT_THAT(outcomes[i].result, IsOkAndHolds(Field(&Response::body, bodies[i])));
  }
  EXPECT_EQ(upstream.counts().requests, static_cast<size_t>(2 * kTransfers)) << "nothing was sent twice";
  EXPECT_EQ(upstream.counts().connections, static_cast<size_t>(2 * kTransfers));
}

INSTANTIATE_TEST_SUITE_P(Transports, ClientBatchesTest, ::testing::Bool(),
                         [](const auto& row) { return row.param ? "Tls" : "Plaintext"; });

}  // namespace
}  // namespace interaction::http
