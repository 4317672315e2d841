#pragma once

#include <memory>
#include <string>
#include <vector>

#include "interaction/v1/interaction_service.pb.h"
#include "server/upstream/seethepro/options.h"
#include "server/upstream/translator.h"

namespace interaction::seethepro {

// CreateVspInteraction <-> POST api/vspinteraction/create. See README.md for what the upstream is like.
class Translator final
    : public upstream::Translator<v1::CreateVspInteractionRequest, v1::CreateVspInteractionResponse> {
 public:
  // INVALID_ARGUMENT if the base URL is not an absolute http or https URL.
  static absl::StatusOr<std::unique_ptr<Translator>> Create(Options options);

  absl::string_view name() const override { return "seethepro"; }
  absl::Status Authorize(const Request& request) const override;
  absl::Status Canonicalize(Request* request) const override;
  std::string ServerOf(const Request&) const override { return ""; }
  upstream::Credential CredentialFor(const Request& request) const override;
  std::string CanonicalBytes(const Request& request) const override;
  absl::StatusOr<http::Request> Encode(const Request& request, const upstream::Credential& credential) const override;
  absl::StatusOr<Reply> Decode(const http::Response& response, upstream::CredentialOwner owner,
                               absl::Time now) const override;
  std::string InteractionId(const Reply& reply) const override { return reply.interaction_id(); }

 private:
  Translator(Options options, std::string url);

  const Options options_;
  const std::string url_;
  const std::vector<http::Header> headers_;
};

}  // namespace interaction::seethepro
