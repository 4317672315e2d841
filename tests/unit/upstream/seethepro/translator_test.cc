#include "server/upstream/seethepro/translator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/upstream/http_verdict.h"
#include "tests/support/matchers.h"

namespace interaction::seethepro {
namespace {

using ::interaction::testing::EqualsProto;
using ::interaction::testing::HasOutcome;
using ::interaction::testing::HasReason;
using ::interaction::testing::IsOk;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using upstream::CredentialOwner;
using Code = absl::StatusCode;
using Request = v1::CreateVspInteractionRequest;

constexpr char kGuid[] = "6925ebd4-125d-4338-a736-99f4b5bcb3d7";
constexpr char kNil[] = "00000000-0000-0000-0000-000000000000";
const absl::Time kNow = absl::FromUnixSeconds(1800000000);

std::unique_ptr<Translator> Make(Options options) {
  options.base_url = "https://seethepro.example.com/";
  auto translator = Translator::Create(std::move(options));
  EXPECT_THAT(translator, IsOk());
  return *std::move(translator);
}

// A gateway that holds a key, and one whose callers bring theirs.
Options WithKey() { return {.app_access_key = Secret("gateway-key")}; }
Options WithoutKey() { return {}; }

Request ValidRequest() {
  Request request;
  request.set_interaction_identity("identity");
  request.set_interaction_name("name");
  request.set_account_id(kGuid);
  request.set_contact_id(kGuid);
  return request;
}

Request RequestWithKey(absl::string_view key) {
  Request request = ValidRequest();
  request.set_app_access_key(std::string(key));
  return request;
}

std::vector<std::string> Violations(Request request, Options options = WithKey()) {
  std::vector<std::string> fields;
  const absl::Status status = Make(std::move(options))->Canonicalize(&request);
  if (status.ok()) return fields;
  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(status, HasReason(Reason::kInvalidRequest));
  EXPECT_THAT(status, HasOutcome(Outcome::kNotApplied));
  for (const FieldViolation& violation : GetErrorDetails(status).field_violations) fields.push_back(violation.field);
  return fields;
}

absl::StatusOr<Translator::Reply> Decode(int status, absl::string_view body,
                                         CredentialOwner owner = CredentialOwner::kCaller) {
  http::Response response;
  response.status = status;
  response.body = std::string(body);
  return Make(WithKey())->Decode(response, owner, kNow);
}

TEST(CreateTest, RefusesABaseUrlThatIsNone) {
  for (const char* url : {"", "seethepro.example.com", "ftp://seethepro.example.com/", "https://", "https://user:pw@x/",
                          "https://x/?a=b", "https://x/#f"}) {
    EXPECT_THAT(Translator::Create({.base_url = url}), StatusIs(Code::kInvalidArgument)) << url;
  }
}

TEST(EncodeTest, PostsToThePathOfTheVendorsPageBelowTheBaseUrl) {
  const struct {
    const char* base;
    const char* url;
  } rows[] = {
      {"https://seethepro.example.com/", "https://seethepro.example.com/api/vspinteraction/create"},
      {"https://seethepro.example.com", "https://seethepro.example.com/api/vspinteraction/create"},
      {"http://127.0.0.1:8081/", "http://127.0.0.1:8081/api/vspinteraction/create"},
      {"https://proxy.example.com/stp/", "https://proxy.example.com/stp/api/vspinteraction/create"},
  };
  for (const auto& row : rows) {
    const auto translator = Translator::Create({.base_url = row.base});
    ASSERT_THAT(translator, IsOk()) << row.base;
    const auto request = (*translator)->Encode(ValidRequest(), {});
    ASSERT_THAT(request, IsOk());
    EXPECT_EQ(request->url, row.url);
  }
}

TEST(EncodeTest, TheKeyGoesIntoTheBodyAndNowhereElse) {
  for (WireFormat format : {WireFormat::kJson, WireFormat::kXml, WireFormat::kForm}) {
    const auto request =
        Make({.wire_format = format})->Encode(ValidRequest(), {Secret("the-key"), CredentialOwner::kCaller});
    ASSERT_THAT(request, IsOk());
    EXPECT_THAT(request->body, HasSubstr("the-key"));
    EXPECT_THAT(request->url, Not(HasSubstr("the-key")));
    for (const http::Header& header : request->headers) EXPECT_THAT(header.value, Not(HasSubstr("the-key")));
  }
}

TEST(EncodeTest, GuidsAreSentInCanonicalFormInEveryFormat) {
  Request request = ValidRequest();
  request.set_account_id(" {6925EBD4-125D-4338-A736-99F4B5BCB3D7} ");
  request.set_contact_id("3D6AB2376E5E4E4AB76A4EBE7D89B9E0");
  request.set_tenant_key("(f4528424-7736-4037-8c10-45fe6f1f5754)");
  for (WireFormat format : {WireFormat::kJson, WireFormat::kXml, WireFormat::kForm}) {
    const auto translator = Make({.wire_format = format, .app_access_key = Secret("k")});
    Request canonical = request;
    ASSERT_THAT(translator->Canonicalize(&canonical), IsOk());
    const auto encoded = translator->Encode(canonical, translator->CredentialFor(canonical));
    ASSERT_THAT(encoded, IsOk());
    // Behind its name, and what the format puts between the two.
    EXPECT_THAT(encoded->body, ContainsRegex("AccountId[\":>=]+6925ebd4-125d-4338-a736-99f4b5bcb3d7"));
    EXPECT_THAT(encoded->body, ContainsRegex("ContactId[\":>=]+3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"));
    EXPECT_THAT(encoded->body, ContainsRegex("TenantKey[\":>=]+f4528424-7736-4037-8c10-45fe6f1f5754"));
  }
}

TEST(EncodeTest, SameInputSameBytes) {
  const auto translator = Make(WithKey());
  const auto first = translator->Encode(ValidRequest(), {Secret("k"), CredentialOwner::kGateway});
  const auto second = translator->Encode(ValidRequest(), {Secret("k"), CredentialOwner::kGateway});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->url, second->url);
  EXPECT_EQ(first->headers, second->headers);
  EXPECT_EQ(first->body, second->body);
}

// Who may bring a key, and whose is sent.
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
    Options options = row.gateway_holds ? WithKey() : WithoutKey();
    options.allow_caller_credentials = row.allowed;
    const auto translator = Make(std::move(options));
    Request request = row.caller_sends ? RequestWithKey("caller-key") : ValidRequest();
    EXPECT_EQ(translator->Authorize(request).ok(), row.authorized);
    EXPECT_EQ(translator->Canonicalize(&request).ok(), row.valid);
    if (!row.authorized || !row.valid) continue;
    const upstream::Credential credential = translator->CredentialFor(request);
    EXPECT_EQ(credential.owner, row.owner);
    EXPECT_EQ(credential.secret.Reveal(), row.owner == CredentialOwner::kCaller ? "caller-key" : "gateway-key");
  }
}

