#include "server/upstream/seethepro/response_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/support/matchers.h"

namespace interaction::seethepro {
namespace {

using ::interaction::testing::EqualsProto;
using ::interaction::testing::IsOkAndHolds;
using ::interaction::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::TestWithParam;
using ::testing::UnorderedElementsAre;
using ::testing::ValuesIn;

constexpr char kXmlns[] = R"(xmlns:i="http://www.w3.org/2001/XMLSchema-instance" )"
                          R"(xmlns="http://schemas.datacontract.org/2004/07/SeeTheProWebAPI.Models")";

// A VspInteraction in XML with the given content.
std::string Xml(absl::string_view content) {
  return absl::StrCat("<VspInteraction ", kXmlns, ">", content, "</VspInteraction>");
}

std::string Repeat(int times, absl::string_view text) {
  std::string result;
  for (int i = 0; i < times; ++i) absl::StrAppend(&result, text);
  return result;
}

std::string Utf16(absl::string_view ascii, bool big_endian = false) {
  std::string result = big_endian ? "\xfe\xff" : "\xff\xfe";
  for (char c : ascii) result += big_endian ? std::string{'\0', c} : std::string{c, '\0'};
  return result;
}

struct Reading {
  const char* name;
  std::string body;
  const char* reply;  // in text form
};

template <typename Case>
std::string NameOf(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

class DecodeReplyTest : public TestWithParam<Reading> {};

TEST_P(DecodeReplyTest, ReadsAReply) {
  EXPECT_THAT(DecodeReply(GetParam().body), IsOkAndHolds(EqualsProto(GetParam().reply)));
}

constexpr char kWhole[] = R"pb(interaction_id: "1" campaign_key: "2" interaction_url: "3")pb";
constexpr char kIdOnly[] = R"pb(interaction_id: "1")pb";
constexpr char kWholeJson[] = R"({"InteractionId":"1","CampaignKey":"2","InteractionUrl":"3"})";
constexpr char kWholeXmlContent[] =
    "<CampaignKey>2</CampaignKey><InteractionId>1</InteractionId><InteractionUrl>3</InteractionUrl>";

INSTANTIATE_TEST_SUITE_P(
    Json, DecodeReplyTest,
    ValuesIn<Reading>({
        {"Whole", kWholeJson, kWhole},
        {"InAnotherOrder", R"({"InteractionUrl":"3","InteractionId":"1","CampaignKey":"2"})", kWhole},
        {"WithWhiteSpace", "\r\n {\r\n  \"InteractionId\": \"1\"\r\n}\r\n", kIdOnly},
        {"WithAByteOrderMark", absl::StrCat("\xef\xbb\xbf", kWholeJson), kWhole},
        {"InUtf16LittleEndian", Utf16(kWholeJson), kWhole},
        {"InUtf16BigEndian", Utf16(kWholeJson, true), kWhole},
        {"NullIsAbsent", R"({"InteractionId":"1","CampaignKey":null,"InteractionUrl":null})", kIdOnly},
        {"MissingIsAbsent", R"({"InteractionId":"1"})", kIdOnly},
        {"EmptyIsEmpty", R"({"InteractionId":"1","CampaignKey":"","InteractionUrl":""})",
         R"pb(interaction_id: "1" campaign_key: "" interaction_url: "")pb"},
        {"UnknownMembersArePassedOver", R"({"$id":"1","InteractionId":"1","More":{"InteractionId":[2]}})", kIdOnly},
        {"NamesAreExact", R"({"interactionId":"2","InteractionId":"1"})", kIdOnly},
        {"EscapesAndUnicode", R"({"InteractionId":"\u00d1\ud83d\ude00\n\"","InteractionUrl":"https:\/\/x\/?a=1&b=2"})",
         R"pb(interaction_id: "\303\221\360\237\230\200\n\"" interaction_url: "https://x/?a=1&b=2")pb"},
        {"BlanksStay", R"({"InteractionId":" 1 "})", R"pb(interaction_id: " 1 ")pb"},
        {"AUrlIsNotChecked", R"({"InteractionId":"1","InteractionUrl":"javascript:x"})",
         R"pb(interaction_id: "1" interaction_url: "javascript:x")pb"},
    }),
    NameOf<Reading>);

INSTANTIATE_TEST_SUITE_P(
    Xml, DecodeReplyTest,
    ValuesIn<Reading>({
        {"Whole", Xml(kWholeXmlContent), kWhole},
        {"WithADeclaration", absl::StrCat(R"(<?xml version="1.0" encoding="utf-8"?>)", Xml(kWholeXmlContent)), kWhole},
        {"WithAByteOrderMark", absl::StrCat("\xef\xbb\xbf", Xml(kWholeXmlContent)), kWhole},
        {"InUtf16", Utf16(absl::StrCat(R"(<?xml version="1.0" encoding="utf-16"?>)", Xml(kWholeXmlContent))), kWhole},
        {"Indented", absl::StrCat("\r\n", Xml("\r\n  <InteractionId>1</InteractionId>\r\n"), "\r\n"), kIdOnly},
        {"NilIsAbsent",
         Xml(R"(<CampaignKey i:nil="true"/><InteractionId>1</InteractionId><InteractionUrl i:nil="1"/>)"), kIdOnly},
        {"NotNilIsThere", Xml(R"(<CampaignKey i:nil="false">2</CampaignKey><InteractionId>1</InteractionId>)"),
         R"pb(interaction_id: "1" campaign_key: "2")pb"},
        {"EmptyIsEmpty", Xml("<CampaignKey/><InteractionId>1</InteractionId><InteractionUrl></InteractionUrl>"),
         R"pb(interaction_id: "1" campaign_key: "" interaction_url: "")pb"},
        {"BlanksStay", Xml("<CampaignKey> </CampaignKey><InteractionId> 1 </InteractionId>"),
         R"pb(interaction_id: " 1 " campaign_key: " ")pb"},
        {"EscapesAndUnicode", Xml("<InteractionId>&lt;&amp;&#209;&#x1F600;\u00d1&#13;&#10;</InteractionId>"),
         R"pb(interaction_id: "<&\303\221\360\237\230\200\303\221\r\n")pb"},
        {"CommentsAreNoText", Xml("<!-- a --><InteractionId>12<!-- b -->34</InteractionId>"),
         R"pb(interaction_id: "1234")pb"},
        {"CData", Xml("<InteractionId><![CDATA[<1>&]]></InteractionId>"), R"pb(interaction_id: "<1>&")pb"},
        {"UnknownElementsArePassedOver",
         Xml("<Aaa><InteractionId>2</InteractionId></Aaa><InteractionId>1</InteractionId>"), kIdOnly},
        {"WithoutANamespace", "<VspInteraction><InteractionId>1</InteractionId></VspInteraction>", kIdOnly},
        {"OfAnotherNamespace", R"(<VspInteraction xmlns="urn:x"><InteractionId>1</InteractionId></VspInteraction>)",
         kIdOnly},
        {"WithPrefixes", R"(<a:VspInteraction xmlns:a="urn:x"><a:InteractionId>1</a:InteractionId></a:VspInteraction>)",
         kIdOnly},
    }),
    NameOf<Reading>);

struct Refusal {
  const char* name;
  std::string body;
};

class DecodeReplyRefusesTest : public TestWithParam<Refusal> {};

TEST_P(DecodeReplyRefusesTest, WithoutRepeatingTheText) {
  EXPECT_THAT(DecodeReply(GetParam().body), StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("canary"))));
}

