#include "server/front/front.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "server/base/errors.h"
#include "server/rpc/server_call.h"
#include "server/rpc/status.h"
#include "tests/support/eventually.h"
#include "tests/support/fake_clock.h"
#include "tests/support/matchers.h"
#include "tests/support/raw_h2.h"
#include "tests/unit/lane/test_lane.h"

namespace interaction::front {
namespace {

using ::interaction::testing::Eventually;
using ::interaction::testing::FakeClock;
using ::interaction::testing::GrpcMessage;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::interaction::testing::RawCall;
using ::interaction::testing::RawH2Client;
using ::interaction::testing::TestLane;
using rpc::ServerCall;

// Answers with the message of the request, or with its refusal.
lane::Task<void> Echo(std::unique_ptr<ServerCall> call, rpc::LaneCalls*) {
  auto read = call->Read();
  const bool has_message = co_await read;
  ServerCall::Ending ending;
  if (has_message) {
    ending.reply = std::string(call->message());
  } else if (const absl::Status refusal = call->refusal(); !refusal.ok()) {
    ending.status = rpc::ToRpcStatus(refusal, "", "");
  }
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

// Writes each message back as it comes.
lane::Task<void> EchoStream(std::unique_ptr<ServerCall> call, rpc::LaneCalls* calls) {
  lane::Cancellation cancellation;
  call->NotifyOfEnd(calls, rpc::MethodKind::kStream, &cancellation);
  while (true) {
    auto read = call->Read();
    const bool has_message = co_await read;
    if (!has_message) break;
    auto write = call->Write(std::string(call->message()));
    const bool written = co_await write;
    if (!written) break;
  }
  ServerCall::Ending ending;
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

// Waits until its caller has left, and looks at the call after that.
class Waiting final : public lane::Cancellation::Listener {
 public:
  lane::Task<void> Serve(std::unique_ptr<ServerCall> call, rpc::LaneCalls* calls) {
    lane::Cancellation cancellation;
    call->NotifyOfEnd(calls, rpc::MethodKind::kUnary, &cancellation);
    began_.Notify();
    if (!cancellation.cancelled()) {
      cancellation.Add(this);
      co_await told_;
    }
    metadata_after_ = call->metadata().empty() ? "" : std::string(call->metadata()[0].value);
    ServerCall::Ending ending;
    auto finish = call->Finish(std::move(ending));
    finished_ok_ = co_await finish;
    ended_.Notify();
  }
  void OnCancel() override { told_.Complete(true); }

  absl::Notification began_, ended_;
  std::string metadata_after_;
  bool finished_ok_ = true;

 private:
  lane::Operation told_;
};

class FrontTest : public ::testing::Test {
 protected:
  explicit FrontTest(size_t lanes = 1, Options options = {}) {
    for (size_t i = 0; i < lanes; ++i) {
      lanes_.push_back(std::make_unique<TestLane>(&clock_));
      calls_.push_back(std::make_unique<rpc::LaneCalls>());
    }
    methods_.Add("/echo", rpc::MethodKind::kUnary, &Echo);
    methods_.Add("/stream", rpc::MethodKind::kStream, &EchoStream);
    methods_.Add("/wait", rpc::MethodKind::kUnary, [this](std::unique_ptr<ServerCall> call, rpc::LaneCalls* calls) {
      return waiting_.Serve(std::move(call), calls);
    });
    methods_.SetUnknown(&Echo);
    auto listener = *listen::Listener::Open("127.0.0.1:0", &clock_, nullptr);
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(listener->address().substr(listener->address().rfind(':') + 1), &port));
    port_ = static_cast<uint16_t>(port);
    std::vector<lane::Lane*> lane_pointers;
    std::vector<rpc::LaneCalls*> call_pointers;
    for (size_t i = 0; i < lanes; ++i) {
      lane_pointers.push_back(lanes_[i]->get());
      call_pointers.push_back(calls_[i].get());
    }
    options.session.max_message_bytes = 1000;
    front_ = std::make_unique<Front>(
        options, std::move(listener), lane_pointers, call_pointers, &methods_, [] { return 0.5; }, nullptr, nullptr);
    EXPECT_THAT(front_->Start(), IsOk());
  }

  ~FrontTest() override {
    front_->StopAccepting();
    front_->Close();
  }

  static RawCall Call(std::string path, std::string body) { return {.path = std::move(path), .body = std::move(body)}; }

  // Lets seconds pass, one after the other.
  void Pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock_.Advance(absl::Seconds(1));
      for (const auto& lane : lanes_) lane->Run([] {});
    }
  }

