#include "sandbox/seethepro_binding.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::sandbox::seethepro {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kAccount[] = "6925ebd4-125d-4338-a736-99f4b5bcb3d7";
constexpr char kContact[] = "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0";
constexpr char kTenant[] = "f4528424-7736-4037-8c10-45fe6f1f5754";
constexpr char kNil[] = "00000000-0000-0000-0000-000000000000";
constexpr char kUnsaid[] = "An error has occurred.";

// --- GUIDs ---

struct GuidCase {
  const char* name;
  const char* text;
  std::optional<std::string> expected;
};

class ReadGuidTest : public ::testing::TestWithParam<GuidCase> {};

TEST_P(ReadGuidTest, TakesWhatGuidParseTakes) { EXPECT_EQ(ReadGuid(GetParam().text), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    Spellings, ReadGuidTest,
    ::testing::Values(GuidCase{"Dashes", "6925ebd4-125d-4338-a736-99f4b5bcb3d7", kAccount},
                      GuidCase{"NoDashes", "6925ebd4125d4338a73699f4b5bcb3d7", kAccount},
                      GuidCase{"Braces", "{6925ebd4-125d-4338-a736-99f4b5bcb3d7}", kAccount},
                      GuidCase{"Parentheses", "(6925ebd4-125d-4338-a736-99f4b5bcb3d7)", kAccount},
                      GuidCase{"UpperCase", "6925EBD4-125D-4338-A736-99F4B5BCB3D7", kAccount},
                      GuidCase{"BlanksAround", " \t6925ebd4-125d-4338-a736-99f4b5bcb3d7 ", kAccount},
                      GuidCase{"AllZero", "00000000-0000-0000-0000-000000000000", kNil},
                      GuidCase{"Urn", "urn:uuid:6925ebd4-125d-4338-a736-99f4b5bcb3d7", std::nullopt},
                      GuidCase{"BracesWithoutDashes", "{6925ebd4125d4338a73699f4b5bcb3d7}", std::nullopt},
                      GuidCase{"UnbalancedBrace", "{6925ebd4-125d-4338-a736-99f4b5bcb3d7", std::nullopt},
                      GuidCase{"MixedBrackets", "{6925ebd4-125d-4338-a736-99f4b5bcb3d7)", std::nullopt},
                      GuidCase{"ADigitShort", "6925ebd4-125d-4338-a736-99f4b5bcb3d", std::nullopt},
                      GuidCase{"DashesMisplaced", "6925ebd41-25d-4338-a736-99f4b5bcb3d7", std::nullopt},
                      GuidCase{"NoHexDigit", "g925ebd4-125d-4338-a736-99f4b5bcb3d7", std::nullopt},
                      GuidCase{"Empty", "", std::nullopt}),
    [](const auto& row) { return row.param.name; });

// --- which errors a body has ---

struct ErrorCase {
  const char* name;
  std::string body;
  ModelState errors;
};

ModelState FormatterError() { return {{"model", {kUnsaid}}}; }

std::string Json(const std::string& members) {
  return absl::StrCat(R"({"AppAccessKey":"k","InteractionIdentity":"i","InteractionName":"n",)", members, "}");
}

std::string JsonGuids(const std::string& more = "") {
  return absl::StrCat(R"("AccountId":")", kAccount, R"(","ContactId":")", kContact, "\"", more);
}

class JsonErrorsTest : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(JsonErrorsTest, AreTheFrameworks) { EXPECT_EQ(BindJson(GetParam().body).errors, GetParam().errors); }