INSTANTIATE_TEST_SUITE_P(Json, DecodeReplyRefusesTest,
                         ValuesIn<Refusal>({
                             {"Nothing", ""},
                             {"WhiteSpace", " \r\n"},
                             {"AnEmptyObject", "{}"},
                             {"AnArray", R"([{"InteractionId":"1"}])"},
                             {"Null", "null"},
                             {"AString", R"("canary")"},
                             {"NoId", R"({"CampaignKey":"canary","InteractionUrl":"3"})"},
                             {"NullId", R"({"InteractionId":null,"CampaignKey":"canary"})"},
                             {"EmptyId", R"({"InteractionId":"","CampaignKey":"canary"})"},
                             {"IdInAnotherCase", R"({"interactionId":"canary"})"},
                             {"ANumberForAnId", R"({"InteractionId":1})"},
                             {"AnObjectForAnId", R"({"InteractionId":{"Value":"canary"}})"},
                             {"ANumberForAKey", R"({"InteractionId":"1","CampaignKey":2})"},
                             {"AnArrayForAUrl", R"({"InteractionId":"1","InteractionUrl":["canary"]})"},
                             {"AnErrorOfTheFramework", R"({"Message":"canary"})"},
                             {"TwoIds", R"({"InteractionId":"1","InteractionId":"2"})"},
                             {"Truncated", R"({"InteractionId":"1","CampaignKey":"can)"},
                             {"TextBefore", R"(canary {"InteractionId":"1"})"},
                             {"TextAfter", R"({"InteractionId":"1"} canary)"},
                             {"HalfASurrogatePair", R"({"InteractionId":"\ud83d"})"},
                             {"BytesThatAreNotUtf8", "{\"InteractionId\":\"\xff\"}"},
                             {"Utf16WithoutAMark", Utf16(kWholeJson).substr(2)},
                             {"Utf16CutInACharacter", absl::StrCat(Utf16(kWholeJson), "x")},
                             {"DeepNesting", absl::StrCat(R"({"InteractionId":"1","x":)", Repeat(100000, "["),
                                                          Repeat(100000, "]"), "}")},
                         }),
                         NameOf<Refusal>);

