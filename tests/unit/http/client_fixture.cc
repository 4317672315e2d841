#include "tests/unit/http/client_fixture.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "server/tls/client_context.h"
#include "tests/support/require.h"

namespace interaction::http {
namespace {

// Read once for all tests: the bundle of the public authorities takes 20 ms to parse, and 400 ms under ThreadSanitizer.
std::shared_ptr<const tls::ClientContext> SystemAuthorities() {
  static const auto context = *tls::ClientContext::Create({}, absl::Now());
  return context;
}

}  // namespace

ClientTest::ClientTest() {
  static const absl::Status initialized = GlobalInit();
  interaction::testing::Require(initialized.ok(), "GlobalInit");
  loop_ = *event::Loop::Create(&clock_);
  MakeClient({});
}

void ClientTest::MakeClient(const ClientOptions& options) {
  client_ = *Client::Create(options, &resolver_, loop_.get());
  endpoint_ = Add(Local());
}

EndpointOptions ClientTest::Local() {
  EndpointOptions options;
  options.allow_plaintext = true;
  options.address_policy.allow_loopback = true;
  return options;
}

Endpoint* ClientTest::Add(EndpointOptions options) {
  if (options.tls == nullptr) options.tls = SystemAuthorities();
  const absl::StatusOr<Endpoint*> endpoint = client_->AddEndpoint(options);
  interaction::testing::Require(endpoint.ok(), "AddEndpoint");
  return *endpoint;
}

Request ClientTest::Post(const std::string& url, const std::string& body) {
  return {.url = url, .headers = {{"Content-Type", "application/json"}}, .body = body};
}

Transfer* ClientTest::Send(const std::string& url, Outcomes* outcomes, absl::Duration timeout) {
  return client_->Send(endpoint_, Post(url), {timeout}, outcomes);
}

void ClientTest::RunUntil(const std::function<bool()>& condition) {
  const SteadyTime give_up = clock_.SteadyNow() + 20'000'000'000;
  while (!condition()) {
    const SteadyTime now = clock_.SteadyNow();
    ASSERT_LT(now, give_up) << "still waiting";
    if (Turn()) continue;
    // The condition may come true for another reason than the client: look again soon.
    loop_->Turn(std::min(loop_->TimeToNextTimer(), absl::Milliseconds(10)));
  }
}

absl::StatusOr<Response> ClientTest::Exchange(const std::string& url, absl::Duration timeout) {
  return Exchange(endpoint_, Post(url), timeout);
}

absl::StatusOr<Response> ClientTest::Exchange(Endpoint* endpoint, Request request, absl::Duration timeout) {
  Outcomes outcomes;
  client_->Send(endpoint, std::move(request), {timeout}, &outcomes);
  RunUntil([&] { return outcomes.times > 0; });
  return std::move(outcomes.result);
}

Endpoint* ClientTlsTest::AddWithTls(EndpointOptions options) {
  options.tls = *tls::ClientContext::Create({.ca = authority_.ca_file()}, absl::Now());
  return Add(options);
}

}  // namespace interaction::http