INSTANTIATE_TEST_SUITE_P(
    Bodies, JsonErrorsTest,
    ::testing::Values(
        ErrorCase{"None", Json(JsonGuids()), {}},
        ErrorCase{"OptionalGuidEmpty", Json(JsonGuids(R"(,"TenantKey":"")")), {}},
        ErrorCase{"OptionalGuidNull", Json(JsonGuids(R"(,"TenantKey":null)")), {}},
        ErrorCase{"OptionalGuidMalformed", Json(JsonGuids(R"(,"TenantKey":"x")")), {{"model.TenantKey", {kUnsaid}}}},
        ErrorCase{"RequiredGuidMissing", Json(absl::StrCat(R"("ContactId":")", kContact, "\"")), FormatterError()},
        ErrorCase{"RequiredGuidNull", Json(JsonGuids(R"(,"AccountId":null)")), {{"model.AccountId", {kUnsaid}}}},
        ErrorCase{"RequiredGuidEmpty", Json(JsonGuids(R"(,"AccountId":"")")), {{"model.AccountId", {kUnsaid}}}},
        ErrorCase{"RequiredGuidNumber", Json(JsonGuids(R"(,"AccountId":5)")), {{"model.AccountId", {kUnsaid}}}},
        ErrorCase{"AllTextsMissing",
                  absl::StrCat("{", JsonGuids(), "}"),
                  {{"model.AppAccessKey", {"The AppAccessKey field is required."}},
                   {"model.InteractionIdentity", {"The InteractionIdentity field is required."}},
                   {"model.InteractionName", {"The InteractionName field is required."}}}},
        ErrorCase{"TextNull",
                  Json(JsonGuids(R"(,"InteractionName":null)")),
                  {{"model.InteractionName", {"The InteractionName field is required."}}}},
        ErrorCase{"TextOfBlanksAndNoBreakSpaces",
                  Json(JsonGuids(",\"InteractionName\":\" \xC2\xA0\"")),
                  {{"model.InteractionName", {"The InteractionName field is required."}}}},
        ErrorCase{"TextIsObject",
                  Json(JsonGuids(R"(,"AppAccessKey":{"a":1})")),
                  {{"model.AppAccessKey", {kUnsaid, "The AppAccessKey field is required."}}}},
        ErrorCase{"NotClosed", R"({"AppAccessKey":"k")", FormatterError()}, ErrorCase{"Array", "[]", FormatterError()},
        ErrorCase{"InvalidUtf8", Json(JsonGuids(",\"X\":\"\xFF\"")), FormatterError()},
        ErrorCase{"Gzip", std::string("\x1F\x8B\x08\x00", 4), FormatterError()}),
    [](const auto& row) { return row.param.name; });

constexpr char kXmlHead[] = R"(<CreateVspInteraction xmlns:i="http://www.w3.org/2001/XMLSchema-instance" )"
                            R"(xmlns="http://schemas.datacontract.org/2004/07/SeeTheProWebAPI.Models">)";

std::string Element(absl::string_view name, absl::string_view text) {
  return absl::StrCat("<", name, ">", text, "</", name, ">");
}

std::string XmlBody(absl::string_view more = "") {
  return absl::StrCat(kXmlHead, Element("AccountId", kAccount), Element("AppAccessKey", "k"),
                      Element("ContactId", kContact), Element("InteractionIdentity", "i"),
                      Element("InteractionName", "n"), more, "</CreateVspInteraction>");
}

class XmlErrorsTest : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(XmlErrorsTest, AreTheFrameworks) { EXPECT_EQ(BindXml(GetParam().body).errors, GetParam().errors); }

