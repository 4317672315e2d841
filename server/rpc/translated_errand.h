#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/base/status_macros.h"
#include "server/call/errand.h"
#include "server/http/message.h"
#include "server/upstream/credential.h"
#include "server/upstream/translator.h"

namespace interaction::rpc {

// An errand in the words of one upstream: the request of a call and the translator that knows what to make of it.
template <typename Request, typename Reply>
class TranslatedErrand final : public call::Errand {
 public:
  // `request` passed Validate; `headers` are sent besides the translator's. `translator` outlives the errand.
  TranslatedErrand(const upstream::Translator<Request, Reply>* translator, Request request,
                   upstream::Credential credential, std::vector<http::Header> headers, std::string credential_key)
      : translator_(translator),
        request_(std::move(request)),
        credential_(std::move(credential)),
        headers_(std::move(headers)),
        credential_key_(std::move(credential_key)) {}

  absl::StatusOr<http::Request> Encode() const override {
    ASSIGN_OR_RETURN(http::Request request, translator_->Encode(request_, credential_));
    request.headers.insert(request.headers.end(), headers_.begin(), headers_.end());
    return request;
  }

  absl::StatusOr<std::string> Decode(const http::Response& response, absl::Time now) const override {
    ASSIGN_OR_RETURN(const Reply reply, translator_->Decode(response, credential_.owner, now));
    return reply.SerializeAsString();
  }

  std::string InteractionId(const std::string& reply) const override {
    Reply message;
    return message.ParseFromString(reply) ? translator_->InteractionId(message) : std::string();
  }

  std::string credential_key() const override { return credential_key_; }

 private:
  const upstream::Translator<Request, Reply>* const translator_;
  const Request request_;
  const upstream::Credential credential_;
  const std::vector<http::Header> headers_;
  const std::string credential_key_;
};

}  // namespace interaction::rpc