TEST(CredentialsTest, AForbiddenKeyIsPermissionDeniedAndNotRepeated) {
  const absl::Status status = Make(WithKey())->Authorize(RequestWithKey("canary"));
  EXPECT_THAT(status, StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(status, HasReason(Reason::kCallerCredentialsForbidden));
  EXPECT_THAT(status, HasOutcome(Outcome::kNotApplied));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("canary")));
}

TEST(CredentialsTest, AMissingKeyIsAViolationWhereTheGatewayHasNone) {
  EXPECT_THAT(Violations(ValidRequest(), WithoutKey()), ElementsAre("app_access_key"));
}

TEST(CredentialsTest, AKeyThatCouldBreakOutIsAViolation) {
  for (const std::string& key : {std::string("a\rb"), std::string("a\nb"), std::string("a\0b", 3), std::string("a\x7f"),
                                 std::string("cl\u00e9"), std::string("a b"), std::string(513, 'k')}) {
    EXPECT_THAT(Violations(RequestWithKey(key), WithoutKey()), ElementsAre("app_access_key")) << key;
  }
  EXPECT_THAT(Violations(RequestWithKey(std::string(512, 'k')), WithoutKey()), IsEmpty());
}

TEST(CanonicalizeTest, AValidRequestHasNoViolation) {
  Request request = ValidRequest();
  EXPECT_THAT(Violations(request), IsEmpty());
  request.set_tenant_key(kGuid);
  request.set_group_key(kGuid);
  request.set_request_id(kGuid);
  EXPECT_THAT(Violations(request), IsEmpty());
}