INSTANTIATE_TEST_SUITE_P(
    Bodies, XmlErrorsTest,
    ::testing::Values(
        ErrorCase{"None", XmlBody(), {}},
        ErrorCase{"Declaration", absl::StrCat(R"(<?xml version="1.0" encoding="utf-8"?>)", XmlBody()), {}},
        ErrorCase{"OptionalGuidNil", XmlBody(R"(<TenantKey i:nil="true"/>)"), {}},
        ErrorCase{"OptionalGuidEmpty", XmlBody("<TenantKey></TenantKey>"), FormatterError()},
        ErrorCase{"RequiredGuidMissingIsNotNoticed",
                  absl::StrReplaceAll(XmlBody(), {{Element("AccountId", kAccount), ""}}),
                  {}},
        ErrorCase{"RequiredGuidMalformed", absl::StrReplaceAll(XmlBody(), {{kAccount, "x"}}), FormatterError()},
        ErrorCase{"TextMissing",
                  absl::StrReplaceAll(XmlBody(), {{Element("AppAccessKey", "k"), ""}}),
                  {{"model.AppAccessKey", {"The AppAccessKey field is required."}}}},
        ErrorCase{"TextHasElements", absl::StrReplaceAll(XmlBody(), {{">k<", "><b>k</b><"}}), FormatterError()},
        ErrorCase{"RootInNoNamespace", absl::StrReplaceAll(XmlBody(), {{R"( xmlns="http)", R"( xmlns:o="http)"}}),
                  FormatterError()},
        ErrorCase{"RootOfAnotherName", absl::StrReplaceAll(XmlBody(), {{"CreateVspInteraction", "VspInteraction"}}),
                  FormatterError()},
        ErrorCase{"Doctype", absl::StrCat("<!DOCTYPE CreateVspInteraction>", XmlBody()), FormatterError()},
        ErrorCase{"ProcessingInstruction", absl::StrCat("<?go on?>", XmlBody()), FormatterError()},
        ErrorCase{"ControlCharacter", absl::StrReplaceAll(XmlBody(), {{">n<", ">&#1;<"}}), FormatterError()},
        ErrorCase{"NotClosed", kXmlHead, FormatterError()}),
    [](const auto& row) { return row.param.name; });

std::string FormBody(absl::string_view more = "") {
  return absl::StrCat("AppAccessKey=k&InteractionIdentity=i&InteractionName=n&ContactId=", kContact, more);
}

class FormErrorsTest : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(FormErrorsTest, AreTheFrameworks) { EXPECT_EQ(BindForm(GetParam().body).errors, GetParam().errors); }

INSTANTIATE_TEST_SUITE_P(
    Bodies, FormErrorsTest,
    ::testing::Values(
        ErrorCase{"None", FormBody(absl::StrCat("&AccountId=", kAccount)), {}},
        ErrorCase{"OptionalGuidEmpty", FormBody(absl::StrCat("&TenantKey=&AccountId=", kAccount)), {}},
        ErrorCase{"RequiredGuidMissing", FormBody(), {{"model.AccountId", {"The AccountId property is required."}}}},
        ErrorCase{"RequiredGuidEmpty", FormBody("&AccountId="), {{"model.AccountId", {"A value is required."}}}},
        ErrorCase{"RequiredGuidMalformed",
                  FormBody("&AccountId=x"),
                  {{"model.AccountId", {"The value 'x' is not valid for AccountId."}}}},
        ErrorCase{"TextOfBlanks",
                  FormBody(absl::StrCat("&AccountId=", kAccount)).replace(13, 1, "+%C2%A0"),
                  {{"model.AppAccessKey", {"The AppAccessKey field is required."}}}},
        ErrorCase{"InvalidUtf8", FormBody("&X=%FF"), FormatterError()}),
    [](const auto& row) { return row.param.name; });

// --- which values arrive ---

TEST(BindJsonTest, IsLaxAboutNamesCommentsDuplicatesAndWhatFollows) {
  const Binding binding = BindJson(absl::StrCat(
      R"({/* c */"appaccesskey":"first","APPACCESSKEY":"last","InteractionIdentity":" i ","InteractionName":"n",)",
      R"("Unknown":{"AccountId":"x"},)", JsonGuids(), "} trailing garbage"));
  EXPECT_THAT(binding.errors, IsEmpty());
  EXPECT_THAT(binding.values, UnorderedElementsAre(Pair("AppAccessKey", "last"), Pair("InteractionIdentity", " i "),
                                                   Pair("InteractionName", "n"), Pair("AccountId", kAccount),
                                                   Pair("ContactId", kContact)));
}

TEST(BindJsonTest, MakesANullModelOfNullWhichIsNoError) {
  const Binding binding = BindJson("null");
  EXPECT_TRUE(binding.null_model);
  EXPECT_THAT(binding.errors, IsEmpty());
}

