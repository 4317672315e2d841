#include "server/upstream/seethepro/request_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/matchers.h"

namespace interaction::seethepro {
namespace {

using ::interaction::testing::HasHeader;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;
using Members = std::vector<std::pair<std::string, std::string>>;

constexpr char kAccount[] = "6925ebd4-125d-4338-a736-99f4b5bcb3d7";
constexpr char kContact[] = "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0";
constexpr char kTenant[] = "f4528424-7736-4037-8c10-45fe6f1f5754";
constexpr char kGroup[] = "fbd003c1-c221-4316-8569-b66b1a48d66c";

v1::CreateVspInteractionRequest SmallRequest(absl::string_view name = "name") {
  v1::CreateVspInteractionRequest request;
  request.set_interaction_identity("identity");
  request.set_interaction_name(std::string(name));
  request.set_account_id(kAccount);
  request.set_contact_id(kContact);
  return request;
}

v1::CreateVspInteractionRequest WholeRequest() {
  v1::CreateVspInteractionRequest request = SmallRequest();
  request.set_tenant_key(kTenant);
  request.set_group_key(kGroup);
  return request;
}

// The three readers below are not ours, or not made of the encoder's code: what they read is what was meant.

Members ReadJson(const std::string& body) {
  Members members;
  const auto json = nlohmann::ordered_json::parse(body);
  for (const auto& [name, value] : json.items()) members.emplace_back(name, value);
  return members;
}

Members ReadXml(const std::string& body) {
  pugi::xml_document document;
  EXPECT_TRUE(document.load_buffer(body.data(), body.size(), pugi::parse_default | pugi::parse_ws_pcdata_single))
      << body;
  Members members;
  for (const pugi::xml_node& node : document.document_element()) members.emplace_back(node.name(), node.text().get());
  return members;
}

std::string FormText(absl::string_view encoded) {
  std::string text;
  for (size_t i = 0; i < encoded.size(); ++i) {
    unsigned char byte = encoded[i] == '+' ? ' ' : encoded[i];
    if (encoded[i] == '%') {
      byte = static_cast<unsigned char>(std::stoi(std::string(encoded.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    }
    text.push_back(static_cast<char>(byte));
  }
  return text;
}

Members ReadForm(const std::string& body) {
  Members members;
  for (absl::string_view member : absl::StrSplit(body, '&')) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(member, absl::MaxSplits('=', 1));
    members.emplace_back(FormText(parts.first), FormText(parts.second));
  }
  return members;
}

Members Read(const std::string& body, WireFormat format) {
  return format == WireFormat::kJson ? ReadJson(body) : format == WireFormat::kXml ? ReadXml(body) : ReadForm(body);
}

constexpr WireFormat kAllFormats[] = {WireFormat::kJson, WireFormat::kXml, WireFormat::kForm};

// Texts that any format may stumble over.
const std::string kAwkwardTexts[] = {
    "\"quoted\" \\ back/slash",
    "<b>&amp; &#13; ]]> --> <![CDATA[",
    "a+b%2B=c&d;e?f#g",
    " blanks around ",
    "\u00d1and\u00fa \u20ac \u4e2d\u6587 \u05e9\u05dc\u05d5\u05dd e\u0301",
    "\U0001F600\U0001F468\u200d\U0001F469\u200d\U0001F467",
    "a\r\nb\nc\rd\te",
    "a\u2028b\u2029c\u0085d\u00a0e",
    "\x7f",
    "null",
    "{\"InteractionName\":\"x\"}",
};

TEST(EncodeBodyTest, JsonIsTheSampleOfThePage) {
  EXPECT_EQ(EncodeBody(WholeRequest(), "key", WireFormat::kJson),
            R"({"AppAccessKey":"key","InteractionIdentity":"identity","InteractionName":"name",)"
            R"("AccountId":"6925ebd4-125d-4338-a736-99f4b5bcb3d7","ContactId":"3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",)"
            R"("TenantKey":"f4528424-7736-4037-8c10-45fe6f1f5754","GroupKey":"fbd003c1-c221-4316-8569-b66b1a48d66c"})");
}

TEST(EncodeBodyTest, FormHasTheMembersOfTheJson) {
  EXPECT_EQ(EncodeBody(WholeRequest(), "key", WireFormat::kForm),
            "AppAccessKey=key&InteractionIdentity=identity&InteractionName=name"
            "&AccountId=6925ebd4-125d-4338-a736-99f4b5bcb3d7&ContactId=3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"
            "&TenantKey=f4528424-7736-4037-8c10-45fe6f1f5754&GroupKey=fbd003c1-c221-4316-8569-b66b1a48d66c");
}

// The vendor's reader skips an element that sorts before one it has read, and answers 200 all the same.
TEST(EncodeBodyTest, XmlElementsStandInAlphabeticalOrder) {
  EXPECT_THAT(ReadXml(EncodeBody(WholeRequest(), "key", WireFormat::kXml)),
              ElementsAre(Pair("AccountId", kAccount), Pair("AppAccessKey", "key"), Pair("ContactId", kContact),
                          Pair("GroupKey", kGroup), Pair("InteractionIdentity", "identity"),
                          Pair("InteractionName", "name"), Pair("TenantKey", kTenant)));
}

TEST(EncodeBodyTest, XmlHasTheExactNamespaceAndNoDeclaration) {
  EXPECT_THAT(EncodeBody(SmallRequest(), "key", WireFormat::kXml),
              StartsWith(R"(<CreateVspInteraction xmlns:i="http://www.w3.org/2001/XMLSchema-instance" )"
                         R"(xmlns="http://schemas.datacontract.org/2004/07/SeeTheProWebAPI.Models"><AccountId>)"));
}

TEST(EncodeBodyTest, AnOptionalGuidThatIsAbsentIsLeftOut) {
  for (WireFormat format : kAllFormats) {
    const std::string body = EncodeBody(SmallRequest(), "key", format);
    EXPECT_THAT(body, Not(HasSubstr("TenantKey")));
    EXPECT_THAT(body, Not(HasSubstr("GroupKey")));
    EXPECT_EQ(Read(body, format).size(), 5u);
  }
}

TEST(EncodeBodyTest, OneOptionalGuidComesWithoutTheOther) {
  v1::CreateVspInteractionRequest request = SmallRequest();
  request.set_group_key(kGroup);
  for (WireFormat format : kAllFormats) {
    const Members members = Read(EncodeBody(request, "key", format), format);
    EXPECT_THAT(members, Contains(Pair("GroupKey", kGroup)));
    EXPECT_THAT(members, Not(Contains(Pair("TenantKey", ::testing::_))));
  }
}

TEST(EncodeBodyTest, AnyTextArrivesAsItWas) {
  for (WireFormat format : kAllFormats) {
    for (const std::string& text : kAwkwardTexts) {
      const std::string body = EncodeBody(SmallRequest(text), "key", format);
      EXPECT_THAT(Read(body, format), Contains(Pair("InteractionName", text))) << body;
    }
  }
}

TEST(EncodeBodyTest, AnyControlCharacterArrivesInJsonAndForm) {
  std::string text;
  for (char c = 0; c < 0x20; ++c) text.push_back(c);
  for (WireFormat format : {WireFormat::kJson, WireFormat::kForm}) {
    EXPECT_THAT(Read(EncodeBody(SmallRequest(text), "key", format), format), Contains(Pair("InteractionName", text)));
  }
}

// XML readers turn a raw CR LF, and a raw CR, into LF (XML 1.0, section 2.11).
TEST(EncodeBodyTest, XmlNeverHoldsARawCarriageReturn) {
  const std::string body = EncodeBody(SmallRequest("a\r\nb"), "key", WireFormat::kXml);
  EXPECT_THAT(body, Not(HasSubstr("\r")));
  EXPECT_THAT(body, HasSubstr("a&#13;\nb"));
}

TEST(EncodeBodyTest, FormsAreAsciiAndEscapeWhatSeparatesMembers) {
  const std::string body = EncodeBody(SmallRequest("a b+c&d=e%\u00f1~"), "key", WireFormat::kForm);
  EXPECT_THAT(body, HasSubstr("InteractionName=a+b%2Bc%26d%3De%25%C3%B1%7E&"));
}

TEST(EncodeBodyTest, TheKeyIsTheGivenOneAndNotTheRequests) {
  v1::CreateVspInteractionRequest request = SmallRequest();
  request.set_app_access_key("the callers");
  for (WireFormat format : kAllFormats) {
    EXPECT_THAT(Read(EncodeBody(request, "sample \"string\" <1>&", format), format),
                Contains(Pair("AppAccessKey", "sample \"string\" <1>&")));
  }
}

TEST(EncodeBodyTest, RequestIdIsNotSent) {
  v1::CreateVspInteractionRequest request = SmallRequest();
  request.set_request_id("7b8c4d3e-91d2-4a0b-8c5e-2f1a6b7c8d9e");
  for (WireFormat format : kAllFormats) {
    EXPECT_EQ(EncodeBody(request, "key", format), EncodeBody(SmallRequest(), "key", format));
  }
}

TEST(EncodeBodyTest, TheGreatestTextsAreSentWhole) {
  std::string text;
  for (int i = 0; i < 1024; ++i) text += "\U0001F600";
  v1::CreateVspInteractionRequest request = SmallRequest(text);
  request.set_interaction_identity(text);
  for (WireFormat format : kAllFormats) {
    const Members members = Read(EncodeBody(request, "key", format), format);
    EXPECT_THAT(members, Contains(Pair("InteractionName", text)));
    EXPECT_THAT(members, Contains(Pair("InteractionIdentity", text)));
  }
}

TEST(HeadersForTest, NameTheFormatAndTheAnswerThatIsWanted) {
  EXPECT_THAT(HeadersFor(WireFormat::kJson), HasHeader("Content-Type", StartsWith("application/json")));
  EXPECT_THAT(HeadersFor(WireFormat::kJson), HasHeader("Accept", "application/json"));
  EXPECT_THAT(HeadersFor(WireFormat::kXml), HasHeader("Content-Type", StartsWith("application/xml")));
  EXPECT_THAT(HeadersFor(WireFormat::kXml), HasHeader("Accept", "application/xml"));
  EXPECT_THAT(HeadersFor(WireFormat::kForm), HasHeader("Content-Type", "application/x-www-form-urlencoded"));
  EXPECT_THAT(HeadersFor(WireFormat::kForm), HasHeader("Accept", "application/json"));
}

}  // namespace
}  // namespace interaction::seethepro