TEST(CanonicalizeTest, AnEmptyRequestBreaksEveryRequiredFieldAtOnce) {
  EXPECT_THAT(
      Violations(Request(), WithoutKey()),
      UnorderedElementsAre("app_access_key", "interaction_identity", "interaction_name", "account_id", "contact_id"));
}

TEST(CanonicalizeTest, EachFieldIsNamedForItsOwnMistake) {
  const std::string too_long(1025, 'x'), tab = "\t", blank = "\u00a0\u3000 \t";
  const struct {
    const char* name;
    const char* field;
    void (*spoil)(Request*, const std::string&);
    std::string value;
  } rows[] = {
      {"identity empty", "interaction_identity",
       [](Request* r, const std::string& v) { r->set_interaction_identity(v); }, ""},
      {"identity blank", "interaction_identity",
       [](Request* r, const std::string& v) { r->set_interaction_identity(v); }, blank},
      {"identity a tab", "interaction_identity",
       [](Request* r, const std::string& v) { r->set_interaction_identity(v); }, tab},
      {"identity too long", "interaction_identity",
       [](Request* r, const std::string& v) { r->set_interaction_identity(v); }, too_long},
      {"name empty", "interaction_name", [](Request* r, const std::string& v) { r->set_interaction_name(v); }, ""},
      {"name blank", "interaction_name", [](Request* r, const std::string& v) { r->set_interaction_name(v); }, blank},
      {"name a tab", "interaction_name", [](Request* r, const std::string& v) { r->set_interaction_name(v); }, tab},
      {"name too long", "interaction_name", [](Request* r, const std::string& v) { r->set_interaction_name(v); },
       too_long},
      {"account missing", "account_id", [](Request* r, const std::string& v) { r->set_account_id(v); }, ""},
      {"account nil", "account_id", [](Request* r, const std::string& v) { r->set_account_id(v); }, kNil},
      {"account no GUID", "account_id", [](Request* r, const std::string& v) { r->set_account_id(v); }, "42"},
      {"contact missing", "contact_id", [](Request* r, const std::string& v) { r->set_contact_id(v); }, ""},
      {"contact nil", "contact_id", [](Request* r, const std::string& v) { r->set_contact_id(v); }, kNil},
      {"tenant empty", "tenant_key", [](Request* r, const std::string& v) { r->set_tenant_key(v); }, ""},
      {"tenant nil", "tenant_key", [](Request* r, const std::string& v) { r->set_tenant_key(v); }, kNil},
      {"group empty", "group_key", [](Request* r, const std::string& v) { r->set_group_key(v); }, ""},
      {"group no GUID", "group_key", [](Request* r, const std::string& v) { r->set_group_key(v); }, "x"},
      {"request id in braces", "request_id", [](Request* r, const std::string& v) { r->set_request_id(v); },
       absl::StrCat("{", kGuid, "}")},
  };
  for (const auto& row : rows) {
    Request request = ValidRequest();
    row.spoil(&request, row.value);
    EXPECT_THAT(Violations(request), ElementsAre(row.field)) << row.name;
  }
}

