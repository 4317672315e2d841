#include "client/cli/import/method.h"

#include "absl/strings/str_cat.h"
#include "client/cli/output.h"
#include "client/cli/suggest.h"
#include "rules/requests.h"

namespace interaction::cli::import {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

template <typename Request, typename Conditions>
std::vector<FieldViolation> CanonicalizeAs(Message* request) {
  return rules::Canonicalize(Conditions{}, static_cast<Request*>(request));
}

template <typename Request, typename Response,
          absl::StatusOr<Reply<Response>> (Client::*rpc)(const Request&, const CallOptions&)>
absl::StatusOr<AnyReply> CallAs(Client& client, const Message& request, const CallOptions& options) {
  const absl::StatusOr<Reply<Response>> reply = (client.*rpc)(static_cast<const Request&>(request), options);
  if (!reply.ok()) return reply.status();
  return AnyReply{reply->message.SerializeAsString(), reply->replayed, reply->bypassed};
}

const Method& CreateVsp() {
  using Request = v1::CreateVspInteractionRequest;
  using Response = v1::CreateVspInteractionResponse;
  static const Method method = {"create-vsp",
                                "CreateVspInteraction",
                                "app_access_key",
                                Request::default_instance(),
                                Response::default_instance(),
                                &CanonicalizeAs<Request, rules::VspConditions>,
                                &CallAs<Request, Response, &Client::CreateVspInteraction>};
  return method;
}

const Method& AddWolkvox() {
  using Request = v1::AddWolkvoxInteractionRequest;
  using Response = v1::AddWolkvoxInteractionResponse;
  static const Method method = {"add-wolkvox",
                                "AddWolkvoxInteraction",
                                "wolkvox_token",
                                Request::default_instance(),
                                Response::default_instance(),
                                &CanonicalizeAs<Request, rules::WolkvoxConditions>,
                                &CallAs<Request, Response, &Client::AddWolkvoxInteraction>};
  return method;
}

}  // namespace

const FieldDescriptor* Method::SecretField() const { return request.GetDescriptor()->FindFieldByName(secret_field); }

std::string Method::SecretOf(const Message& message) const { return TextOf(message, *SecretField()); }

absl::StatusOr<const Method*> FindMethod(const std::string& name) {
  for (const Method* method : {&CreateVsp(), &AddWolkvox()}) {
    if (name == method->name) return method;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--method: must be create-vsp or add-wolkvox", DidYouMean(name, {"create-vsp", "add-wolkvox"})));
}

}  // namespace interaction::cli::import
