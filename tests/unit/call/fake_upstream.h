#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/errors.h"
#include "server/upstream/upstream.h"

namespace interaction::testing {

// A vendor whose requests are texts. A message reads "REQUEST_ID|TEXT"; "...|bad" breaks a rule. An answer of status
// 200 opens the interaction that is its body; 503 is "busy"; anything else leaves the outcome unknown.
class FakeMethod final : public upstream::Method {
 public:
  upstream::Preparation Prepare(absl::string_view message) const override {
    const size_t bar = message.find('|');
    if (bar == message.npos) return {.request_id = "", .request = Error(Reason::kMalformedRequest).ToStatus()};
    std::string request_id(message.substr(0, bar));
    std::string text(message.substr(bar + 1));
    if (text == "bad") {
      return {
          .request_id = std::move(request_id),
          .server = "one",
          .request = Error(Reason::kInvalidRequest).In(Phase::kValidate).WithFieldViolation("text", "must be good")};
    }
    return {.request_id = std::move(request_id),
            .server = "one",
            .request = std::make_unique<const Request>(std::move(text))};
  }

 private:
  class Request final : public upstream::PreparedRequest {
   public:
    explicit Request(std::string text) : text_(std::move(text)) {}
    const upstream::Credential& credential() const override { return credential_; }
    std::string CanonicalBytes() const override { return text_; }
    absl::StatusOr<http::Request> Encode() const override {
      return http::Request{.url = "https://upstream.test/open", .headers = {}, .body = text_};
    }
    absl::StatusOr<upstream::Reply> Decode(const http::Response& response, absl::Time) const override {
      if (response.status == 200) {
        return upstream::Reply{.message = absl::StrCat("opened ", response.body), .interaction_id = response.body};
      }
      if (response.status == 503) {
        return Error(Reason::kUpstreamUnavailable).WithUpstreamRetryAfter(absl::Milliseconds(100)).ToStatus();
      }
      return Error(Reason::kUpstreamInternalError).WithHttpStatus(response.status).ToStatus();
    }

   private:
    const std::string text_;
    const upstream::Credential credential_{.secret = Secret("key"), .owner = upstream::CredentialOwner::kGateway};
  };
};

inline std::shared_ptr<upstream::Upstream> FakeUpstream() {
  auto upstream = std::make_shared<upstream::Upstream>();
  upstream->name = "fake";
  upstream->rpc = "OpenFake";
  upstream->method = std::make_unique<FakeMethod>();
  upstream->endpoints = {nullptr};
  return upstream;
}

}  // namespace interaction::testing