  FakeClock clock_;
  std::vector<std::unique_ptr<TestLane>> lanes_;
  std::vector<std::unique_ptr<rpc::LaneCalls>> calls_;
  rpc::Methods methods_;
  Waiting waiting_;
  uint16_t port_ = 0;
  std::unique_ptr<Front> front_;
};

TEST_F(FrontTest, AUnaryCallIsAnswered) {
  RawH2Client client(port_);
  const auto reply = client.Call(Call("/echo", GrpcMessage("hello")));
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->Message(), "hello");
  EXPECT_EQ(reply->Trailer("grpc-status"), "0");
}

TEST_F(FrontTest, ManyCallsOfOneConnectionAreAnsweredWhateverTheirOrder) {
  RawH2Client client(port_);
  std::vector<uint32_t> streams;
  for (int i = 0; i < 100; ++i) streams.push_back(client.Start(Call("/echo", GrpcMessage(absl::StrCat(i)))));
  for (int i = 99; i >= 0; --i) {
    const auto reply = client.Read(streams[i]);
    ASSERT_THAT(reply, IsOk());
    EXPECT_EQ(reply->Message(), absl::StrCat(i));
  }
}

TEST_F(FrontTest, AStreamReadsAndWritesMessages) {
  RawH2Client client(port_);
  const auto reply = client.Call(Call("/stream", GrpcMessage("one") + GrpcMessage("two")));
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->body, GrpcMessage("one") + GrpcMessage("two"));
  EXPECT_EQ(reply->Trailer("grpc-status"), "0");
}

TEST_F(FrontTest, TheHandlerAnswersForARequestThatIsNotAccepted) {
  RawH2Client client(port_);
  const auto large = client.Call(Call("/echo", GrpcMessage(std::string(1001, 'x'))));
  ASSERT_THAT(large, IsOk());
  EXPECT_EQ(large->Trailer("grpc-status"), "8");
  RawCall call = Call("/echo", GrpcMessage("hello"));
  call.grpc_timeout = "soon";
  const auto malformed = client.Call(call);
  ASSERT_THAT(malformed, IsOk());
  EXPECT_EQ(malformed->Trailer("grpc-status"), "3");
}

TEST_F(FrontTest, ACallHearsThatItsCallerCancelled) {
  RawH2Client client(port_);
  RawCall call = Call("/wait", GrpcMessage("m"));
  call.headers = {{"k", "kept"}};
  const uint32_t stream = client.Start(call);
  waiting_.began_.WaitForNotification();
  client.Cancel(stream);
  waiting_.ended_.WaitForNotification();
  EXPECT_FALSE(waiting_.finished_ok_);
  EXPECT_EQ(waiting_.metadata_after_, "kept");
}

TEST_F(FrontTest, ACallHearsThatItsConnectionBroke) {
  {
    RawH2Client client(port_);
    client.Start(Call("/wait", GrpcMessage("m")));
    waiting_.began_.WaitForNotification();
  }
  waiting_.ended_.WaitForNotification();
  EXPECT_FALSE(waiting_.finished_ok_);
  EXPECT_TRUE(Eventually([&] { return front_->connections() == 0; }));
}

TEST_F(FrontTest, AConnectionWithoutARequestIsClosedAfterAWhile) {
  RawH2Client client(port_);
  EXPECT_TRUE(Eventually([&] { return front_->connections() > 0; }));
  Pass(19);
  EXPECT_GT(front_->connections(), 0u);
  Pass(3);
  EXPECT_EQ(front_->connections(), 0u);
}

TEST_F(FrontTest, ACallWhoseMessageDoesNotComeIsAnsweredAfterAWhile) {
  RawH2Client client(port_);
  RawCall call = Call("/echo", GrpcMessage("hello").substr(0, 6));
  call.end_stream = false;
  const uint32_t stream = client.Start(call);
  EXPECT_THAT(client.Call(Call("/echo", GrpcMessage("other"))), IsOk());  // so the first has arrived, too
  Pass(33);
  const auto reply = client.Read(stream);
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->Trailer("grpc-status"), "4");
}

TEST_F(FrontTest, AnOldConnectionIsAskedToEndWhileItsCallsGoOn) {
  RawH2Client client(port_);
  client.Start(Call("/wait", GrpcMessage("m")));
  waiting_.began_.WaitForNotification();
  for (int minute = 0; minute < 9; ++minute) {
    Pass(60);
    EXPECT_THAT(client.Call(Call("/echo", GrpcMessage("m"))), IsOk());  // and answers pings
  }
  Pass(61);
  EXPECT_THAT(client.Call(Call("/echo", GrpcMessage("begun before the client knew"))), IsOk());
  EXPECT_TRUE(client.goaway());
  EXPECT_FALSE(waiting_.ended_.HasBeenNotified());
  EXPECT_GT(front_->connections(), 0u);
}

