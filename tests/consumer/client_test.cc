// The installed client, against what tests/packages/world.py starts: the row "C++" of tests/packages/interop_matrix.py.
#include <curl/curl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "interaction/client.h"

namespace {

using interaction::CallError;
using interaction::CallOptions;
using interaction::Client;
using interaction::ClientOptions;
using interaction::TlsFiles;
using interaction::v1::AddWolkvoxInteractionRequest;
using interaction::v1::AddWolkvoxInteractionResponse;
using interaction::v1::CreateVspInteractionRequest;
using interaction::v1::CreateVspInteractionResponse;
using nlohmann::json;

constexpr char kAnyText[] = "Ñandú “quoted” \"'\\ 日本語 👩‍👩‍👧‍👦\ttab\nline \x01\x7f end ";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  EXPECT_NE(value, nullptr) << name << " is not set";
  return value == nullptr ? "" : value;
}

std::string File(const std::string& name) { return Variable("FILES") + "/" + name; }

// Says in the interop matrix that a cell works, unless something of the test has failed.
void Works(const std::string& column) {
  const char* folder = std::getenv("INTEROP_MATRIX");
  if (folder == nullptr || testing::Test::HasFailure()) return;
  std::ofstream(std::string(folder) + "/C++", std::ios::app) << column << "\n";
}

std::string NewUuid() {
  std::string uuid;
  std::getline(std::ifstream("/proc/sys/kernel/random/uuid"), uuid);
  return uuid;
}

size_t Append(char* data, size_t size, size_t count, void* text) {
  static_cast<std::string*>(text)->append(data, size * count);
  return size * count;
}

json Get(const std::string& url) {
  std::string body;
  CURL* curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  EXPECT_EQ(curl_easy_perform(curl), CURLE_OK) << url;
  curl_easy_cleanup(curl);
  return json::parse(body, nullptr, /*allow_exceptions=*/false);
}

json FromSandbox(const std::string& path) { return Get(Variable("SANDBOX") + "/sandbox/" + path); }

int Requests() { return FromSandbox("stats")["seethepro"]["requests"]; }

// A field of the request that arrived last at a vendor.
std::string Arrived(const std::string& field) {
  return json::parse(FromSandbox("requests?last=1")[0]["body"].get<std::string>())[field];
}

std::unique_ptr<Client> Connect(ClientOptions options) {
  auto client = Client::Connect(options);
  EXPECT_TRUE(client.ok()) << client.status();
  return client.ok() ? *std::move(client) : nullptr;
}

std::unique_ptr<Client> ConnectTo(const char* name) { return Connect({.target = Variable(name)}); }

