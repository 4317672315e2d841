#include "sandbox/seethepro.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::sandbox::seethepro {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kBody[] =
    R"({"AppAccessKey":"k","InteractionIdentity":"i","InteractionName":"n",)"
    R"("AccountId":"6925ebd4-125d-4338-a736-99f4b5bcb3d7","ContactId":"3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"})";
constexpr char kXmlBody[] =
    R"(<CreateVspInteraction xmlns="http://schemas.datacontract.org/2004/07/SeeTheProWebAPI.Models"><AppAccessKey>k)"
    R"(</AppAccessKey><InteractionIdentity>i</InteractionIdentity><InteractionName>n</InteractionName>)"
    R"(</CreateVspInteraction>)";

Request Post(std::vector<Header> headers, std::string body) {
  return {.method = "POST", .target = std::string(kPath), .headers = std::move(headers), .body = std::move(body)};
}

Request PostJson(std::string body = kBody) { return Post({{"Content-Type", "application/json"}}, std::move(body)); }

Reply Answer(const Request& request, uint64_t serial) { return SeeThePro().Answer(request, serial, 1); }

auto HasHeader(const std::string& name, const std::string& value) {
  return Field("headers", &Reply::headers, Contains(Header{name, value}));
}

auto Says(int status, const std::string& body) {
  return AllOf(Field("status", &Reply::status, status), Field("body", &Reply::body, body));
}

TEST(SeeTheProTest, AnswersAValidRequestWithTheThreeMembersOfThePage) {
  const Interaction interaction = MakeInteraction(7);
  EXPECT_THAT(Answer(PostJson(), 7), AllOf(Says(200, absl::StrCat(R"({"InteractionId":")", *interaction.id,
                                                                  R"(","CampaignKey":")", *interaction.campaign_key,
                                                                  R"(","InteractionUrl":")", *interaction.url, "\"}")),
                                           HasHeader("Content-Type", "application/json; charset=utf-8")));
}

TEST(SeeTheProTest, WritesXmlInAlphabeticalOrder) {
  const Interaction interaction{.id = "1<2", .campaign_key = std::nullopt, .url = "u&v"};
  EXPECT_THAT(Success({Format::kXml, "text/xml"}, interaction),
              AllOf(Says(200, R"(<VspInteraction xmlns:i="http://www.w3.org/2001/XMLSchema-instance")"
                              R"( xmlns="http://schemas.datacontract.org/2004/07/SeeTheProWebAPI.Models">)"
                              R"(<CampaignKey i:nil="true"/><InteractionId>1&lt;2</InteractionId>)"
                              R"(<InteractionUrl>u&amp;v</InteractionUrl></VspInteraction>)"),
                    HasHeader("Content-Type", "text/xml; charset=utf-8")));
}

TEST(SeeTheProTest, SendsNullMembersInJson) {
  EXPECT_THAT(Success({}, {.id = "1"}), Says(200, R"({"InteractionId":"1","CampaignKey":null,"InteractionUrl":null})"));
}

