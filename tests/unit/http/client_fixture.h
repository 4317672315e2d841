#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/event/loop.h"
#include "server/http/client.h"
#include "tests/support/certificates.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/matchers.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/http/loopback_server.h"

namespace interaction::http {

// A response of this status.
inline auto HasStatus(int status) {
  return interaction::testing::IsOkAndHolds(::testing::Field(&Response::status, status));
}

// Keeps what came of a transfer.
class Outcomes final : public TransferObserver {
 public:
  void OnTransferDone(absl::StatusOr<Response> new_result) override {
    ++times;
    result = std::move(new_result);
    if (then) then();
  }

  int times = 0;
  absl::StatusOr<Response> result = absl::UnknownError("not done");
  std::function<void()> then;
};

// A client with an endpoint that may talk to this machine, and the loop that it acts on.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest();

  static EndpointOptions Local();  // options of endpoint_
  Endpoint* Add(EndpointOptions options);

  static Request Post(const std::string& url, const std::string& body = "{}");
  Transfer* Send(const std::string& url, Outcomes* outcomes, absl::Duration timeout = absl::Seconds(20));

  // Another client, with its own endpoint_, in place of the one there is.
  void MakeClient(const ClientOptions& options);

  // Turns the loop until `condition` holds. Fails the test when it does not within 20 s.
  void RunUntil(const std::function<bool()>& condition);

  // Lets the loop act without waiting; returns whether anything was done.
  bool Turn() { return loop_->Turn(absl::ZeroDuration()); }

  // Sends, runs until the answer is there, and returns it.
  absl::StatusOr<Response> Exchange(const std::string& url, absl::Duration timeout = absl::Seconds(20));
  absl::StatusOr<Response> Exchange(Endpoint* endpoint, Request request, absl::Duration timeout = absl::Seconds(20));

  RealClock clock_;
  interaction::testing::FakeResolver resolver_;
  std::unique_ptr<event::Loop> loop_;
  std::unique_ptr<Client> client_;
  Endpoint* endpoint_ = nullptr;
};

// The same with upstreams that have TLS.
class ClientTlsTest : public ClientTest {
 protected:
  // An endpoint that trusts the authority.
  Endpoint* AddWithTls(EndpointOptions options = Local());

  interaction::testing::RawUpstreamOptions WithTls(bool at_most_tls_1_2 = false) const {
    return {.tls = interaction::testing::TlsOptions{.identity = identity_, .at_most_tls_1_2 = at_most_tls_1_2}};
  }

  interaction::testing::TempDir dir_;
  interaction::testing::CertificateAuthority authority_{&dir_};
  const interaction::testing::KeyPairFiles identity_ = authority_.Issue("upstream");
};

}  // namespace interaction::http
