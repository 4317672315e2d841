#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "interaction/v1/interaction_service.pb.h"
#include "server/upstream/translator.h"
#include "server/upstream/wolkvox/options.h"

namespace interaction::wolkvox {

// AddWolkvoxInteraction <-> POST https://wv{server}.wolkvox.com/api/v2/configuration.php?api=add_interaction. See
// README.md for what the upstream is like.
class Translator final
    : public upstream::Translator<v1::AddWolkvoxInteractionRequest, v1::AddWolkvoxInteractionResponse> {
 public:
  // INVALID_ARGUMENT if the base URL is not an absolute http or https URL, or has {server} outside its host.
  static absl::StatusOr<std::unique_ptr<Translator>> Create(Options options);

  absl::string_view name() const override { return "wolkvox"; }
  absl::Status Authorize(const Request& request) const override;
  absl::Status Canonicalize(Request* request) const override;
  // The one it names, or the default; "" if there is neither.
  std::string ServerOf(const Request& request) const override;
  upstream::Credential CredentialFor(const Request& request) const override;
  std::string CanonicalBytes(const Request& request) const override;
  absl::StatusOr<http::Request> Encode(const Request& request, const upstream::Credential& credential) const override;
  absl::StatusOr<Reply> Decode(const http::Response& response, upstream::CredentialOwner owner,
                               absl::Time now) const override;
  std::string InteractionId(const Reply&) const override { return ""; }

 private:
  Translator(Options options, std::string url_prefix, std::string url_suffix);

  // The gateway's token for a server; null if it has none.
  const Secret* TokenOf(absl::string_view server) const;

  const Options options_;
  // The URL is url_prefix_ + server + url_suffix_, or url_prefix_ alone when the base URL has no {server}.
  const std::string url_prefix_;
  const std::string url_suffix_;
};

}  // namespace interaction::wolkvox