TEST(SeeTheProTest, NeverRepeatsAnInteractionId) {
  std::set<std::string> ids;
  for (uint64_t serial = 0; serial < 10'000; ++serial) ids.insert(*MakeInteraction(serial).id);
  EXPECT_EQ(ids.size(), 10'000);
}

TEST(SeeTheProTest, MakesInteractionIdsThatAreVersion4Uuids) {
  EXPECT_THAT(*MakeInteraction(1).id,
              ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST(SeeTheProTest, ListsModelErrorsInJson) {
  EXPECT_THAT(Failure({}, 400, "The request is invalid.", {{"model.AccountId", {"One.", "Two."}}}),
              Says(400, R"({"Message":"The request is invalid.","ModelState":{"model.AccountId":["One.","Two."]}})"));
}

TEST(SeeTheProTest, JoinsModelErrorsWithABlankInXml) {
  EXPECT_THAT(Failure({Format::kXml, "application/xml"}, 400, "The request is invalid.",
                      {{"model.AccountId", {"One.", "Two."}}}),
              Says(400,
                   "<Error><Message>The request is invalid.</Message><ModelState><model.AccountId>One. Two."
                   "</model.AccountId></ModelState></Error>"));
}

struct RefusalCase {
  const char* name;
  Request request;
  int status;
  const char* message;
};

class SeeTheProRefusalTest : public ::testing::TestWithParam<RefusalCase> {};

TEST_P(SeeTheProRefusalTest, IsTheFrameworks) {
  const Reply reply = Answer(GetParam().request, 1);
  EXPECT_EQ(reply.status, GetParam().status);
  EXPECT_THAT(reply.body, StartsWith(absl::StrCat(R"({"Message":")", GetParam().message, "\"")));
}

INSTANTIATE_TEST_SUITE_P(
    Requests, SeeTheProRefusalTest,
    ::testing::Values(
        RefusalCase{"Invalid", PostJson("{}"), 400, "The request is invalid."},
        RefusalCase{"EmptyBody", PostJson(""), 500, "An error has occurred."},
        RefusalCase{"NullBody", PostJson("null"), 500, "An error has occurred."},
        RefusalCase{"InvalidKey", PostJson(std::string(kBody).replace(17, 1, kInvalidKey.data(), kInvalidKey.size())),
                    401, "Authorization has been denied for this request."},
        RefusalCase{"ForbiddenKey",
                    PostJson(std::string(kBody).replace(17, 1, kForbiddenKey.data(), kForbiddenKey.size())), 403,
                    "This key may not create interactions."},
        RefusalCase{"OtherPath",
                    {.method = "POST", .target = "/api/other", .headers = {{"Host", "h:1"}}},
                    404,
                    "No HTTP resource was found that matches the request URI 'http://h:1/api/other'."},
        RefusalCase{"Get",
                    {.method = "GET", .target = std::string(kPath)},
                    405,
                    "The requested resource does not support http method 'GET'."},
        RefusalCase{"NoContentType", Post({}, kBody), 415,
                    "The request contains an entity body but no Content-Type header. The inferred media type "
                    "'application/octet-stream' is not supported for this resource."},
        RefusalCase{"JsonSuffix", Post({{"Content-Type", "application/problem+json"}}, kBody), 415,
                    "The request entity's media type 'application/problem+json' is not supported for this resource."}),
    [](const auto& row) { return row.param.name; });

TEST(SeeTheProTest, NamesTheAllowedMethodInA405) {
  EXPECT_THAT(Answer({.method = "PUT", .target = std::string(kPath)}, 1), HasHeader("Allow", "POST"));
}

TEST(SeeTheProTest, FindsItsPathInAnyCase) {
  Request request = PostJson();
  request.target = "/API/VspInteraction/Create?x=1";
  EXPECT_EQ(Answer(request, 1).status, 200);
}

struct NegotiationCase {
  const char* name;
  std::vector<Header> headers;
  Format format;
  const char* media_type;
};

class NegotiationTest : public ::testing::TestWithParam<NegotiationCase> {};

TEST_P(NegotiationTest, PicksTheFormOfTheAnswer) {
  const Representation form = Negotiate(Post(GetParam().headers, ""));
  EXPECT_EQ(form.format, GetParam().format);
  EXPECT_EQ(form.media_type, GetParam().media_type);
}

INSTANTIATE_TEST_SUITE_P(
    Headers, NegotiationTest,
    ::testing::Values(
        NegotiationCase{"NothingSaid", {}, Format::kJson, "application/json"},
        NegotiationCase{"AsTheRequest", {{"Content-Type", "text/xml; charset=utf-8"}}, Format::kXml, "text/xml"},
        NegotiationCase{"FormGivesJson",
                        {{"Content-Type", "application/x-www-form-urlencoded"}},
                        Format::kJson,
                        "application/json"},
        NegotiationCase{"AnythingGivesJsonEvenForXml",
                        {{"Accept", "*/*"}, {"Content-Type", "application/xml"}},
                        Format::kJson,
                        "application/json"},
        NegotiationCase{"AcceptWins",
                        {{"accept", "application/xml"}, {"Content-Type", "application/json"}},
                        Format::kXml,
                        "application/xml"},
        NegotiationCase{"NothingFitsFallsBack",
                        {{"Accept", "image/png"}, {"Content-Type", "application/xml"}},
                        Format::kXml,
                        "application/xml"},
        NegotiationCase{"QualityDecides",
                        {{"Accept", "application/json;q=0.5, application/xml;q=0.9"}},
                        Format::kXml,
                        "application/xml"},
        NegotiationCase{"EqualQualityGivesJson",
                        {{"Accept", "application/xml, application/json"}},
                        Format::kJson,
                        "application/json"},
        NegotiationCase{"TheCloserRangeWins", {{"Accept", "*/*, application/xml"}}, Format::kXml, "application/xml"},
        NegotiationCase{"FamilyOfMediaTypes", {{"Accept", "text/*"}}, Format::kJson, "text/json"},
        NegotiationCase{"QualityZeroIsARefusal",
                        {{"Accept", "application/json;q=0"}, {"Content-Type", "text/xml"}},
                        Format::kXml,
                        "text/xml"}),
    [](const auto& row) { return row.param.name; });

TEST(SeeTheProTest, ReportsErrorsInTheFormatOfTheRequest) {
  const Reply reply = Answer(Post({{"Content-Type", "application/xml"}}, "<Nonsense/>"), 1);
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("<model>An error has occurred.</model>"));
}

TEST(SeeTheProTest, TakesXmlWithoutTheRequiredGuids) {
  EXPECT_EQ(Answer(Post({{"Content-Type", "application/xml"}}, kXmlBody), 1).status, 200);
}

TEST(SeeTheProTest, NamesTheScenarioThatTheInteractionNameAsksFor) {
  const std::string body = std::string(kBody).replace(std::string(kBody).find(R"("n")"), 3, R"("sandbox:reset")");
  EXPECT_EQ(Answer(PostJson(body), 1).scenario, "reset");
}

TEST(SeeTheProTest, PlaysNoScenarioForAnOrdinaryName) { EXPECT_EQ(Answer(PostJson(), 1).scenario, ""); }

}  // namespace
}  // namespace interaction::sandbox::seethepro
