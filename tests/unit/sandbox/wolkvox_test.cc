#include "sandbox/wolkvox.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::sandbox::wolkvox {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::Not;

constexpr char kTarget[] = "/api/v2/configuration.php?api=add_interaction";
constexpr char kBody[] = R"({"from":"f","fromname":"","to":"t","toname":"","subject":"","body":"","rp_id":"77"})";

Request Post(std::string token, std::string body = kBody) {
  return {.method = "POST",
          .target = kTarget,
          .headers = {{"wolkvox_server", "0042"}, {"wolkvox-token", std::move(token)}},
          .body = std::move(body)};
}

Reply Answer(const Request& request, int simultaneous, const Options& options) {
  return Wolkvox(options).Answer(request, 1, simultaneous);
}

auto Says(int status, const std::string& body) {
  return AllOf(Field("status", &Reply::status, status), Field("body", &Reply::body, body));
}

std::string Refused(int code, const char* error, const char* message) {
  return absl::StrCat(R"({"code":")", code, R"(","error":")", error, R"(","msg":")", message, "\"}");
}

TEST(WolkvoxTest, AnswersAValidRequestAsPhpWritesIt) {
  EXPECT_THAT(Answer(Post("t"), 1, {}),
              Says(201, R"({"code":"201","error":null,"msg":)"
                        R"("77 routing point was executed and assigned to agent (No\u00ebl N\/1042) "})"));
}

struct RefusalCase {
  const char* name;
  Request request;
  int simultaneous;
  int code;
  const char* error;
  const char* message;
};

Request Without(const char* header) {
  Request request = Post("t");
  std::erase_if(request.headers, [&](const Header& h) { return h.name == header; });
  return request;
}

class WolkvoxRefusalTest : public ::testing::TestWithParam<RefusalCase> {};

TEST_P(WolkvoxRefusalTest, IsToldInTheBody) {
  const RefusalCase& row = GetParam();
  EXPECT_THAT(Answer(row.request, row.simultaneous, {}), Says(row.code, Refused(row.code, row.error, row.message)));
}

INSTANTIATE_TEST_SUITE_P(
    Requests, WolkvoxRefusalTest,
    ::testing::Values(
        RefusalCase{"UnknownApi",
                    {.method = "POST", .target = "/api/v2/configuration.php?api=other"},
                    1,
                    400,
                    "BAD REQUEST",
                    "THE API YOU WANT TO CONSULT DOES NOT EXIST"},
        RefusalCase{"UnknownProgram",
                    {.method = "POST", .target = "/api/v2/x.php?api=add_interaction"},
                    1,
                    400,
                    "BAD REQUEST",
                    "THE API YOU WANT TO CONSULT DOES NOT EXIST"},
        RefusalCase{"NoToken", Without("wolkvox-token"), 1, 401, "UNAUTHORIZED", "PLEASE ENTER THE WOLKVOX-TOKEN"},
        RefusalCase{"NoServer", Without("wolkvox_server"), 1, 403, "FORBIDDEN", "PLEASE VALIDATE TOKEN"},
        RefusalCase{"InvalidToken", Post("invalid-token"), 1, 403, "FORBIDDEN", "PLEASE VALIDATE TOKEN"},
        RefusalCase{"ExhaustedToken", Post("exhausted-token"), 1, 403, "FORBIDDEN", "TOKEN LIMIT EXCEEDED"},
        RefusalCase{"BusyToken", Post("busy-token"), 1, 403, "FORBIDDEN",
                    "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"},
        RefusalCase{"ThirdAtOnce", Post("t"), 3, 403, "FORBIDDEN",
                    "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"},
        RefusalCase{"NoBody", Post("t", ""), 1, 400, "BAD REQUEST", "SOME PARAMETERS ARE REQUIRED"},
        RefusalCase{"NotJson", Post("t", "from=f"), 1, 400, "BAD REQUEST", "SOME PARAMETERS ARE REQUIRED"},
        RefusalCase{"InvalidUtf8", Post("t", std::string(kBody).replace(9, 1, "\xFF")), 1, 400, "BAD REQUEST",
                    "SOME PARAMETERS ARE REQUIRED"},
        RefusalCase{"EmptyRoutingPoint", Post("t", std::string(kBody).replace(79, 2, "")), 1, 400, "BAD REQUEST",
                    "SOME PARAMETERS ARE REQUIRED"},
        RefusalCase{"NoSubject", Post("t", R"({"from":"f","to":"t","body":"","rp_id":"77"})"), 1, 400, "BAD REQUEST",
                    "SOME PARAMETERS ARE REQUIRED"}),
    [](const auto& row) { return row.param.name; });

TEST(WolkvoxTest, TakesAsManyAtOnceAsTheTokenMayHave) { EXPECT_EQ(Answer(Post("t"), 2, {}).status, 201); }

TEST(WolkvoxTest, TakesRequestsWithoutTheServerHeaderIfToldTo) {
  EXPECT_EQ(Answer(Without("wolkvox_server"), 1, {.require_server_header = false}).status, 201);
}

TEST(WolkvoxTest, HidesTheCodeBehindHttp200IfToldTo) {
  EXPECT_THAT(Answer(Post("invalid-token"), 1, {.mirror_status = false}),
              Says(200, Refused(403, "FORBIDDEN", "PLEASE VALIDATE TOKEN")));
}

TEST(WolkvoxTest, ClosesTheConnectionIfToldTo) {
  const auto closes = Field("headers", &Reply::headers, Contains(Header{"Connection", "close"}));
  EXPECT_THAT(Answer(Post("t"), 1, {}), Not(closes));
  EXPECT_THAT(Answer(Post("t"), 1, {.close = true}), closes);
}

TEST(WolkvoxTest, NamesTheScenarioThatTheRoutingPointAsksFor) {
  EXPECT_EQ(Answer(Post("t", std::string(kBody).replace(79, 2, "sandbox:token-limit")), 1, {}).scenario, "token-limit");
}

TEST(WolkvoxTest, WritesCharactersBeyondTheBasicPlaneAsSurrogates) {
  EXPECT_THAT(Say({}, 400, "E", "\xF0\x9F\x98\x80"), Says(400, Refused(400, "E", R"(\ud83d\ude00)")));
}

}  // namespace
}  // namespace interaction::sandbox::wolkvox