INSTANTIATE_TEST_SUITE_P(
    Xml, DecodeReplyRefusesTest,
    ValuesIn<Refusal>({
        {"Html", "<html><head><title>canary</title></head><body>InteractionId</body></html>"},
        {"HtmlWithADoctype", "<!DOCTYPE html><html><body>canary</body></html>"},
        {"AnError", "<Error><Message>canary</Message></Error>"},
        {"ANilRoot", absl::StrCat("<VspInteraction ", kXmlns, R"( i:nil="true"/>)")},
        {"NoId", Xml("<CampaignKey>canary</CampaignKey>")},
        {"AnEmptyId", Xml("<InteractionId/>")},
        {"ANilId", Xml(R"(<InteractionId i:nil="true"/>)")},
        {"AnIdFurtherDown", Xml("<a><InteractionId>canary</InteractionId></a>")},
        {"Truncated", absl::StrCat("<VspInteraction ", kXmlns, "><InteractionId>1</InteractionId>")},
        {"TruncatedInAValue", "<VspInteraction><InteractionId>cana"},
        {"TextAfter", absl::StrCat(Xml("<InteractionId>1</InteractionId>"), "canary")},
        {"TwoRoots", absl::StrCat(Xml("<InteractionId>1</InteractionId>"), Xml("<InteractionId>2</InteractionId>"))},
        {"TwoIds", Xml("<InteractionId>1</InteractionId><InteractionId>2</InteractionId>")},
        {"AnElementInAnId", Xml("<InteractionId>1<b>2</b></InteractionId>")},
        {"ADtd", absl::StrCat("<!DOCTYPE VspInteraction>", Xml("<InteractionId>1</InteractionId>"))},
        {"AnExternalEntity", absl::StrCat(R"(<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>)",
                                          Xml("<InteractionId>&e;</InteractionId>"))},
        {"BillionLaughs", absl::StrCat(R"(<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>)",
                                       Xml("<InteractionId>&c;</InteractionId>"))},
        {"BytesThatAreNotUtf8", Xml("<InteractionId>\xff</InteractionId>")},
        {"ASurrogateByNumber", Xml("<InteractionId>1</InteractionId><InteractionUrl>&#xD800;</InteractionUrl>")},
        {"DeepNesting",
         Xml(absl::StrCat(Repeat(100000, "<a>"), Repeat(100000, "</a>"), "<InteractionId>1</InteractionId>"))},
        {"SeventeenDeep", Xml(absl::StrCat(Repeat(17, "<a>"), Repeat(17, "</a>"), "<InteractionId>1</InteractionId>"))},
        {"ALoneBracket", "<"},
    }),
    NameOf<Refusal>);

TEST(DecodeReplyLimitsTest, ReadsAnAnswerOfAMegabyte) {
  const std::string url(1 << 20, 'u');
  const auto json = DecodeReply(absl::StrCat(R"({"InteractionId":"1","InteractionUrl":")", url, "\"}"));
  const auto xml =
      DecodeReply(Xml(absl::StrCat("<InteractionId>1</InteractionId><InteractionUrl>", url, "</InteractionUrl>")));
  ASSERT_TRUE(json.ok() && xml.ok());
  EXPECT_EQ(json->interaction_url(), url);
  EXPECT_EQ(xml->interaction_url(), url);
}

std::vector<std::string> FieldsIn(absl::string_view body) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : DecodeRejectedFields(body)) fields.push_back(violation.field);
  return fields;
}