TEST(BindJsonTest, DoesNotFallOverDeepNesting) {
  const std::string deep(200'000, '[');
  EXPECT_EQ(BindJson(absl::StrCat(R"({"X":)", deep)).errors, FormatterError());
}

// The trap of this format: the order of the page's JSON sample is refused by nobody, and half of it is lost.
TEST(BindXmlTest, LosesElementsThatComeTooLateWithoutAWord) {
  const Binding binding = BindXml(
      absl::StrCat(kXmlHead, Element("AppAccessKey", "k"), Element("InteractionIdentity", "i"),
                   Element("InteractionName", "n"), Element("AccountId", kAccount), Element("ContactId", kContact),
                   Element("TenantKey", kTenant), Element("GroupKey", kTenant), "</CreateVspInteraction>"));
  EXPECT_THAT(binding.errors, IsEmpty());
  EXPECT_THAT(binding.values, UnorderedElementsAre(Pair("AppAccessKey", "k"), Pair("InteractionIdentity", "i"),
                                                   Pair("InteractionName", "n"), Pair("TenantKey", kTenant),
                                                   Pair("AccountId", kNil), Pair("ContactId", kNil)));
}

TEST(BindXmlTest, PassesOverElementsOfAnotherNamespace) {
  const Binding binding = BindXml(XmlBody(absl::StrCat(R"(<TenantKey xmlns="urn:other">)", kTenant, "</TenantKey>")));
  EXPECT_THAT(binding.errors, IsEmpty());
  EXPECT_EQ(binding.Get("TenantKey"), "");
}

TEST(BindXmlTest, ResolvesPrefixes) {
  const Binding binding = BindXml(absl::StrReplaceAll(
      XmlBody(), {{"xmlns=", "xmlns:p="}, {"</", "</p:"}, {"<A", "<p:A"}, {"<C", "<p:C"}, {"<I", "<p:I"}}));
  EXPECT_THAT(binding.errors, IsEmpty());
  EXPECT_EQ(binding.Get("AccountId"), kAccount);
}

struct LineEndCase {
  const char* name;
  const char* written;
  const char* read;
};

class XmlLineEndTest : public ::testing::TestWithParam<LineEndCase> {};

TEST_P(XmlLineEndTest, IsReadAsXmlSays) {
  const std::string body = absl::StrReplaceAll(XmlBody(), {{">n<", absl::StrCat(">", GetParam().written, "<")}});
  EXPECT_EQ(BindXml(body).Get("InteractionName"), GetParam().read);
}

INSTANTIATE_TEST_SUITE_P(Texts, XmlLineEndTest,
                         ::testing::Values(LineEndCase{"RawCrLfIsLf", "a\r\nb", "a\nb"},
                                           LineEndCase{"ReferencesStay", "a&#13;&#10;b", "a\r\nb"},
                                           LineEndCase{"CdataAndComments", "a<![CDATA[<&]]><!-- c -->b", "a<&b"},
                                           LineEndCase{"BlanksAroundStay", " a ", " a "}),
                         [](const auto& row) { return row.param.name; });

TEST(BindFormTest, ReadsPlusAsBlankPercentAsBytesAndTheFirstOfDuplicates) {
  const Binding binding = BindForm(absl::StrCat(
      "AppAccessKey=a+b%2Bc&InteractionIdentity=Zo%C3%AB&InteractionName=Zo\xC3\xAB&interactionname=second&ContactId=",
      kContact, "&AccountId=%7B", kAccount, "%7D"));
  EXPECT_THAT(binding.errors, IsEmpty());
  EXPECT_THAT(binding.values,
              UnorderedElementsAre(Pair("AppAccessKey", "a b+c"), Pair("InteractionIdentity", "Zo\xC3\xAB"),
                                   Pair("InteractionName", "Zo\xC3\xAB"), Pair("ContactId", kContact),
                                   Pair("AccountId", kAccount)));
}

TEST(BindingTest, CollectsSeveralTextsUnderOneKey) {
  Binding binding;
  binding.AddError("model.A", "One.");
  binding.AddError("model.B", "Other.");
  binding.AddError("model.A", "Two.");
  EXPECT_THAT(binding.errors,
              ElementsAre(Pair("model.A", ElementsAre("One.", "Two.")), Pair("model.B", ElementsAre("Other."))));
}

}  // namespace
}  // namespace interaction::sandbox::seethepro