TEST(CanonicalizeTest, TextIsTakenAsItIsUpTo1024CodePoints) {
  std::string emoji;
  for (int i = 0; i < 1024; ++i) emoji += "\U0001F600";
  for (const std::string& text : {emoji, std::string(1024, 'x'), std::string(" a "), std::string("a\0\x01\r\n", 5)}) {
    Request request = ValidRequest();
    request.set_interaction_identity(text);
    request.set_interaction_name(text);
    EXPECT_THAT(Violations(request), IsEmpty());
  }
}

TEST(CanonicalizeTest, WhatXmlCannotCarryIsRefusedWhereXmlIsSent) {
  Request request = ValidRequest();
  request.set_interaction_identity("a\x01");
  request.set_interaction_name("b\ufffe");
  EXPECT_THAT(Violations(request, {.wire_format = WireFormat::kXml, .app_access_key = Secret("k")}),
              ElementsAre("interaction_identity", "interaction_name"));
  EXPECT_THAT(Violations(request, {.wire_format = WireFormat::kForm, .app_access_key = Secret("k")}), IsEmpty());
  EXPECT_THAT(Violations(request, {.wire_format = WireFormat::kJson, .app_access_key = Secret("k")}), IsEmpty());
}

TEST(CanonicalizeTest, GuidsAndTheRequestIdAreLeftInOneSpelling) {
  Request request = ValidRequest();
  request.set_account_id(" {6925EBD4-125D-4338-A736-99F4B5BCB3D7} ");
  request.set_contact_id("3D6AB2376E5E4E4AB76A4EBE7D89B9E0");
  request.set_tenant_key("(f4528424-7736-4037-8c10-45fe6f1f5754)");
  request.set_request_id("7B8C4D3E-91D2-4A0B-8C5E-2F1A6B7C8D9E");
  ASSERT_THAT(Make(WithKey())->Canonicalize(&request), IsOk());
  EXPECT_THAT(request, EqualsProto(R"pb(
                interaction_identity: "identity"
                interaction_name: "name"
                account_id: "6925ebd4-125d-4338-a736-99f4b5bcb3d7"
                contact_id: "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"
                tenant_key: "f4528424-7736-4037-8c10-45fe6f1f5754"
                request_id: "7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e"
              )pb"));
}

TEST(CanonicalizeTest, OptionalFieldsThatAreAbsentStayAbsent) {
  Request request = ValidRequest();
  ASSERT_THAT(Make(WithKey())->Canonicalize(&request), IsOk());
  EXPECT_THAT(request, EqualsProto(ValidRequest()));
}

// Records of earlier versions are compared with these bytes.
TEST(AsksForTest, HasAFormThatStays) {
  Request request;
  request.set_interaction_identity("i");
  request.set_interaction_name("name");
  request.set_group_key("g");
  EXPECT_EQ(Make(WithKey())->CanonicalBytes(request), std::string("\x02\x01\0\0\0i"
                                                                  "\x03\x04\0\0\0name"
                                                                  "\x07\x01\0\0\0g",
                                                                  21));
}

TEST(AsksForTest, EveryFieldCountsButTheKeyAndTheRequestId) {
  const auto translator = Make(WithKey());
  const std::string plain = translator->CanonicalBytes(ValidRequest());
  Request same = RequestWithKey("another key");
  same.set_request_id(kGuid);
  EXPECT_EQ(translator->CanonicalBytes(same), plain);
  const std::pair<const char*, void (*)(Request*)> fields[] = {
      {"interaction_identity", [](Request* r) { r->set_interaction_identity("x"); }},
      {"interaction_name", [](Request* r) { r->set_interaction_name("x"); }},
      {"account_id", [](Request* r) { r->set_account_id("x"); }},
      {"contact_id", [](Request* r) { r->set_contact_id("x"); }},
      {"tenant_key", [](Request* r) { r->set_tenant_key("x"); }},
      {"group_key", [](Request* r) { r->set_group_key("x"); }},
  };
  for (const auto& [name, change] : fields) {
    Request request = ValidRequest();
    change(&request);
    EXPECT_NE(translator->CanonicalBytes(request), plain) << name;
  }
}

TEST(DecodeTest, ASuccessWithAnIdIsAReply) {
  for (int status : {200, 201, 202}) {
    EXPECT_THAT(Decode(status, R"({"InteractionId":"1","CampaignKey":null,"InteractionUrl":"u"})"),
                IsOkAndHolds(EqualsProto(R"pb(interaction_id: "1" interaction_url: "u")pb")))
        << status;
  }
}

TEST(DecodeTest, ASuccessThatCannotBeReadLeavesTheOutcomeOpen) {
  for (const char* body : {"", "{}", "[]", "null", "\"201\"", "<html></html>", "{\"InteractionId\":\"1",
                           "{\"InteractionId\":\"\"}", "Warning: x {\"InteractionId\":\"1\"}"}) {
    for (int status : {200, 201, 202, 204, 205, 206}) {
      const auto reply = Decode(status, body);
      EXPECT_THAT(reply, StatusIs(Code::kUnknown)) << status << " " << body;
      EXPECT_THAT(reply, HasReason(Reason::kUpstreamMalformedResponse)) << status << " " << body;
      EXPECT_THAT(reply, HasOutcome(Outcome::kUnknown)) << status << " " << body;
    }
  }
}

TEST(DecodeTest, NoOtherStatusIsASuccessWhateverTheBodySays) {
  for (int status = 100; status <= 599; ++status) {
    if (upstream::IsSuccess(status)) continue;
    EXPECT_FALSE(Decode(status, R"({"InteractionId":"1"})").ok()) << status;
  }
}

TEST(DecodeTest, OtherStatusesMeanWhatTheyMeanForAnyUpstream) {
  for (int code = 100; code <= 999; ++code) {
    if (upstream::IsSuccess(code)) continue;
    http::Response response;
    response.status = code;
    EXPECT_EQ(Decode(code, "").status(), upstream::HttpError(code, response, {.now = kNow})) << code;
  }
}

TEST(DecodeTest, ARejectionNamesTheFieldsItComplainsOf) {
  const char* const bodies[] = {
      R"({"Message":"The request is invalid.","ModelState":{"model.AccountId":["An error has occurred."],"model":["x"]}})",
      "<Error><Message>The request is invalid.</Message><ModelState><model.AccountId>An error has occurred."
      "</model.AccountId></ModelState></Error>",
      R"({"title":"One or more validation errors occurred.","status":400,"errors":{"$.accountId":["x"],"model":["x"]}})",
      R"({"AccountId":["x"]})",
  };
  for (const char* body : bodies) {
    for (int status : {400, 422}) {
      const auto reply = Decode(status, body);
      EXPECT_THAT(reply, StatusIs(Code::kInvalidArgument));
      EXPECT_THAT(reply, HasReason(Reason::kUpstreamRejectedArgument));
      EXPECT_THAT(reply, HasOutcome(Outcome::kNotApplied));
      const auto violations = GetErrorDetails(reply.status()).field_violations;
      ASSERT_EQ(violations.size(), 1u);
      EXPECT_EQ(violations[0].field, "account_id");
    }
  }
}

TEST(DecodeTest, A400WithoutModelStateIsStillAVerdict) {
  for (const char* body : {"", "<html></html>", R"({"Message":"x"})", "{\"ModelState\":{\"model.Acc"}) {
    const auto reply = Decode(400, body);
    EXPECT_THAT(reply, HasReason(Reason::kUpstreamRejectedArgument)) << body;
    EXPECT_THAT(GetErrorDetails(reply.status()).field_violations, IsEmpty()) << body;
  }
}

// The key is a field of the body, so the upstream complains of it as of any other.
TEST(DecodeTest, A400AboutTheGatewaysKeyIsNotTheCallersMistake) {
  constexpr char kKeyOnly[] = R"({"ModelState":{"model.AppAccessKey":["The AppAccessKey field is required."]}})";
  const auto ours = Decode(400, kKeyOnly, CredentialOwner::kGateway);
  EXPECT_THAT(ours, StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(ours, HasReason(Reason::kUpstreamCredentialsRejected));
  EXPECT_THAT(GetErrorDetails(ours.status()).field_violations, IsEmpty());
  EXPECT_THAT(GetErrorDetails(ours.status()).metadata, Contains(Pair("httpStatus", "400")));

  const auto theirs = Decode(400, kKeyOnly, CredentialOwner::kCaller);
  EXPECT_THAT(theirs, StatusIs(Code::kInvalidArgument));
  ASSERT_EQ(GetErrorDetails(theirs.status()).field_violations.size(), 1u);
  EXPECT_EQ(GetErrorDetails(theirs.status()).field_violations[0].field, "app_access_key");
}

TEST(DecodeTest, A400AboutTheGatewaysKeyAndAFieldNamesTheField) {
  const auto reply =
      Decode(400, R"({"ModelState":{"model.AppAccessKey":["x"],"model.AccountId":["x"]}})", CredentialOwner::kGateway);
  EXPECT_THAT(reply, StatusIs(Code::kInvalidArgument));
  ASSERT_EQ(GetErrorDetails(reply.status()).field_violations.size(), 1u);
  EXPECT_EQ(GetErrorDetails(reply.status()).field_violations[0].field, "account_id");
}

TEST(DecodeTest, RejectedCredentialsAreBlamedOnTheirOwner) {
  constexpr char kBody[] = R"({"Message":"Authorization has been denied for this request."})";
  EXPECT_THAT(Decode(401, kBody, CredentialOwner::kCaller), StatusIs(Code::kUnauthenticated));
  EXPECT_THAT(Decode(403, kBody, CredentialOwner::kCaller), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(Decode(401, kBody, CredentialOwner::kGateway), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(Decode(403, kBody, CredentialOwner::kGateway), StatusIs(Code::kFailedPrecondition));
}

TEST(DecodeTest, A404IsTheUrlsOrTheApplications) {
  EXPECT_THAT(Decode(404, R"({"Message":"No HTTP resource was found that matches the request URI 'x'."})"),
              HasReason(Reason::kUpstreamEndpointNotFound));
  EXPECT_THAT(Decode(404, "<html></html>"), HasReason(Reason::kUpstreamEndpointNotFound));
  EXPECT_THAT(Decode(404, R"({"Message":"The account does not exist."})"), HasReason(Reason::kUpstreamNotFound));
}

TEST(DecodeTest, A409ThatSaysSoIsADuplicate) {
  EXPECT_THAT(Decode(409, R"({"Message":"The interaction already exists."})"), StatusIs(Code::kAlreadyExists));
  EXPECT_THAT(Decode(409, R"({"Message":"Try again."})"), StatusIs(Code::kAborted));
}

TEST(DecodeTest, AVerdictCountsEvenIfItsBodyWasCutShort) {
  http::Response response;
  response.status = 400;
  response.body = R"({"Message":"The req)";
  response.body_truncated = true;
  EXPECT_THAT(Make(WithKey())->Decode(response, CredentialOwner::kCaller, kNow),
              HasReason(Reason::kUpstreamRejectedArgument));
}

TEST(DecodeTest, ErrorsRepeatNothingOfTheBody) {
  const char* const body =
      R"({"Message":"canary","MessageDetail":"canary","ExceptionMessage":"canary","ExceptionType":"canary",)"
      R"("StackTrace":"canary","ModelState":{"model.AccountId":["canary"],"canary":["canary"]}})";
  for (int status : {200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503}) {
    EXPECT_THAT(Decode(status, body).status().ToString(), Not(HasSubstr("canary"))) << status;
  }
}

}  // namespace
}  // namespace interaction::seethepro
