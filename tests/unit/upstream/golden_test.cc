// What goes over the wire, byte by byte: tests/testdata/README.md says what the files are and how they are rewritten.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/upstream/seethepro/translator.h"
#include "server/upstream/wolkvox/translator.h"
#include "tests/support/matchers.h"

namespace interaction {
namespace {

using ::interaction::testing::EqualsProto;
using ::interaction::testing::IsOk;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::TestWithParam;
using ::testing::ValuesIn;
using upstream::CredentialOwner;

// The tests run in the root of the repository.
const std::filesystem::path kFolder = "tests/testdata";

bool Update() { return std::getenv("UPDATE_GOLDENS") != nullptr; }

std::string Read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path << " cannot be read";
  return {std::istreambuf_iterator<char>(in), {}};
}

// Compares with the file, or rewrites it.
void ExpectGolden(const std::filesystem::path& path, const std::string& actual) {
  if (Update()) {
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  EXPECT_EQ(actual, Read(path)) << path;
}

template <typename Message>
Message ReadProto(const std::filesystem::path& path) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(Read(path), &message)) << path;
  return message;
}

std::string PrintProto(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(message, &text);
  return text;
}

std::string Print(const http::Request& request) {
  std::string text = absl::StrCat("POST ", request.url, "\n");
  for (const http::Header& header : request.headers) absl::StrAppend(&text, header.name, ": ", header.value, "\n");
  return absl::StrCat(text, "\n", request.body);
}

// A status line, headers, an empty line, and the body as it came.
http::Response ReadResponse(const std::filesystem::path& path) {
  const std::string text = Read(path);
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits("\n\n", 1));
  http::Response response;
  for (absl::string_view line : absl::StrSplit(parts.first, '\n')) {
    if (absl::ConsumePrefix(&line, "HTTP/1.1 ")) {
      EXPECT_TRUE(absl::SimpleAtoi(line, &response.status)) << path;
    } else if (absl::ConsumePrefix(&line, "Content-Type: ")) {
      response.content_type = std::string(line);
    }
  }
  response.body = std::string(parts.second);
  return response;
}

// The names of a room's cases that have a file of the kind.
std::vector<std::string> Cases(const std::string& room, const std::string& kind) {
  std::vector<std::string> cases;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder / room, error)) {
    const std::string name = entry.path().filename().string();
    if (absl::EndsWith(name, kind)) cases.emplace_back(absl::StripSuffix(name, kind));
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

std::string NameOf(const ::testing::TestParamInfo<std::string>& info) { return info.param; }

std::filesystem::path FileOf(const std::string& room, const std::string& name, const std::string& kind) {
  return kFolder / room / absl::StrCat(name, kind);
}

template <typename Translator>
void ExpectEncodesTo(const Translator& translator, const std::string& room, const std::string& name) {
  auto request = ReadProto<typename Translator::Request>(FileOf(room, name, ".request.textproto"));
  ASSERT_THAT(translator.Authorize(request), IsOk());
  ASSERT_THAT(translator.Canonicalize(&request), IsOk());
  const auto encoded = translator.Encode(request, translator.CredentialFor(request));
  ASSERT_THAT(encoded, IsOk());
  ExpectGolden(FileOf(room, name, ".http"), Print(*encoded));
}

template <typename Translator>
void ExpectDecodesTo(const Translator& translator, const std::string& room, const std::string& name) {
  const auto reply =
      translator.Decode(ReadResponse(FileOf(room, name, ".response")), CredentialOwner::kGateway, absl::UnixEpoch());
  ASSERT_THAT(reply, IsOk());
  const std::filesystem::path file = FileOf(room, name, ".reply.textproto");
  if (Update()) return ExpectGolden(file, PrintProto(*reply));
  EXPECT_THAT(*reply, EqualsProto(ReadProto<typename Translator::Reply>(file)));
}

TEST(GoldenTest, TheFoldersHoldCasesOfBothKinds) {
  for (const char* room : {"seethepro", "wolkvox"}) {
    EXPECT_THAT(Cases(room, ".request.textproto"), Not(SizeIs(0))) << room;
    EXPECT_THAT(Cases(room, ".response"), Not(SizeIs(0))) << room;
  }
}

// The first word of a case's name is the format of its request.
std::unique_ptr<seethepro::Translator> SeeThePro(absl::string_view name) {
  seethepro::Options options = {.base_url = "https://seethepro.example.com/",
                                .app_access_key = Secret("sample string 1")};
  if (absl::StartsWith(name, "xml")) options.wire_format = seethepro::WireFormat::kXml;
  if (absl::StartsWith(name, "form")) options.wire_format = seethepro::WireFormat::kForm;
  return *seethepro::Translator::Create(std::move(options));
}

class SeeTheProRequestTest : public TestWithParam<std::string> {};
TEST_P(SeeTheProRequestTest, IsSentAsTheGoldenSays) {
  ExpectEncodesTo(*SeeThePro(GetParam()), "seethepro", GetParam());
}
INSTANTIATE_TEST_SUITE_P(Golden, SeeTheProRequestTest, ValuesIn(Cases("seethepro", ".request.textproto")), NameOf);

class SeeTheProReplyTest : public TestWithParam<std::string> {};
TEST_P(SeeTheProReplyTest, ReadsAsTheGoldenSays) { ExpectDecodesTo(*SeeThePro(GetParam()), "seethepro", GetParam()); }
INSTANTIATE_TEST_SUITE_P(Golden, SeeTheProReplyTest, ValuesIn(Cases("seethepro", ".response")), NameOf);

// A case whose name ends in no_header is sent without wolkvox_server.
std::unique_ptr<wolkvox::Translator> Wolkvox(absl::string_view name) {
  return *wolkvox::Translator::Create({.base_url = "https://wv{server}.wolkvox.com/",
                                       .default_server = "0042",
                                       .send_server_header = !absl::EndsWith(name, "no_header"),
                                       .tokens = {{"", Secret("sample-token")}}});
}

class WolkvoxRequestTest : public TestWithParam<std::string> {};
TEST_P(WolkvoxRequestTest, IsSentAsTheGoldenSays) { ExpectEncodesTo(*Wolkvox(GetParam()), "wolkvox", GetParam()); }
INSTANTIATE_TEST_SUITE_P(Golden, WolkvoxRequestTest, ValuesIn(Cases("wolkvox", ".request.textproto")), NameOf);

class WolkvoxReplyTest : public TestWithParam<std::string> {};
TEST_P(WolkvoxReplyTest, ReadsAsTheGoldenSays) { ExpectDecodesTo(*Wolkvox(GetParam()), "wolkvox", GetParam()); }
INSTANTIATE_TEST_SUITE_P(Golden, WolkvoxReplyTest, ValuesIn(Cases("wolkvox", ".response")), NameOf);

}  // namespace
}  // namespace interaction
