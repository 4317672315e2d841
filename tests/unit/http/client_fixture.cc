#include "tests/unit/http/client_fixture.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "tests/support/require.h"

namespace interaction::http {

ClientTest::ClientTest() {
  static const absl::Status initialized = GlobalInit();
  interaction::testing::Require(initialized.ok(), "GlobalInit");
  client_ = *Client::Create({}, &resolver_, &clock_);
  endpoint_ = Add(Local());
}

EndpointOptions ClientTest::Local() {
  EndpointOptions options;
  options.allow_plaintext = true;
  options.address_policy.allow_loopback = true;
  return options;
}

Endpoint* ClientTest::Add(const EndpointOptions& options) {
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
    if (client_->Turn()) continue;
    // The condition may come true for another reason than the client: look again soon.
    const SteadyTime until = std::min(client_->NextTimer().value_or(give_up), now + 10'000'000);
    const int milliseconds = static_cast<int>(std::max<SteadyTime>(until - now + 999'999, 0) / 1'000'000);
    pollfd fd = {client_->epoll_fd(), POLLIN, 0};
    poll(&fd, 1, milliseconds);
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

}  // namespace interaction::http
