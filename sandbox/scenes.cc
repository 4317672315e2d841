#include "sandbox/scenes.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace interaction::sandbox::scenes {
namespace {

constexpr absl::string_view kHtml =
    "<!DOCTYPE html>\r\n<html><head><title>Sandbox</title></head>\r\n<body><h1>This is a page for people.</h1></body>"
    "</html>\r\n";

bool IsXml(const Reply& reply) {
  for (const Header& header : reply.headers) {
    if (header.name == "Content-Type") return absl::StrContains(header.value, "xml");
  }
  return false;
}

// The usual answer's head with another body.
Reply WithBody(Stage stage, absl::string_view body) {
  stage.usual.body = std::string(body);
  return std::move(stage.usual);
}

// What a front end says that never asked the vendor's program.
Reply Page(int status) {
  Reply reply{.status = status, .body = std::string(kHtml)};
  reply.Set("Content-Type", "text/html; charset=UTF-8");
  return reply;
}

Reply Verbatim(absl::string_view bytes) { return {.body = std::string(bytes), .delivery = Delivery::kVerbatim}; }

Reply Refusal(const Stage& stage, int status, absl::string_view error, absl::string_view text) {
  return stage.vendor.Refuse(stage.request, status, error, text);
}

Reply WithHeader(Reply reply, absl::string_view name, absl::string_view value) {
  reply.Set(name, value);
  return reply;
}

}  // namespace

Reply Timeout(Stage stage) {
  stage.usual.delay += absl::Seconds(60);
  return std::move(stage.usual);
}

Reply Slow(Stage stage) {
  stage.usual.delay += absl::Milliseconds(stage.number);
  return std::move(stage.usual);
}

Reply Garbage(Stage) { return Verbatim("\x16\x03\x01 this is not HTTP\r\n"); }

Reply BadVersion(Stage) { return Verbatim("HTTP/7.3 200 OK\r\nContent-Length: 0\r\n\r\n"); }

Reply BadHeader(Stage) {
  static constexpr char kNulInside[] = "HTTP/1.1 200 OK\r\nX-Odd: a\0b\r\nContent-Length: 0\r\n\r\n";
  return Verbatim({kNulInside, sizeof(kNulInside) - 1});
}

Reply HeaderCut(Stage) { return Verbatim("HTTP/1.1 200 OK\r\n"); }

Reply BadChunk(Stage) {
  return Verbatim(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\nzz\r\n");
}

Reply HugeHeader(Stage) {
  return Verbatim(
      absl::StrCat("HTTP/1.1 200 OK\r\nX-Long: ", std::string(400 << 10, 'x'), "\r\nContent-Length: 0\r\n\r\n"));
}

Reply Empty(Stage stage) { return WithBody(std::move(stage), ""); }

Reply NoContent(Stage) { return {.status = 204}; }

Reply HtmlPage(Stage) { return Page(200); }

Reply Malformed(Stage stage) {
  stage.usual.body.resize(stage.usual.body.size() / 2);
  return std::move(stage.usual);
}

Reply WrongShape(Stage stage) {
  const bool xml = IsXml(stage.usual);
  return WithBody(std::move(stage), xml ? "<Something/>" : R"(["201"])");
}

Reply Null(Stage stage) { return stage.vendor.NullResult(stage.request, std::move(stage.usual)); }

Reply Oversized(Stage stage) {
  // Blanks before the end: well-formed, only too long.
  const size_t end = stage.usual.body.find_last_of(IsXml(stage.usual) ? "<" : "}");
  stage.usual.body.insert(end == std::string::npos ? 0 : end, std::string(2 << 20, ' '));
  return std::move(stage.usual);
}

Reply ByteOrderMark(Stage stage) { return WithBody(stage, absl::StrCat("\xEF\xBB\xBF", stage.usual.body)); }

Reply Status(Stage stage) {
  const std::string text = absl::StrCat("The sandbox was asked for status ", stage.number, ".");
  if (stage.number / 100 == 2) {
    stage.usual.status = stage.number;
    return std::move(stage.usual);
  }
  return Refusal(stage, stage.number, absl::StrCat("ERROR ", stage.number), text);
}

Reply Redirect(Stage) { return WithHeader(Page(302), "Location", "https://elsewhere.example/?token=canary"); }

Reply SeeOther(Stage) { return WithHeader(Page(303), "Location", "https://elsewhere.example/created"); }

Reply Unauthorized(Stage stage) { return stage.vendor.RefuseCredential(stage.request); }

Reply Forbidden(Stage stage) { return Refusal(stage, 403, "FORBIDDEN", "THIS IS NOT ALLOWED"); }

Reply NotFound(Stage stage) { return Refusal(stage, 404, "NOT FOUND", "There is no such account or routing point."); }

Reply HtmlNotFound(Stage) { return Page(404); }

Reply Conflict(Stage stage) { return Refusal(stage, 409, "CONFLICT", "Somebody else is changing this contact."); }

Reply Duplicate(Stage stage) { return Refusal(stage, 409, "CONFLICT", "Duplicate: this interaction already exists."); }

Reply TooLarge(Stage stage) { return Refusal(stage, 413, "TOO LARGE", "The request is too large."); }

Reply RateLimited(Stage stage) {
  return WithHeader(Refusal(stage, 429, "TOO MANY REQUESTS", "Too many requests."), "Retry-After", "7");
}

Reply Unavailable(Stage) { return WithHeader(Page(503), "Retry-After", "3"); }

Reply InternalError(Stage stage) { return Refusal(stage, 500, "INTERNAL ERROR", "An error has occurred."); }

Reply BadGateway(Stage) { return Page(502); }

Reply GatewayTimeout(Stage) { return Page(504); }

}  // namespace interaction::sandbox::scenes