CreateVspInteractionRequest Vsp(const std::string& name = "Claim 1138") {
  CreateVspInteractionRequest request;
  request.set_interaction_identity("+573001234567");
  request.set_interaction_name(name);
  request.set_account_id("6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  request.set_contact_id("3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0");
  return request;
}

AddWolkvoxInteractionRequest Wolkvox() {
  AddWolkvoxInteractionRequest request;
  request.set_sender("+573001234567");
  request.set_recipient("+576015550100");
  request.set_routing_point_id("4711");
  return request;
}

using VspReply = absl::StatusOr<interaction::Reply<CreateVspInteractionResponse>>;

// The error of a call.
CallError Fails(const VspReply& reply, absl::StatusCode code) {
  EXPECT_EQ(reply.status().code(), code) << reply.status();
  return reply.ok() ? CallError() : interaction::GetCallError(reply.status());
}

void Opens(Client& client) {
  const VspReply reply = client.CreateVspInteraction(Vsp());
  EXPECT_TRUE(reply.ok()) << reply.status();
  EXPECT_TRUE(!reply.ok() || !reply->message.interaction_id().empty());
}

TEST(ClientTest, EveryFieldArrives) {
  const auto client = ConnectTo("GATEWAY");
  const VspReply opened = client->CreateVspInteraction(Vsp(kAnyText));
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_TRUE(opened->message.has_campaign_key());
  EXPECT_EQ(Arrived("InteractionName"), kAnyText);
  Works("Unicode");
  AddWolkvoxInteractionRequest request = Wolkvox();
  request.set_body(kAnyText);
  const auto added = client->AddWolkvoxInteraction(request);
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(added->message.code(), 201);
  EXPECT_EQ(Arrived("body"), kAnyText);
  Works("both RPCs");
}

TEST(ClientTest, ACallGetsARequestIdByWhichItCanBeRepeated) {
  const auto client = ConnectTo("GATEWAY");
  CreateVspInteractionRequest request = Vsp();
  const VspReply first = client->CreateVspInteraction(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(first->replayed);
  request.set_request_id(first->request_id);
  const VspReply again = client->CreateVspInteraction(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->message.interaction_id(), first->message.interaction_id());
  Works("replay");
}

TEST(ClientTest, AnErrorSaysWhatIsWrong) {
  const auto client = ConnectTo("GATEWAY");
  CreateVspInteractionRequest request = Vsp();
  request.set_account_id("12");
  const CallError invalid = Fails(client->CreateVspInteraction(request), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(invalid.reason, "INVALID_REQUEST");
  EXPECT_EQ(invalid.domain, interaction::kGatewayDomain);
  EXPECT_EQ(invalid.outcome, CallError::Outcome::kNotApplied);
  EXPECT_EQ(invalid.phase, "validate");
  EXPECT_EQ(invalid.upstream, "seethepro");
  Works("ErrorInfo");
  ASSERT_EQ(invalid.field_violations.size(), 1);
  EXPECT_EQ(invalid.field_violations[0].field, "account_id");
  Works("BadRequest");
}

TEST(ClientTest, AnErrorSaysWhenToCallAgain) {
  const CallError error = Fails(ConnectTo("GATEWAY")->CreateVspInteraction(
                                    Vsp("sandbox:rate-limited"), {.deadline = absl::Now() + absl::Seconds(3)}),
                                absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(error.retry_delay, absl::Seconds(7));
  Works("RetryInfo");
}

TEST(ClientTest, AnErrorSaysWhatIsUsedUp) {
  AddWolkvoxInteractionRequest request = Wolkvox();
  request.set_wolkvox_server("0043");
  request.set_wolkvox_token("exhausted-token");
  const auto reply = ConnectTo("GATEWAY")->AddWolkvoxInteraction(request);
  ASSERT_EQ(reply.status().code(), absl::StatusCode::kResourceExhausted) << reply.status();
  const CallError error = interaction::GetCallError(reply.status());
  ASSERT_EQ(error.quota_violations.size(), 1);
  EXPECT_EQ(error.quota_violations[0].subject, "uses of the wolkvox token a day");
  Works("QuotaFailure");
}

TEST(ClientTest, AnErrorSaysWhatTheOperatorMustCheck) {
  const CallError error = Fails(ConnectTo("GATEWAY")->CreateVspInteraction(Vsp("sandbox:unauthorized")),
                                absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(error.precondition_violations.size(), 1);
  EXPECT_EQ(error.precondition_violations[0].type, "UPSTREAM_CREDENTIALS_REJECTED");
  Works("PreconditionFailure");
}

TEST(ClientTest, ADeadlineThatPassesLeavesTheOutcomeUnknown) {
  const CallError error = Fails(ConnectTo("GATEWAY")->CreateVspInteraction(
                                    Vsp("sandbox:timeout"), {.deadline = absl::Now() + absl::Milliseconds(500)}),
                                absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(error.outcome, CallError::Outcome::kUnknown);
  Works("deadline");
}

TEST(ClientTest, ACallThatIsCancelledAfterItWasSentLeavesTheOutcomeUnknown) {
  const auto client = ConnectTo("GATEWAY");
  const int before = Requests();
  std::stop_source stop;
  std::promise<VspReply> ended;
  client->CreateVspInteractionAsync(Vsp("sandbox:timeout"), {.stop = stop.get_token()},
                                    [&](VspReply reply) { ended.set_value(std::move(reply)); });
  while (Requests() == before) std::this_thread::yield();
  stop.request_stop();
  const CallError error = Fails(ended.get_future().get(), absl::StatusCode::kCancelled);
  EXPECT_EQ(error.outcome, CallError::Outcome::kUnknown);
  Get(Variable("CONTROL") + "/cancelled/" + error.request_id);
  Works("cancel");
}

TEST(ClientTest, WhoCallsIsSaidByCertificateTokenOrApiKey) {
  const TlsFiles trusting = {.ca = File("ca.pem")};
  const TlsFiles mutual = {.ca = File("ca.pem"), .certificate = File("billing.pem"), .key = File("billing.key")};
  const std::string target = Variable("TLS_GATEWAY");
  Opens(*Connect({.target = target, .tls = mutual}));
  Works("mutual TLS");
  Opens(*Connect({.target = target, .tls = trusting, .token_file = File("token")}));
  Works("token");
  Opens(*Connect({.target = target, .tls = trusting, .api_key_file = File("api-key")}));
  Works("TLS");
  const auto stranger = Connect({.target = target, .tls = TlsFiles(), .token_file = File("token")});
  EXPECT_EQ(Fails(stranger->CreateVspInteraction(Vsp()), absl::StatusCode::kUnavailable).reason,
            interaction::kGatewayUnreachable);
  Fails(Connect({.target = target, .tls = trusting})->CreateVspInteraction(Vsp()), absl::StatusCode::kUnauthenticated);
}

TEST(ClientTest, AConnectionThatBreaksAtWorkOpensNothingTwice) {
  const int before = Requests();
  CreateVspInteractionRequest request = Vsp("sandbox:slow-1000");
  request.set_interaction_identity("cut-once-" + NewUuid());  // the relay cuts the connection at the first attempt
  const VspReply reply = ConnectTo("RELAY")->CreateVspInteraction(request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_TRUE(reply->replayed) << "the answer to the first attempt";
  EXPECT_EQ(Requests() - before, 1);
  Works("retry");
}

// Repeats a call, with its request_id, while the gateway is being restarted. Returns the interaction's id.
std::string Persist(Client& client) {
  CreateVspInteractionRequest request = Vsp();
  request.set_request_id(NewUuid());
  for (int attempt = 0; attempt < 600; ++attempt) {
    const VspReply reply = client.CreateVspInteraction(request);
    if (reply.ok()) return reply->message.interaction_id();
    EXPECT_EQ(reply.status().code(), absl::StatusCode::kUnavailable) << reply.status();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ADD_FAILURE() << "the gateway did not come back";
  return "";
}

TEST(ClientTest, ARestartUnderLoadOpensEachCallOnce) {
  const auto client = ConnectTo("RESTARTED");
  const std::string control = Variable("CONTROL");
  const int before = Get(control + "/requests")["requests"];
  std::atomic<bool> over = false;
  std::vector<std::future<std::vector<std::string>>> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.push_back(std::async(std::launch::async, [&] {
      std::vector<std::string> ids;
      while (!over) ids.push_back(Persist(*client));
      return ids;
    }));
  }
  Get(control + "/restart");
  over = true;
  std::set<std::string> ids;
  int calls = 0;
  for (auto& caller : callers) {
    for (const std::string& id : caller.get()) {
      ++calls;
      ids.insert(id);
    }
  }
  EXPECT_EQ(static_cast<int>(ids.size()), calls);
  EXPECT_EQ(Get(control + "/requests")["requests"].get<int>() - before, calls);
  Works("restart");
}

}  // namespace
