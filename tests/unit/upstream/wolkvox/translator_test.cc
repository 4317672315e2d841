#include "server/upstream/wolkvox/translator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/requests.h"
#include "server/http/url.h"
#include "tests/support/matchers.h"

namespace interaction::wolkvox {
namespace {

using ::interaction::testing::EqualsProto;
using ::interaction::testing::HasHeader;
using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::UnorderedElementsAre;
using upstream::CredentialOwner;
using Code = absl::StatusCode;
using Request = v1::AddWolkvoxInteractionRequest;

constexpr char kBaseUrl[] = "https://wv{server}.wolkvox.com/";

std::unique_ptr<Translator> Make(Options options) {
  if (options.base_url.empty()) options.base_url = kBaseUrl;
  auto translator = Translator::Create(std::move(options));
  EXPECT_THAT(translator, IsOk());
  return *std::move(translator);
}

// A gateway that holds a token for every server.
Options WithToken() { return {.tokens = {{"", Secret("gateway-token")}}}; }

Request ValidRequest() {
  Request request;
  request.set_sender("sender");
  request.set_recipient("recipient");
  request.set_routing_point_id("42");
  request.set_wolkvox_server("0042");
  return request;
}

Request RequestFor(absl::string_view server) {
  Request request = ValidRequest();
  request.set_wolkvox_server(std::string(server));
  return request;
}

Request RequestWithToken(absl::string_view token) {
  Request request = ValidRequest();
  request.set_wolkvox_token(std::string(token));
  return request;
}

std::vector<std::string> Violations(Request request, Options options = WithToken()) {
  std::vector<std::string> fields;
  const absl::Status status = Make(std::move(options))->Canonicalize(&request);
  if (status.ok()) return fields;
  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(status, HasReason(Reason::kInvalidRequest));
  EXPECT_THAT(status, HasOutcome(Outcome::kNotApplied));
  for (const FieldViolation& violation : GetErrorDetails(status).field_violations) fields.push_back(violation.field);
  return fields;
}

absl::StatusOr<http::Request> Encode(const Request& request, Options options = WithToken()) {
  const auto translator = Make(std::move(options));
  return translator->Encode(request, translator->CredentialFor(request));
}

// Names that would make another host of wv{server}.wolkvox.com, or another header.
const std::string kHostileServers[] = {
    "0001@127.0.0.1:1#",
    "0001.evil.com/",
    "..",
    ".",
    "[::1]",
    "0001%2f",
    "0001%00",
    "\uff10\uff10\uff10\uff11",
    "0001/",
    "/0001",
    "\\0001",
    "0001?",
    "0001#",
    "0001:8080",
    "@",
    "user:pw@0001",
    "0001.",
    ".0001",
    "a.b",
    "a_b",
    "-0001",
    "0001-",
    "-",
    " 0001",
    "0001 ",
    "00 01",
    "0001\r\nX-Other: 1",
    "0001\n",
    "0001\t",
    std::string("0001\0", 5),
    "\u0661",
    "\u00e9",
    "xn--\u00e9",
    "{server}",
    "$1",
    "0001;",
    "0001,0002",
    "0001'",
    "*",
    std::string(33, '1'),
    std::string(300, '1'),
    std::string(100000, 'a'),
};

TEST(ParseServerTest, TakesOneDnsLabelAndLowersIt) {
  const struct {
    const char* text;
    const char* server;
  } rows[] = {
      {"0042", "0042"},
      {"1", "1"},
      {"a", "a"},
      {"AB12", "ab12"},
      {"Us-East-1", "us-east-1"},
      {"a--b", "a--b"},
      {"0042-qa", "0042-qa"},
      {"12345678901234567890123456789012", "12345678901234567890123456789012"},
  };
  for (const auto& row : rows) EXPECT_THAT(rules::ParseServer(row.text), Optional(std::string(row.server))) << row.text;
}

TEST(ParseServerTest, TakesNothingElse) {
  EXPECT_EQ(rules::ParseServer(""), std::nullopt);
  for (const std::string& server : kHostileServers) EXPECT_EQ(rules::ParseServer(server), std::nullopt) << server;
}

TEST(CreateTest, RefusesABaseUrlThatIsNone) {
  for (const char* url : {"wv{server}.wolkvox.com", "ftp://wv{server}.wolkvox.com/", "https://",
                          "https://u:p@wv{server}.x/", "https://wv{server}.x/?a=b", "https://wv{server}.x/#f"}) {
    EXPECT_THAT(Translator::Create({.base_url = url}), StatusIs(Code::kInvalidArgument)) << url;
  }
}

TEST(CreateTest, RefusesAPlaceForTheServerThatIsNotTheHost) {
  for (const char* url : {"https://wolkvox.example.com/{server}/", "https://wv{server}.example.com/{server}/",
                          "https://wolkvox.example.com:{server}/", "https://wv{server}.example.com:8{server}/",
                          "https://{server}.{server}.example.com/", "https://{server}@example.com/",
                          "{server}://example.com/", "{server}"}) {
    EXPECT_THAT(Translator::Create({.base_url = url}), StatusIs(Code::kInvalidArgument)) << url;
  }
}

TEST(CreateTest, RefusesServersThatAreNoLabelsInLowerCase) {
  for (const char* server : {"1@evil.test/", "wv.1", "AB12", " 0042"}) {
    EXPECT_THAT(Translator::Create({.base_url = kBaseUrl, .default_server = server}), StatusIs(Code::kInvalidArgument));
    EXPECT_THAT(Translator::Create({.base_url = kBaseUrl, .allowed_servers = {server}}),
                StatusIs(Code::kInvalidArgument));
    EXPECT_THAT(Translator::Create({.base_url = kBaseUrl, .tokens = {{server, Secret("t")}}}),
                StatusIs(Code::kInvalidArgument));
  }
}

TEST(EncodeTest, PostsToThePathOfTheVendorsPageOnTheServersHost) {
  const struct {
    const char* base;
    const char* url;
  } rows[] = {
      {"https://wv{server}.wolkvox.com/", "https://wv0042.wolkvox.com/api/v2/configuration.php?api=add_interaction"},
      {"https://wv{server}.wolkvox.com", "https://wv0042.wolkvox.com/api/v2/configuration.php?api=add_interaction"},
      {"https://wv{server}.wolkvox.com:8443/x/",
       "https://wv0042.wolkvox.com:8443/x/api/v2/configuration.php?api=add_interaction"},
      {"https://{server}.proxy.example.com/",
       "https://0042.proxy.example.com/api/v2/configuration.php?api=add_interaction"},
      {"http://127.0.0.1:8082/", "http://127.0.0.1:8082/api/v2/configuration.php?api=add_interaction"},
  };
  for (const auto& row : rows) {
    const auto request = Encode(ValidRequest(), {.base_url = row.base});
    ASSERT_THAT(request, IsOk());
    EXPECT_EQ(request->url, row.url);
  }
}

TEST(EncodeTest, AServerInUpperCaseIsCalledInLowerCase) {
  const auto request = Encode(RequestFor("AB-12"));
  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(http::HostOf(request->url), IsOkAndHolds("wvab-12.wolkvox.com"));
  EXPECT_THAT(*request, HasHeader("wolkvox_server", "ab-12"));
}

TEST(EncodeTest, NoServerMeansTheDefault) {
  const auto request = Encode(RequestFor(""), {.default_server = "0007"});
  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(http::HostOf(request->url), IsOkAndHolds("wv0007.wolkvox.com"));
  EXPECT_THAT(*request, HasHeader("wolkvox_server", "0007"));
}

// Validation stops such a name; should it ever not, no request comes of it.
TEST(EncodeTest, NeverLeadsToAHostThatIsNotTheServers) {
  for (const std::string& server : kHostileServers) {
    EXPECT_FALSE(Encode(RequestFor(server)).ok()) << server;
    EXPECT_FALSE(Encode(RequestFor(server), {.base_url = "http://127.0.0.1:8082/"}).ok()) << server;
  }
}

TEST(EncodeTest, SendsTheHeadersOfTheVendorsPage) {
  const auto request = Encode(RequestWithToken("caller-token"));
  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(*request, HasHeader("Content-Type", "application/json"));
  EXPECT_THAT(*request, HasHeader("wolkvox_server", "0042"));
  EXPECT_THAT(*request, HasHeader("wolkvox-token", "caller-token"));
}

TEST(EncodeTest, TheHeaderWithTheUnderscoreCanBeLeftOut) {
  Options options = WithToken();
  options.send_server_header = false;
  const auto request = Encode(ValidRequest(), std::move(options));
  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(*request, Not(HasHeader("wolkvox_server", _)));
  EXPECT_THAT(*request, HasHeader("wolkvox-token", "gateway-token"));
}

TEST(EncodeTest, TheTokenGoesIntoItsHeaderAndNowhereElse) {
  const auto request = Encode(RequestWithToken("canary"));
  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(request->url, Not(HasSubstr("canary")));
  EXPECT_THAT(request->body, Not(HasSubstr("canary")));
  for (const http::Header& header : request->headers) {
    EXPECT_EQ(header.value == "canary", header.name == "wolkvox-token") << header.name;
  }
}

TEST(EncodeTest, EveryFieldHasItsNameInTheVendorsPage) {
  Request request = ValidRequest();
  request.set_sender_name("sender name");
  request.set_recipient_name("recipient name");
  request.set_subject("subject");
  request.set_body("body");
  request.set_request_id("7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e");
  const auto encoded = Encode(request);
  ASSERT_THAT(encoded, IsOk());
  EXPECT_EQ(encoded->body, R"({"from":"sender","fromname":"sender name","to":"recipient","toname":"recipient name",)"
                           R"("subject":"subject","body":"body","rp_id":"42"})");
}

TEST(EncodeTest, OptionalFieldsAreSentEmptyWhenUnset) {
  const auto encoded = Encode(ValidRequest());
  ASSERT_THAT(encoded, IsOk());
  EXPECT_EQ(encoded->body,
            R"({"from":"sender","fromname":"","to":"recipient","toname":"","subject":"","body":"","rp_id":"42"})");
}

TEST(EncodeTest, AnyTextArrivesAsItWas) {
  std::string controls;
  for (char c = 0; c < 0x20; ++c) controls.push_back(c);
  for (const std::string& text :
       {controls, std::string("\"quoted\" \\ </script> \x7f"), std::string(" blanks around \r\n"),
        std::string("\u00d1and\u00fa \u4e2d\u6587 \u05e9\u05dc\u05d5\u05dd \u2028 \U0001F600")}) {
    Request request = ValidRequest();
    request.set_subject(text);
    request.set_body(text);
    const auto encoded = Encode(request);
    ASSERT_THAT(encoded, IsOk());
    const auto json = nlohmann::json::parse(encoded->body);
    EXPECT_EQ(json["subject"], text);
    EXPECT_EQ(json["body"], text);
  }
}

TEST(EncodeTest, TheGreatestBodyIsSentWhole) {
  std::string body;
  for (int i = 0; i < 32768; ++i) body += "\U0001F600";
  Request request = ValidRequest();
  request.set_body(body);
  ASSERT_THAT(Violations(request), IsEmpty());
  const auto encoded = Encode(request);
  ASSERT_THAT(encoded, IsOk());
  EXPECT_EQ(nlohmann::json::parse(encoded->body)["body"], body);
}

// Who may bring a token, and whose is sent.
TEST(CredentialsTest, FollowWhatTheGatewayHoldsAndAllows) {
  const struct {
    const char* name;
    bool gateway_holds;
    bool allowed;
    bool caller_sends;
    bool authorized;
    bool valid;
    CredentialOwner owner;
  } rows[] = {
      {"the gateway's alone", true, false, false, true, true, CredentialOwner::kGateway},
      {"the caller's where the gateway has one", true, false, true, false, true, CredentialOwner::kCaller},
      {"the caller's where that is allowed", true, true, true, true, true, CredentialOwner::kCaller},
      {"the gateway's where another would be allowed", true, true, false, true, true, CredentialOwner::kGateway},
      {"the caller's alone", false, false, true, true, true, CredentialOwner::kCaller},
      {"nobody's", false, false, false, true, false, CredentialOwner::kCaller},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Options options = row.gateway_holds ? WithToken() : Options();
    options.allow_caller_credentials = row.allowed;
    const auto translator = Make(std::move(options));
    Request request = row.caller_sends ? RequestWithToken("caller-token") : ValidRequest();
    EXPECT_EQ(translator->Authorize(request).ok(), row.authorized);
    EXPECT_EQ(translator->Canonicalize(&request).ok(), row.valid);
    if (!row.authorized || !row.valid) continue;
    const upstream::Credential credential = translator->CredentialFor(request);
    EXPECT_EQ(credential.owner, row.owner);
    EXPECT_EQ(credential.secret.Reveal(), row.owner == CredentialOwner::kCaller ? "caller-token" : "gateway-token");
  }
}

TEST(CredentialsTest, AForbiddenTokenIsPermissionDeniedAndNotRepeated) {
  const absl::Status status = Make(WithToken())->Authorize(RequestWithToken("canary"));
  EXPECT_THAT(status, StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(status, HasReason(Reason::kCallerCredentialsForbidden));
  EXPECT_THAT(status, HasOutcome(Outcome::kNotApplied));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("canary")));
}

TEST(CredentialsTest, EachServerHasItsOwnToken) {
  const auto translator =
      Make({.default_server = "0002", .tokens = {{"0001", Secret("one")}, {"0002", Secret("two")}}});
  const auto token = [&](const char* server) {
    return std::string(translator->CredentialFor(RequestFor(server)).secret.Reveal());
  };
  EXPECT_EQ(token("0001"), "one");
  EXPECT_EQ(token("0002"), "two");
  EXPECT_EQ(token(""), "two");
}

TEST(CredentialsTest, ATokenIsFoundWhateverTheCaseOfTheServer) {
  const auto translator = Make({.tokens = {{"ab1", Secret("one")}}});
  EXPECT_EQ(translator->CredentialFor(RequestFor("AB1")).secret.Reveal(), "one");
}

TEST(CredentialsTest, AServerWithoutATokenLeavesItToTheCaller) {
  const auto translator = Make({.tokens = {{"0001", Secret("one")}}});
  Request request = RequestWithToken("caller-token");  // for 0042
  EXPECT_THAT(translator->Authorize(request), IsOk());
  EXPECT_THAT(translator->Canonicalize(&request), IsOk());
  EXPECT_EQ(translator->CredentialFor(request).secret.Reveal(), "caller-token");
  request.set_wolkvox_server("0001");
  EXPECT_THAT(translator->Authorize(request), HasReason(Reason::kCallerCredentialsForbidden));
  request.set_wolkvox_token("");
  request.set_wolkvox_server("0042");
  EXPECT_THAT(translator->Canonicalize(&request), HasReason(Reason::kInvalidRequest));
}

TEST(CredentialsTest, ATokenThatCouldBreakOutIsAViolation) {
  for (const std::string& token :
       {std::string("a\rb"), std::string("a\nX: 1"), std::string("a\0b", 3), std::string("a\x7f"),
        std::string("cl\u00e9"), std::string("a b"), std::string(513, 'k')}) {
    EXPECT_THAT(Violations(RequestWithToken(token), Options()), ElementsAre("wolkvox_token")) << token;
  }
  EXPECT_THAT(Violations(RequestWithToken(std::string(512, 'k')), Options()), IsEmpty());
}

TEST(CanonicalizeTest, AValidRequestHasNoViolation) {
  EXPECT_THAT(Violations(ValidRequest()), IsEmpty());
  Request request = ValidRequest();
  request.set_request_id("7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e");
  EXPECT_THAT(Violations(request), IsEmpty());
}

TEST(CanonicalizeTest, AnEmptyRequestBreaksEveryRequiredFieldAtOnce) {
  EXPECT_THAT(Violations(Request(), Options()),
              UnorderedElementsAre("sender", "recipient", "routing_point_id", "wolkvox_server", "wolkvox_token"));
}

TEST(CanonicalizeTest, EachFieldIsNamedForItsOwnMistake) {
  const std::string too_long(1025, 'x'), tab = "\t", blank = "\u00a0\u3000 \r\n";
  const struct {
    const char* name;
    const char* field;
    void (*spoil)(Request*, const std::string&);
    std::string value;
  } rows[] = {
      {"sender empty", "sender", [](Request* r, const std::string& v) { r->set_sender(v); }, ""},
      {"sender a tab", "sender", [](Request* r, const std::string& v) { r->set_sender(v); }, tab},
      {"sender blank", "sender", [](Request* r, const std::string& v) { r->set_sender(v); }, blank},
      {"sender too long", "sender", [](Request* r, const std::string& v) { r->set_sender(v); }, too_long},
      {"sender's name too long", "sender_name", [](Request* r, const std::string& v) { r->set_sender_name(v); },
       too_long},
      {"recipient empty", "recipient", [](Request* r, const std::string& v) { r->set_recipient(v); }, ""},
      {"recipient a tab", "recipient", [](Request* r, const std::string& v) { r->set_recipient(v); }, tab},
      {"recipient blank", "recipient", [](Request* r, const std::string& v) { r->set_recipient(v); }, blank},
      {"recipient too long", "recipient", [](Request* r, const std::string& v) { r->set_recipient(v); }, too_long},
      {"recipient's name too long", "recipient_name",
       [](Request* r, const std::string& v) { r->set_recipient_name(v); }, too_long},
      {"subject too long", "subject", [](Request* r, const std::string& v) { r->set_subject(v); }, too_long},
      {"body too long", "body", [](Request* r, const std::string& v) { r->set_body(v); }, std::string(32769, 'x')},
      {"routing point empty", "routing_point_id", [](Request* r, const std::string& v) { r->set_routing_point_id(v); },
       ""},
      {"routing point a tab", "routing_point_id", [](Request* r, const std::string& v) { r->set_routing_point_id(v); },
       tab},
      {"routing point blank", "routing_point_id", [](Request* r, const std::string& v) { r->set_routing_point_id(v); },
       blank},
      {"routing point too long", "routing_point_id",
       [](Request* r, const std::string& v) { r->set_routing_point_id(v); }, too_long},
      {"request id in braces", "request_id", [](Request* r, const std::string& v) { r->set_request_id(v); },
       "{7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e}"},
  };
  for (const auto& row : rows) {
    Request request = ValidRequest();
    row.spoil(&request, row.value);
    EXPECT_THAT(Violations(request), ElementsAre(row.field)) << row.name;
  }
}

TEST(CanonicalizeTest, AServerThatIsNoLabelIsAViolation) {
  for (const std::string& server : kHostileServers) {
    EXPECT_THAT(Violations(RequestFor(server)), ElementsAre("wolkvox_server")) << server;
  }
}

TEST(CanonicalizeTest, NoServerIsAViolationWhereThereIsNoDefault) {
  EXPECT_THAT(Violations(RequestFor("")), ElementsAre("wolkvox_server"));
  EXPECT_THAT(Violations(RequestFor(""), {.default_server = "0042", .tokens = {{"", Secret("t")}}}), IsEmpty());
}

TEST(CanonicalizeTest, AListOfServersShutsOutTheOthers) {
  const Options options = {.allowed_servers = {"0001", "ab2"}, .tokens = {{"", Secret("t")}}};
  EXPECT_THAT(Violations(RequestFor("0001"), options), IsEmpty());
  EXPECT_THAT(Violations(RequestFor("AB2"), options), IsEmpty());
  EXPECT_THAT(Violations(RequestFor("0002"), options), ElementsAre("wolkvox_server"));
  EXPECT_THAT(Violations(RequestFor("001"), options), ElementsAre("wolkvox_server"));
}

TEST(CanonicalizeTest, TheRequestIdIsLeftInLowerCaseAndTextAsItIs) {
  Request request = ValidRequest();
  request.set_request_id("7B8C4D3E-91D2-4A0B-8C5E-2F1A6B7C8D9E");
  Request expected = ValidRequest();
  expected.set_request_id("7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e");
  ASSERT_THAT(Make(WithToken())->Canonicalize(&request), IsOk());
  EXPECT_THAT(request, EqualsProto(expected));
}

// Records of earlier versions are compared with these bytes.
TEST(AsksForTest, HasAFormThatStays) {
  Request request;
  request.set_sender("from");
  request.set_routing_point_id("42");
  request.set_wolkvox_server("AB");
  EXPECT_EQ(Make(WithToken())->CanonicalBytes(request), std::string("\x01\x04\0\0\0from"
                                                                    "\x07\x02\0\0\0"
                                                                    "42"
                                                                    "\x08\x02\0\0\0"
                                                                    "ab",
                                                                    23));
}

TEST(AsksForTest, EveryFieldCountsButTheTokenAndTheRequestId) {
  const auto translator = Make(WithToken());
  const std::string plain = translator->CanonicalBytes(ValidRequest());
  Request same = RequestWithToken("another token");
  same.set_request_id("7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e");
  EXPECT_EQ(translator->CanonicalBytes(same), plain);
  const std::pair<const char*, void (*)(Request*)> fields[] = {
      {"sender", [](Request* r) { r->set_sender("x"); }},
      {"sender_name", [](Request* r) { r->set_sender_name("x"); }},
      {"recipient", [](Request* r) { r->set_recipient("x"); }},
      {"recipient_name", [](Request* r) { r->set_recipient_name("x"); }},
      {"subject", [](Request* r) { r->set_subject("x"); }},
      {"body", [](Request* r) { r->set_body("x"); }},
      {"routing_point_id", [](Request* r) { r->set_routing_point_id("x"); }},
      {"wolkvox_server", [](Request* r) { r->set_wolkvox_server("x"); }},
  };
  for (const auto& [name, change] : fields) {
    Request request = ValidRequest();
    change(&request);
    EXPECT_NE(translator->CanonicalBytes(request), plain) << name;
  }
}

TEST(DecodeTest, JudgesTheAnswerForTheOwnerOfTheToken) {
  const auto translator = Make(WithToken());
  http::Response response;
  response.status = 200;
  response.body = R"({"code":"201","error":null,"msg":"m"})";
  EXPECT_THAT(translator->Decode(response, CredentialOwner::kGateway, absl::UnixEpoch()),
              IsOkAndHolds(EqualsProto(R"pb(code: 201 message: "m")pb")));
  response.body = R"({"code":"401","error":"UNAUTHORIZED","msg":"PLEASE ENTER THE WOLKVOX-TOKEN"})";
  EXPECT_THAT(translator->Decode(response, CredentialOwner::kCaller, absl::UnixEpoch()),
              StatusIs(Code::kUnauthenticated));
  EXPECT_THAT(translator->Decode(response, CredentialOwner::kGateway, absl::UnixEpoch()),
              StatusIs(Code::kFailedPrecondition));
}

TEST(DecodeTest, RetryAfterCountsFromNow) {
  http::Response response;
  response.status = 503;
  response.retry_after = "Fri, 15 Jan 2027 08:00:30 GMT";
  const auto reply = Make(WithToken())->Decode(response, CredentialOwner::kCaller, absl::FromUnixSeconds(1800000000));
  EXPECT_THAT(GetErrorDetails(reply.status()).retry_after, Optional(absl::Seconds(30)));
}

}  // namespace
}  // namespace interaction::wolkvox
