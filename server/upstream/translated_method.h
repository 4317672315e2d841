#pragma once

#include <memory>
#include <string>
#include <utility>

#include "server/base/errors.h"
#include "server/base/status_macros.h"
#include "server/upstream/translator.h"
#include "server/upstream/upstream.h"

namespace interaction::upstream {

// A Method implemented by a vendor's Translator.
template <typename Request, typename ReplyMessage>
class TranslatedMethod final : public Method {
 public:
  using VendorTranslator = Translator<Request, ReplyMessage>;

  explicit TranslatedMethod(std::unique_ptr<const VendorTranslator> translator) : translator_(std::move(translator)) {}

  Preparation Prepare(absl::string_view message) const override {
    auto translated = std::make_unique<Translated>(translator_.get());
    Request& request = translated->request;
    if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      return {.request_id = "", .server = "", .request = Error(Reason::kMalformedRequest).In(Phase::kParse).ToStatus()};
    }
    Preparation prepared{.request_id = "", .server = translator_->ServerOf(request), .request = nullptr};
    absl::Status accepted = translator_->Authorize(request);
    if (accepted.ok()) accepted = translator_->Canonicalize(&request);
    prepared.request_id = request.request_id();
    if (accepted.ok()) {
      translated->UseCredential();
      prepared.request = std::move(translated);
    } else {
      prepared.request = std::move(accepted);
    }
    return prepared;
  }

 private:
  class Translated final : public PreparedRequest {
   public:
    explicit Translated(const VendorTranslator* translator) : translator_(translator) {}

    void UseCredential() { credential_ = translator_->CredentialFor(request); }

    const Credential& credential() const override { return credential_; }
    std::string CanonicalBytes() const override { return translator_->CanonicalBytes(request); }
    absl::StatusOr<http::Request> Encode() const override { return translator_->Encode(request, credential_); }

    absl::StatusOr<Reply> Decode(const http::Response& response, absl::Time now) const override {
      ASSIGN_OR_RETURN(const ReplyMessage reply, translator_->Decode(response, credential_.owner, now));
      return Reply{.message = reply.SerializeAsString(), .interaction_id = translator_->InteractionId(reply)};
    }

    Request request;  // parsed in place

   private:
    const VendorTranslator* const translator_;
    Credential credential_;
  };

  const std::unique_ptr<const VendorTranslator> translator_;
};

// Makes the TranslatedMethod for the translator's messages.
template <typename T>
std::unique_ptr<const Method> MakeMethod(std::unique_ptr<T> translator) {
  return std::make_unique<TranslatedMethod<typename T::Request, typename T::Reply>>(std::move(translator));
}

}  // namespace interaction::upstream
