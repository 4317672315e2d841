// Secrets of the gateway and of its callers show up nowhere: not in the log, not in errors, not in what the system
// tells of the process, and not in its memory once they were replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/fault/secure_server.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/http_get.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What the kernel tells everybody of the user about a process: its command line, its environment, its maps.
std::string Visible(pid_t process) {
  std::string all;
  for (const char* name : {"cmdline", "environ", "status", "maps", "comm"}) {
    std::ifstream file(absl::StrCat("/proc/", process, "/", name));
    std::stringstream text;
    text << file.rdbuf();
    all += text.str();
  }
  return all;
}

// How often a text stands in the memory of a process that may be written.
int TimesInMemory(pid_t process, const std::string& text) {
  std::ifstream maps(absl::StrCat("/proc/", process, "/maps"));
  std::ifstream memory(absl::StrCat("/proc/", process, "/mem"), std::ios::binary);
  constexpr unsigned long kLargestMapping = 1ul << 30, kPiece = 1ul << 20;
  int times = 0;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    char rights[5] = "";
    if (sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) != 3 || rights[1] != 'w') continue;
    if (end - begin > kLargestMapping) continue;  // a sanitizer's shadow

    // Piece by piece: where one cannot be read, the process has given it back meanwhile, and the rest still counts.
    for (unsigned long at = begin; at < end; at += kPiece) {
      std::string content(std::min(kPiece + text.size() - 1, end - at), '\0');
      memory.clear();
      memory.seekg(static_cast<std::streamoff>(at));
      memory.read(content.data(), static_cast<std::streamsize>(content.size()));
      content.resize(static_cast<size_t>(memory.gcount()));
      for (size_t found = content.find(text); found != content.npos; found = content.find(text, found + 1)) ++times;
    }
  }
  return times;
}

class SecretCanaryTest : public ::testing::Test {
 protected:
  RawUpstream upstream_{Always({RespondJson(200, kOk)})};
  SecureServer server_{upstream_.url(), {"log.level=debug"}};
};

TEST_F(SecretCanaryTest, NoSecretIsLoggedOrAnsweredOrVisible) {
  const auto client = server_.Client();
  const std::string token = server_.Token(), expired = server_.Token({.expires_in = -absl::Minutes(9)});
  std::string answers;
  const auto call = [&](const CallSetup& setup) {
    const VspAnswer answer = client->CreateVsp(server_.Vsp(), setup);
    absl::StrAppend(&answers, answer.status.error_message(), answer.status.error_details());
  };
  for (int i = 0; i < 3; ++i) {
    call(WithApiKey(kApiKey));
    call(WithApiKey("canary-wrong-api-key"));
    call(WithToken(token));
    call(WithToken(expired));
    call(WithMetadata("authorization", "Basic canary-basic"));
    upstream_.OnRequest(Always({RespondJson(401, R"({"Message":"first-key is wrong"})")}));
  }
  for (const char* content : {"canary two words", "canary-in-a-file-that-is-too-long"}) {
    server_.files().Put("app-access-key", content);
    server_.Reload();
  }
  server_.files().Put("api-keys.yaml", "api_keys:\n  - {name: a, sha256: canary-key-in-clear}\n");
  server_.Reload();

  const std::string log = server_.process().Stderr();
  EXPECT_THAT(log, HasSubstr("CALLER_UNAUTHENTICATED")) << "it did log";
  const std::string visible = Visible(server_.process().pid());
  EXPECT_THAT(visible, HasSubstr("interaction-server")) << "it was read";
  std::string pages;
  for (const char* page : {"/metrics", "/statusz", "/calls", "/readyz", "/"}) {
    pages += Fetch(absl::StrCat("http://", server_.admin_address(), page)).body;
  }
  EXPECT_THAT(pages, HasSubstr("CALLER_UNAUTHENTICATED")) << "they were read";
  for (const std::string& secret : {std::string(kApiKey), std::string("canary"), std::string("first-key"), token,
                                    expired, token.substr(token.rfind('.')), std::string("PRIVATE KEY")}) {
    EXPECT_THAT(log, Not(HasSubstr(secret)));
    EXPECT_THAT(answers, Not(HasSubstr(secret)));
    EXPECT_THAT(visible, Not(HasSubstr(secret)));
    EXPECT_THAT(pages, Not(HasSubstr(secret)));
  }
}

TEST_F(SecretCanaryTest, ThereIsNoCoreAndNobodyElseMayLook) {
  std::ifstream limits(absl::StrCat("/proc/", server_.process().pid(), "/limits"));
  std::stringstream text;
  text << limits.rdbuf();
  EXPECT_THAT(text.str(), ::testing::ContainsRegex("Max core file size +0 +0 "));
  // Not dumpable: the files of the process belong to root, whoever runs it.
  struct stat info;
  ASSERT_EQ(stat(absl::StrCat("/proc/", server_.process().pid(), "/mem").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 0u);
}

TEST_F(SecretCanaryTest, ASecretThatWasReplacedIsWipedFromMemory) {
  const auto client = server_.Client();
  const auto call = [&](int times) {
    for (int i = 0; i < times; ++i) {
      EXPECT_THAT(client->CreateVsp(server_.Vsp(), WithApiKey(kApiKey)), Succeeds());
    }
  };
  const std::string old = "an-old-secret-of-the-gateway", other = "a-new-secret-of-the-gateway";
  server_.files().Put("app-access-key", old);
  server_.Reload();
  call(5);
  if (TimesInMemory(server_.process().pid(), old) == 0) GTEST_SKIP() << "this user may not read the server's memory";
  server_.files().Put("app-access-key", other);
  server_.Reload();
  call(5);
  EXPECT_GE(TimesInMemory(server_.process().pid(), other), 1) << "it would not be found";
  EXPECT_EQ(TimesInMemory(server_.process().pid(), old), 0);
}

}  // namespace
}  // namespace interaction::testing
