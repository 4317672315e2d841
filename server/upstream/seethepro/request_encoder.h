#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "interaction/v1/interaction_service.pb.h"
#include "server/http/message.h"
#include "server/upstream/seethepro/options.h"

namespace interaction::seethepro {

// The body of a request that passed Translator::Canonicalize, in the given format. An optional GUID that is absent is
// left out, because an empty one means something different in each format.
//
//   JSON  {"AppAccessKey":"k","InteractionIdentity":"i",...}   in the order of the vendor's page
//   XML   <CreateVspInteraction xmlns:i=... xmlns=...><AccountId>...   in alphabetical order: the vendor's
//         reader skips, without a word, an element that sorts before one it has read
//   form  AppAccessKey=k&InteractionIdentity=i...
std::string EncodeBody(const v1::CreateVspInteractionRequest& request, absl::string_view app_access_key,
                       WireFormat format);

// Content-Type and Accept for the format.
std::vector<http::Header> HeadersFor(WireFormat format);

}  // namespace interaction::seethepro