TEST_F(FrontTest, StoppingRefusesConnectionsAndEndsThoseWithoutCalls) {
  RawH2Client client(port_);
  EXPECT_THAT(client.Call(Call("/echo", GrpcMessage("hello"))), IsOk());
  front_->StopAccepting();
  Pass(6);
  EXPECT_TRUE(Eventually([&] { return front_->connections() == 0; }));
}

TEST_F(FrontTest, AClientThatHasNotConfirmedTheEndMayStillCall) {
  RawH2Client client(port_);
  EXPECT_THAT(client.Call(Call("/echo", GrpcMessage("hello"))), IsOk());

  front_->StopAccepting();
  Pass(3);

  EXPECT_FALSE(front_->clients_know());
  EXPECT_THAT(client.Call(Call("/echo", GrpcMessage("begun before the client knew"))), IsOk());  // and answers pings
  EXPECT_TRUE(client.goaway());
  Pass(1);
  EXPECT_TRUE(front_->clients_know());
}

TEST_F(FrontTest, ClosingEndsTheCallsThatAreLeft) {
  RawH2Client client(port_);
  client.Start(Call("/wait", GrpcMessage("m")));
  waiting_.began_.WaitForNotification();
  front_->StopAccepting();
  front_->Close();
  EXPECT_TRUE(waiting_.ended_.HasBeenNotified());
}

class TwoLanesTest : public FrontTest {
 protected:
  TwoLanesTest() : FrontTest(2) {
    methods_.Add("/lane", rpc::MethodKind::kUnary,
                 [](std::unique_ptr<ServerCall> call, rpc::LaneCalls*) { return TellLane(std::move(call)); });
  }

  static lane::Task<void> TellLane(std::unique_ptr<ServerCall> call) {
    ServerCall::Ending ending;
    ending.reply = absl::StrCat(reinterpret_cast<uintptr_t>(call->lane()));
    auto finish = call->Finish(std::move(ending));
    co_await finish;
  }
};

TEST_F(TwoLanesTest, EachConnectionGoesToTheLaneWithTheFewest) {
  RawH2Client first(port_);
  const auto one = first.Call(Call("/lane", GrpcMessage("")));
  RawH2Client second(port_);
  const auto two = second.Call(Call("/lane", GrpcMessage("")));
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(two, IsOk());
  EXPECT_NE(one->Message(), two->Message());
}

// Connections of one machine, of which two may be open, while three may be in all.
class ConnectionLimitTest : public FrontTest {
 protected:
  explicit ConnectionLimitTest(int max = 3, int max_per_peer = 2)
      : FrontTest(/*lanes=*/2, {.max_connections = max, .max_connections_per_peer = max_per_peer}) {}

  static bool IsServed(RawH2Client& client) { return client.Call(Call("/echo", GrpcMessage("m"))).ok(); }

  // Of three connections the first two are served, before and after the third, which is not.
  void ExpectTheThirdIsClosed() {
    RawH2Client first(port_);
    RawH2Client second(port_);
    ASSERT_TRUE(IsServed(first) && IsServed(second));
    RawH2Client third(port_);
    EXPECT_FALSE(IsServed(third));
    EXPECT_TRUE(IsServed(first) && IsServed(second));
  }
};

TEST_F(ConnectionLimitTest, OneMoreOfAMachineIsClosedAndTheOthersGoOn) { ExpectTheThirdIsClosed(); }

TEST_F(ConnectionLimitTest, AConnectionThatHasEndedMakesRoomForAnother) {
  RawH2Client first(port_);
  auto second = std::make_unique<RawH2Client>(port_);
  ASSERT_TRUE(IsServed(first) && IsServed(*second));
  second.reset();
  EXPECT_TRUE(Eventually([&] {
    RawH2Client next(port_);
    return IsServed(next);
  }));
}

class ConnectionLimitInAllTest : public ConnectionLimitTest {
 protected:
  ConnectionLimitInAllTest() : ConnectionLimitTest(/*max=*/2, /*max_per_peer=*/0) {}
};

TEST_F(ConnectionLimitInAllTest, OneMoreThanMayBeOverAllLanesIsClosed) { ExpectTheThirdIsClosed(); }

}  // namespace
}  // namespace interaction::front
