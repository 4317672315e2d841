// No secret and no personal data in anything the server writes or shows: standard output and error, error details, the
// admin port.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/support/http_get.h"
#include "tests/support/raw_upstream.h"

namespace interaction::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Everything in TestGateway's valid requests, and in these answers, that must not be seen again begins like this.
constexpr char kCanary[] = "canary";

std::vector<Script> FaultsThatRepeatTheRequest(const RecordedRequest& request) {
  const std::string echo = absl::StrCat("{\"Message\":\"canary\",\"ExceptionMessage\":\"canary\",\"msg\":\"canary\"}");
  std::vector<Script> scripts;
  for (const int status : {200, 400, 401, 403, 404, 409, 429, 500, 502, 503})
    scripts.push_back({RespondJson(status, echo)});
  scripts.push_back({RespondJson(200, request.body)});
  scripts.push_back({RespondJson(302, "{}", {{"Location", "https://canary:canary@elsewhere.test/canary"}})});
  scripts.push_back({RespondJson(200, R"({"code":"403","error":"FORBIDDEN","msg":"canary"})")});
  scripts.push_back({Send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\ncanary"), Close()});
  scripts.push_back({Send("canary canary canary\r\n\r\n"), Close()});
  scripts.push_back({Reset()});
  scripts.push_back({Close()});
  return scripts;
}

template <typename Reply>
void ExpectNoCanary(const Answer<Reply>& answer) {
  EXPECT_THAT(answer.status.error_message(), Not(HasSubstr(kCanary)));
  EXPECT_THAT(answer.status.error_details(), Not(HasSubstr(kCanary)));
}

TEST(CanaryTest, ShowsUpInNoLogAndNoError) {
  size_t next = 0;
  RawUpstream upstream([&](const RecordedRequest& request) {
    const std::vector<Script> scripts = FaultsThatRepeatTheRequest(request);
    return scripts[next++ % scripts.size()];
  });
  ServerProcess server(With(SettingsFor(upstream.url(), upstream.url()), {"log.level=debug", "calls.breaker=false"}));
  for (int i = 0; i < 40; ++i) {
    ExpectNoCanary(server.CreateVsp(TestGateway::ValidVsp()));
    ExpectNoCanary(server.AddWolkvox(TestGateway::ValidWolkvox()));
  }
  auto invalid = TestGateway::ValidWolkvox();
  invalid.set_wolkvox_token("canary\r\ncanary");
  invalid.set_wolkvox_server("canary/canary");
  ExpectNoCanary(server.AddWolkvox(invalid));
  EXPECT_GE(upstream.counts().requests, 80u);

  for (const char* page : {"/metrics", "/statusz", "/calls", "/readyz", "/"}) {
    const HttpAnswer answer =
        Fetch(absl::StrCat("http://", server.admin_address(), page), {.headers = {"Accept: text/html"}});
    EXPECT_EQ(answer.status, 200) << page;
    EXPECT_THAT(answer.body, Not(HasSubstr(kCanary))) << page;
  }
  EXPECT_THAT(Fetch(absl::StrCat("http://", server.admin_address(), "/calls")).body,
              AllOf(HasSubstr("AddWolkvoxInteraction"), HasSubstr("UPSTREAM_REDIRECT")));  // it did keep them
  server.process().Signal(SIGTERM);
  EXPECT_EQ(server.process().Wait(), ExitStatus{});
  EXPECT_THAT(server.process().Stderr(), HasSubstr("\"msg\":\"call\""));  // it did log
  EXPECT_THAT(server.process().Stderr(), Not(HasSubstr(kCanary)));
  EXPECT_THAT(server.process().Stdout(), Not(HasSubstr(kCanary)));
}

}  // namespace
}  // namespace interaction::testing
