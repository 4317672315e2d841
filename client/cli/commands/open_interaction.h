#pragma once

#include <ostream>

#include "client/cli/exit_code.h"
#include "client/cli/request_input.h"
#include "client/cli/session.h"
#include "interaction/client.h"

namespace interaction::cli {

// Builds the request, calls, prints: what the commands that open something have in common. Returns the exit code.
template <typename Request, typename Response>
int OpenInteraction(Session& session, const RequestInput& input,
                    absl::StatusOr<Reply<Response>> (Client::*method)(const Request&, const CallOptions&)) {
  Request request;
  const absl::Status filled = input.Fill(session, request);
  if (!filled.ok()) return FailUsage(session, filled.message());
  const absl::StatusOr<std::unique_ptr<Client>> client = Connect(session);
  if (!client.ok()) return FailUsage(session, client.status().message());
  const absl::StatusOr<Reply<Response>> reply = ((**client).*method)(request, MakeCallOptions(session));
  if (!reply.ok()) return FailCall(session, reply.status(), Effect::kOpens);
  if (reply->replayed)
    session.err << "note: the answer to an earlier call with this request id; nothing new was opened\n";
  if (reply->bypassed)
    session.err
        << "note: the gateway could not keep the request id; repeating this call may open a second interaction\n";
  session.out << RenderReply(reply->message, session.options.format);
  return kExitOk;
}

}  // namespace interaction::cli