// A field as ASP.NET's keys name it: the action's parameter or the JSON path before it, by any policy for names.
std::vector<std::string> SpellingsOf(absl::string_view upstream, absl::string_view proto) {
  std::string camel(upstream);
  camel[0] = absl::ascii_tolower(static_cast<unsigned char>(camel[0]));
  std::vector<std::string> spellings;
  for (const char* before : {"model.", "createVspInteraction.", "$.", "$.model.", ""}) {
    for (const std::string& name : {std::string(upstream), camel, absl::AsciiStrToUpper(upstream),
                                    absl::AsciiStrToLower(upstream), std::string(proto)}) {
      spellings.push_back(absl::StrCat(before, name));
    }
  }
  return spellings;
}

std::vector<std::string> JsonBodiesAbout(absl::string_view key) {
  const std::string errors = absl::StrCat("{\"", key, "\":[\"y\"]}");
  return {
      absl::StrCat(R"({"Message":"x","ModelState":)", errors, "}"),
      absl::StrCat(R"({"message":"x","modelState":)", errors, "}"),
      absl::StrCat(R"({"type":"https://tools.ietf.org/html/rfc9110#section-15.5.1",)",
                   R"("title":"One or more validation errors occurred.","status":400,"errors":)", errors,
                   R"(,"traceId":"00-1-2-00"})"),
      absl::StrCat(R"({"Title":"x","Status":400,"Errors":)", errors, "}"),
      errors,
  };
}

std::vector<std::string> XmlBodiesAbout(absl::string_view key) {
  const std::string name = absl::StrReplaceAll(key, {{"$", "_x0024_"}});  // as XmlConvert.EncodeLocalName does
  const std::string errors = absl::StrCat("<", name, ">y</", name, ">");
  return {
      absl::StrCat("<Error><Message>x</Message><ModelState>", errors, "</ModelState></Error>"),
      absl::StrCat(R"(<problem xmlns="urn:ietf:rfc:7807"><status>400</status><title>x</title><MVC-Errors>)", errors,
                   "</MVC-Errors></problem>"),
      absl::StrCat("<Error>", errors, "</Error>"),
  };
}

TEST(DecodeRejectedFieldsTest, EachFieldHasItsNameInTheProtoInEveryFormOfTheFramework) {
  const struct {
    const char* upstream;
    const char* proto;
  } rows[] = {
      {"AppAccessKey", "app_access_key"},
      {"InteractionIdentity", "interaction_identity"},
      {"InteractionName", "interaction_name"},
      {"AccountId", "account_id"},
      {"ContactId", "contact_id"},
      {"TenantKey", "tenant_key"},
      {"GroupKey", "group_key"},
  };
  for (const auto& row : rows) {
    for (const std::string& key : SpellingsOf(row.upstream, row.proto)) {
      for (const std::string& body : JsonBodiesAbout(key)) {
        EXPECT_THAT(FieldsIn(body), UnorderedElementsAre(row.proto)) << body;
      }
      for (const std::string& body : XmlBodiesAbout(key)) {
        EXPECT_THAT(FieldsIn(body), UnorderedElementsAre(row.proto)) << body;
      }
    }
  }
}

TEST(DecodeRejectedFieldsTest, SeveralFieldsAreNamedOnceEach) {
  const char* const json =
      R"({"Message":"The request is invalid.","ModelState":{"model.AccountId":["a","b"],"model.InteractionName":["c"],)"
      R"("AccountId":["d"]}})";
  EXPECT_THAT(FieldsIn(json), UnorderedElementsAre("account_id", "interaction_name"));
  const char* const xml =
      "<Error><Message>The request is invalid.</Message><ModelState><model.AccountId>a b</model.AccountId>"
      "<model.InteractionName>c</model.InteractionName></ModelState></Error>";
  EXPECT_THAT(FieldsIn(xml), UnorderedElementsAre("account_id", "interaction_name"));
}

TEST(DecodeRejectedFieldsTest, KeysThatAreNoFieldAreLeftOut) {
  EXPECT_THAT(
      FieldsIn(R"({"ModelState":{"model":["Required property 'AccountId' not found"],"model.Other":["x"],"":["x"]}})"),
      IsEmpty());
}

