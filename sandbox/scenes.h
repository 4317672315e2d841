#pragma once

#include "sandbox/message.h"
#include "sandbox/vendor.h"

// The common scenarios, for any vendor. Each turns the usual answer into another.
namespace interaction::sandbox::scenes {

// The usual answer, delivered in another way.
template <Delivery delivery>
Reply Delivered(Stage stage) {
  stage.usual.delivery = delivery;
  return std::move(stage.usual);
}

// Nothing for 60 seconds, which is longer than a caller waits, then the usual answer; or for <n> milliseconds.
Reply Timeout(Stage stage);
Reply Slow(Stage stage);

// Bytes that are not HTTP, or invalid HTTP.
Reply Garbage(Stage stage);
Reply BadVersion(Stage stage);
Reply BadHeader(Stage stage);
Reply HeaderCut(Stage stage);
Reply BadChunk(Stage stage);
Reply HugeHeader(Stage stage);

// A success with an unexpected body.
Reply Empty(Stage stage);
Reply NoContent(Stage stage);
Reply HtmlPage(Stage stage);
Reply Malformed(Stage stage);
Reply WrongShape(Stage stage);
Reply Null(Stage stage);
Reply Oversized(Stage stage);
Reply ByteOrderMark(Stage stage);

// A status with a body in the vendor's own form: any status; or one with its usual headers and body.
Reply Status(Stage stage);
Reply Redirect(Stage stage);
Reply SeeOther(Stage stage);
Reply Unauthorized(Stage stage);
Reply Forbidden(Stage stage);
Reply NotFound(Stage stage);
Reply HtmlNotFound(Stage stage);
Reply Conflict(Stage stage);
Reply Duplicate(Stage stage);
Reply TooLarge(Stage stage);
Reply RateLimited(Stage stage);
Reply Unavailable(Stage stage);
Reply InternalError(Stage stage);
Reply BadGateway(Stage stage);
Reply GatewayTimeout(Stage stage);

}  // namespace interaction::sandbox::scenes
