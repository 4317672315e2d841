#include <atomic>
#include <coroutine>
#include <exception>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "interaction/client.h"
#include "tests/support/matchers.h"
#include "tests/unit/client/fake_gateway.h"

namespace interaction {
namespace {

using ::interaction::testing::FakeGateway;
using ::interaction::testing::IsOk;
using ::interaction::testing::RefusingPort;
using ::interaction::testing::StatusIs;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using VspResult = absl::StatusOr<Reply<v1::CreateVspInteractionResponse>>;
using WolkvoxResult = absl::StatusOr<Reply<v1::AddWolkvoxInteractionResponse>>;

std::unique_ptr<Client> ClientOf(const std::string& target) {
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect({.target = target});
  EXPECT_THAT(client, IsOk());
  return *std::move(client);
}

CallOptions StoppedBy(const std::stop_source& source) {
  return {.deadline = {}, .metadata = {}, .stop = source.get_token()};
}

// A call to CreateVspInteraction, with the mutex held that the callback takes: a callback inside it would never end.
VspResult Open(Client& client, const CallOptions& options = {}) {
  std::mutex mutex;
  absl::Notification done;
  VspResult result;
  {
    const std::lock_guard lock(mutex);
    client.CreateVspInteractionAsync({}, options, [&](VspResult its_result) {
      const std::lock_guard lock_of_callback(mutex);
      result = std::move(its_result);
      done.Notify();
    });
  }
  done.WaitForNotification();
  const std::lock_guard lock(mutex);
  return result;
}

TEST(AsyncClientTest, TheCallbackGetsTheReplyOfEitherMethod) {
  FakeGateway gateway;
  gateway.OnCreateVsp([](auto&, const auto&, auto& reply) {
    reply.set_interaction_id("opened");
    return grpc::Status::OK;
  });
  gateway.OnAddWolkvox([](auto&, const auto& request, auto& reply) {
    reply.set_message(request.sender());
    return grpc::Status::OK;
  });
  const auto client = ClientOf(gateway.target());

  const VspResult vsp = Open(*client);
  absl::Notification done;
  WolkvoxResult wolkvox;
  v1::AddWolkvoxInteractionRequest request;
  request.set_sender("me");
  client->AddWolkvoxInteractionAsync(request, {}, [&](WolkvoxResult result) {
    wolkvox = std::move(result);
    done.Notify();
  });
  done.WaitForNotification();

  ASSERT_THAT(vsp, IsOk());
  EXPECT_EQ(vsp->message.interaction_id(), "opened");
  EXPECT_THAT(vsp->request_id, SizeIs(36));
  ASSERT_THAT(wolkvox, IsOk());
  EXPECT_EQ(wolkvox->message.message(), "me");
}

TEST(AsyncClientTest, AnErrorBeforeSendingReachesTheCallbackAfterTheFunctionHasReturned) {
  FakeGateway gateway;
  const auto client = ClientOf(gateway.target());

  const VspResult result = Open(*client, {.deadline = {}, .metadata = {{"Upper", "x"}}, .stop = {}});

  EXPECT_EQ(GetCallError(result.status()).reason, kIllegalMetadata);
  EXPECT_THAT(gateway.calls(), IsEmpty());
}

TEST(AsyncClientTest, WithoutAGatewayNothingIsSent) {
  const RefusingPort port;
  const VspResult result = Open(*ClientOf(absl::StrCat("127.0.0.1:", port.port())));

  ASSERT_THAT(result, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(GetCallError(result.status()).reason, kGatewayUnreachable);
}

TEST(AsyncClientTest, AStopThatIsThereAlreadyKeepsTheCallFromBeingSent) {
  FakeGateway gateway;
  const auto client = ClientOf(gateway.target());
  std::stop_source stop;
  stop.request_stop();

  const VspResult result = Open(*client, StoppedBy(stop));

  EXPECT_EQ(GetCallError(result.status()).reason, kCancelledUnsent);
  EXPECT_THAT(gateway.calls(), IsEmpty());
}

TEST(AsyncClientTest, AStopDuringTheCallEndsItWithAnUnknownOutcomeAndNoCallbackInsideRequestStop) {
  FakeGateway gateway;
  absl::Notification arrived, end;
  gateway.OnCreateVsp([&](auto&&...) {
    arrived.Notify();
    end.WaitForNotification();
    return grpc::Status::OK;
  });
  const auto client = ClientOf(gateway.target());
  std::stop_source stop;
  std::mutex mutex;
  absl::Notification done;
  VspResult result;

  client->CreateVspInteractionAsync({}, StoppedBy(stop), [&](VspResult its_result) {
    const std::lock_guard lock(mutex);
    result = std::move(its_result);
    done.Notify();
  });
  arrived.WaitForNotification();
  {
    const std::lock_guard lock(mutex);
    stop.request_stop();
  }
  done.WaitForNotification();
  end.Notify();

  const CallError error = GetCallError(result.status());
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(error.outcome, CallError::Outcome::kUnknown);
  EXPECT_THAT(error.request_id, SizeIs(36));
}

TEST(AsyncClientTest, ACallOutlivesItsClient) {
  FakeGateway gateway;
  absl::Notification arrived, go_on, done;
  gateway.OnCreateVsp([&](auto&&...) {
    arrived.Notify();
    go_on.WaitForNotification();
    return grpc::Status::OK;
  });
  auto client = ClientOf(gateway.target());
  VspResult result;
  client->CreateVspInteractionAsync({}, {}, [&](VspResult its_result) {
    result = std::move(its_result);
    done.Notify();
  });

  arrived.WaitForNotification();
  client.reset();
  go_on.Notify();
  done.WaitForNotification();

  EXPECT_THAT(result, IsOk());
}

TEST(AsyncClientTest, ACallbackMayDestroyTheClient) {
  FakeGateway gateway;
  auto client = ClientOf(gateway.target());
  absl::Notification may_go_on, done;

  client->CreateVspInteractionAsync({}, {}, [&](const VspResult&) {
    may_go_on.WaitForNotification();
    client.reset();
    done.Notify();
  });
  may_go_on.Notify();
  done.WaitForNotification();

  EXPECT_THAT(gateway.calls(), SizeIs(1));
}

TEST(AsyncClientTest, ARetriedCallHasOneRequestId) {
  FakeGateway gateway;
  std::mutex mutex;
  std::vector<std::string> ids;
  gateway.OnCreateVsp([&](auto&, const auto& request, auto&) {
    const std::lock_guard lock(mutex);
    ids.push_back(request.request_id());
    return ids.size() < 3 ? grpc::Status(grpc::UNAVAILABLE, "busy") : grpc::Status::OK;
  });

  const VspResult result = Open(*ClientOf(gateway.target()));

  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(ids, SizeIs(3));
  EXPECT_THAT(ids, Each(result->request_id));
}

TEST(AsyncClientTest, ManyCallsAreUnderWayAtOnce) {
  constexpr int kCalls = 200;
  FakeGateway gateway;
  const auto client = ClientOf(gateway.target());
  absl::BlockingCounter left(kCalls);
  std::atomic<int> opened{0};

  for (int i = 0; i < kCalls; ++i) {
    client->CreateVspInteractionAsync({}, {}, [&](const VspResult& result) {
      if (result.ok()) ++opened;
      left.DecrementCount();
    });
  }
  left.Wait();

  EXPECT_EQ(opened, kCalls);
}

// A coroutine that begins at once and that nobody waits for.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

// A coroutine that begins when it is told to, belongs to its handle, and hands on whatever it awaits.
struct Lazy {
  struct promise_type {
    Lazy get_return_object() { return Lazy{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
    template <typename Awaited>
    Awaited&& await_transform(Awaited&& awaited) {
      return std::forward<Awaited>(awaited);
    }
  };
  std::coroutine_handle<promise_type> handle;
};

TEST(AwaitableTest, ACoroutineGoesOnWithTheReplies) {
  FakeGateway gateway;
  gateway.OnAddWolkvox([](auto&, const auto& request, auto& reply) {
    reply.set_message(request.sender());
    return grpc::Status::OK;
  });
  gateway.OnCreateVsp([](auto&, const auto&, auto& reply) {
    reply.set_interaction_id("opened");
    return grpc::Status::OK;
  });
  const auto client = ClientOf(gateway.target());
  absl::Notification done;
  std::string sender;

  // The parameters are the coroutine's own: it outlives what a lambda would have captured.
  [](Client& its_client, std::string& its_sender, absl::Notification& its_end) -> Detached {
    const VspResult vsp = co_await its_client.CreateVspInteractionAsync({});
    v1::AddWolkvoxInteractionRequest request;
    request.set_sender(vsp.ok() ? vsp->message.interaction_id() : vsp.status().ToString());
    const WolkvoxResult wolkvox = co_await its_client.AddWolkvoxInteractionAsync(request);
    its_sender = wolkvox.ok() ? wolkvox->message.message() : wolkvox.status().ToString();
    its_end.Notify();
  }(*client, sender, done);
  done.WaitForNotification();

  EXPECT_EQ(sender, "opened");
}

TEST(AwaitableTest, ACallBeginsWhenItIsAwaited) {
  FakeGateway gateway;
  const auto client = ClientOf(gateway.target());

  { const auto never_awaited = client->CreateVspInteractionAsync({}); }
  ASSERT_THAT(Open(*client), IsOk());

  EXPECT_THAT(gateway.calls(), SizeIs(1));
}

TEST(AwaitableTest, ACoroutineMayBeDestroyedWhileItWaits) {
  FakeGateway gateway;
  absl::Notification arrived, go_on;
  std::atomic<int> calls{0};
  gateway.OnCreateVsp([&](auto&&...) {
    if (calls++ > 0) return grpc::Status::OK;
    arrived.Notify();
    go_on.WaitForNotification();
    return grpc::Status::OK;
  });
  const auto client = ClientOf(gateway.target());
  bool resumed = false;
  const Lazy coroutine = [](Client& its_client, bool& its_resumed) -> Lazy {
    (void)co_await its_client.CreateVspInteractionAsync({});
    its_resumed = true;
  }(*client, resumed);

  coroutine.handle.resume();
  arrived.WaitForNotification();
  coroutine.handle.destroy();
  go_on.Notify();

  EXPECT_THAT(Open(*client), IsOk());
  EXPECT_FALSE(resumed);
}

}  // namespace
}  // namespace interaction
