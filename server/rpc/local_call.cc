#include "server/rpc/local_call.h"

#include <memory>

#include "server/lane/task.h"

namespace interaction::rpc {

void LocalCall::Start(lane::Lane* lane, const Methods* methods, LaneCalls* calls, Request request, Done done) {
  lane->Execute([lane, methods, calls, request = std::move(request), done = std::move(done)]() mutable {
    const Methods::Method& method = methods->Find(request.path);
    auto call = std::make_unique<LocalCall>(lane, std::move(request), std::move(done));
    lane::Spawn(method.handler(std::move(call), calls));
  });
}

// Its handler is done with it: nothing of the call is left.
LocalCall::~LocalCall() { done_(std::move(ending_)); }

}  // namespace interaction::rpc