TEST(DecodeRejectedFieldsTest, DescriptionsAreNotTheUpstreams) {
  const char* const bodies[] = {
      R"({"ModelState":{"model.AccountId":["canary"]},"ExceptionMessage":"canary","StackTrace":"canary"})",
      "<Error><ModelState><model.AccountId>canary</model.AccountId></ModelState><StackTrace>canary</StackTrace></"
      "Error>",
      R"({"title":"canary","detail":"canary","errors":{"$.accountId":["canary Path: $.accountId"],"$.canary":["x"]}})",
      R"({"AccountId":["canary"],"canary":["canary"]})",
  };
  for (const char* body : bodies) {
    const auto violations = DecodeRejectedFields(body);
    ASSERT_EQ(violations.size(), 1u) << body;
    EXPECT_THAT(violations, Each(Field("description", &FieldViolation::description,
                                       AllOf(Not(IsEmpty()), Not(HasSubstr("canary"))))));
  }
}

TEST(DecodeRejectedFieldsTest, AnythingElseNamesNoField) {
  const struct {
    const char* name;
    std::string body;
  } rows[] = {
      {"nothing", ""},
      {"a message alone", R"({"Message":"The request is invalid."})"},
      {"an empty object", "{}"},
      {"ModelState null", R"({"ModelState":null})"},
      {"errors null", R"({"status":400,"errors":null})"},
      {"errors a list of others", R"({"errors":[{"AccountId":["a"]}]})"},
      {"the request itself", R"({"AccountId":"a","ContactId":"b"})"},
      {"the request itself, in XML", "<CreateVspInteraction><AccountId>a</AccountId></CreateVspInteraction>"},
      {"a list among other members", R"({"AccountId":["a"],"Message":"x"})"},
      {"a list of numbers", R"({"AccountId":[1]})"},
      {"a problem without errors", R"({"type":"about:blank","title":"Bad Request","status":400})"},
      {"the same in XML", R"(<problem xmlns="urn:ietf:rfc:7807"><AccountId>a</AccountId></problem>)"},
      {"only the JSON path of all", R"({"errors":{"$":["a"],"model":["The model field is required."]}})"},
      {"ModelState an array", R"({"ModelState":["model.AccountId"]})"},
      {"ModelState a string", R"({"ModelState":"model.AccountId"})"},
      {"an array", "[]"},
      {"truncated", R"({"ModelState":{"model.AccountId":["a)"},
      {"HTML", "<html><body><ModelState>AccountId</ModelState></body></html>"},
      {"XML with a DTD", "<!DOCTYPE x><Error><ModelState><AccountId>a</AccountId></ModelState></Error>"},
      {"UTF-16 cut in a character", "\xff\xfex"},
  };
  for (const auto& row : rows) EXPECT_THAT(DecodeRejectedFields(row.body), IsEmpty()) << row.name;
}

TEST(DecodeRejectedFieldsTest, ReadsUtf16AndByteOrderMarks) {
  EXPECT_THAT(FieldsIn(Utf16(R"({"ModelState":{"model.AccountId":["a"]}})")), UnorderedElementsAre("account_id"));
  EXPECT_THAT(FieldsIn("\xef\xbb\xbf{\"ModelState\":{\"model.AccountId\":[\"a\"]}}"),
              UnorderedElementsAre("account_id"));
}

TEST(IsFrameworkNotFoundTest, TellsTheFrameworkFromTheApplication) {
  const struct {
    const char* name;
    std::string body;
    bool framework;
  } rows[] = {
      {"the framework's JSON",
       R"({"Message":"No HTTP resource was found that matches the request URI 'https://x/api/vspinteraction/creat'."})",
       true},
      {"the framework's XML",
       "<Error><Message>No HTTP resource was found that matches the request URI 'x'.</Message></Error>", true},
      {"HTML", "<!DOCTYPE html><html><body>404 - File or directory not found.</body></html>", true},
      {"nothing", "", true},
      {"plain text", "Not Found", true},
      {"the application's JSON", R"({"Message":"The account does not exist."})", false},
      {"the application's JSON with a mark", "\xef\xbb\xbf{\"Message\":\"The account does not exist.\"}", false},
      {"the application's problem in XML",
       R"(<problem xmlns="urn:ietf:rfc:7807"><status>404</status><title>Not Found</title></problem>)", false},
      {"the application's XML", "<Error><Message>The account does not exist.</Message></Error>", false},
  };
  for (const auto& row : rows) EXPECT_EQ(IsFrameworkNotFound(row.body), row.framework) << row.name;
}

}  // namespace
}  // namespace interaction::seethepro
