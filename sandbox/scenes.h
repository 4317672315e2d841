#pragma once

#include "sandbox/message.h"
#include "sandbox/scenarios.h"

// What the rows of the scenario table play. Each takes the usual answer and turns it into another.
namespace interaction::sandbox::scenes {

// Leaves the answer as it is.
Reply Usual(Stage stage);

// The usual answer, delivered in another way.
template <Delivery delivery>
Reply Delivered(Stage stage) {
  stage.usual.delivery = delivery;
  return std::move(stage.usual);
}

// Nothing for 60 seconds (wolkvox's limit for one call), then the usual answer; or for <n> milliseconds.
Reply Timeout(Stage stage);
Reply Slow(Stage stage);

// Bytes that are no HTTP, or go wrong within it.
Reply Garbage(Stage stage);
Reply BadVersion(Stage stage);
Reply BadHeader(Stage stage);
Reply HeaderCut(Stage stage);
Reply BadChunk(Stage stage);
Reply HugeHeader(Stage stage);

// A success whose body is not what was promised.
Reply Empty(Stage stage);
Reply NoContent(Stage stage);
Reply HtmlPage(Stage stage);
Reply Malformed(Stage stage);
Reply WrongShape(Stage stage);
Reply Null(Stage stage);
Reply Oversized(Stage stage);
Reply ByteOrderMark(Stage stage);

// A status, in the vendor's own words: any; or one with its usual circumstances.
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

// SeeThePro only.
Reply InJson(Stage stage);
Reply InXml(Stage stage);
Reply NullCampaign(Stage stage);
Reply NullId(Stage stage);
Reply UnknownMembers(Stage stage);
Reply InvalidModel(Stage stage);
Reply InvalidModelXml(Stage stage);
Reply ValidationProblem(Stage stage);
Reply NoResource(Stage stage);
Reply UnsupportedMediaType(Stage stage);
Reply ErrorDetail(Stage stage);

// wolkvox only.
Reply CodeNumber(Stage stage);
Reply CodeMissing(Stage stage);
Reply CodeOdd(Stage stage);
Reply InBand(Stage stage);
Reply UnknownApi(Stage stage);
Reply ParametersRequired(Stage stage);
Reply InvalidToken(Stage stage);
Reply TokenLimit(Stage stage);
Reply Simultaneous(Stage stage);
Reply Maintenance(Stage stage);
Reply Contradictory(Stage stage);
Reply SuccessWithError(Stage stage);
Reply PhpWarning(Stage stage);
Reply LeadingBlanks(Stage stage);

}  // namespace interaction::sandbox::scenes
