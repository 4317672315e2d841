#pragma once

#include <ostream>

#include "absl/strings/str_cat.h"
#include "client/cli/exit_code.h"
#include "client/cli/request_input.h"
#include "client/cli/session.h"
#include "client/cli/signal_stop.h"
#include "client/cli/terminal.h"
#include "client/cli/verbose.h"
#include "client/new_request_id.h"
#include "interaction/client.h"

namespace interaction::cli {

// The interaction was opened, so a reply that cannot be written to standard output is written to standard error.
template <typename Response>
int PrintReply(Session& session, const Reply<Response>& reply) {
  if (reply.replayed)
    session.notes() << "note: this answers an earlier call with this request id; nothing new was opened\n";
  if (reply.bypassed)
    session.err
        << "note: the gateway could not keep the request id; repeating this call may open a second interaction\n";
  return WriteData(session, RenderReply(reply.message, session.options.format),
                   absl::StrCat("the interaction WAS opened:\n", RenderReply(reply.message, Format::kTable)), kExitOk);
}

// Shows the request instead of sending it.
template <typename Request>
int PrintDryRun(Session& session, const RequestInput& input, Request request) {
  input.MaskSecrets(request);
  session.notes() << "dry run: nothing is sent. It would go to " << RouteOf(session)
                  << "; the gateway checks the fields.\n";
  return WriteData(session, RenderReply(request, session.options.format), "", kExitOk);
}

// Builds the request, calls, prints: shared by the commands that open something. Returns the exit code.
template <typename Request, typename Response>
int OpenInteraction(Session& session, const RequestInput& input,
                    absl::StatusOr<Reply<Response>> (Client::*method)(const Request&, const CallOptions&)) {
  if (session.options.request_id == "auto") {
    session.options.request_id = NewRequestId();
    session.notes() << "request id: " << session.options.request_id << "\n";
  }
  Request request;
  const absl::Status filled = input.Fill(session, request);
  if (!filled.ok()) return FailUsage(session, filled.message());
  const absl::StatusOr<std::unique_ptr<Client>> client = Connect(session);
  if (!client.ok()) return FailUsage(session, client.status().message());
  if (session.options.dry_run) return PrintDryRun(session, input, request);
  const SignalStop signals;
  Verbose verbose(session);
  CallOptions options = MakeCallOptions(session);
  options.stop = signals.token();
  verbose.Begin(request.request_id(), options);
  const absl::StatusOr<Reply<Response>> reply = [&] {
    const WaitingNote waiting(session);
    return ((**client).*method)(request, options);
  }();
  verbose.End();
  const int exit_code = reply.ok() ? PrintReply(session, *reply)
                                   : FailCall(session, reply.status(), Effect::kOpens, request.request_id());
  return signals.received() == 0 ? exit_code : ExitCodeOfSignal(signals.received());
}

}  // namespace interaction::cli
