#include "server/admin/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/certificates.h"
#include "tests/support/fake_clock.h"
#include "tests/support/http_get.h"
#include "tests/support/matchers.h"
#include "tests/support/sockets.h"

namespace interaction::admin {
namespace {

using testing::Fetch;
using ::testing::HasSubstr;
using testing::HttpAnswer;

std::string Content(const std::string& file) {
  std::stringstream content;
  content << std::ifstream(file).rdbuf();
  return content.str();
}

class HttpServerTest : public ::testing::Test {
 protected:
  void Start(HttpServer::Handler handler, const HttpServer::Tls* tls = nullptr) {
    auto listener = listen::Listener::Open("127.0.0.1:0", &clock_, nullptr);
    ASSERT_THAT(listener, testing::IsOk());
    auto server = HttpServer::Start(*std::move(listener), tls, std::move(handler));
    ASSERT_THAT(server, testing::IsOk());
    server_ = *std::move(server);
  }
  std::string Url(const std::string& path) const { return absl::StrCat("http://", server_->address(), path); }

  testing::FakeClock clock_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, TheHandlerSeesTheWholeRequestAndTheClientItsAnswer) {
  HttpRequest seen;
  Start([&](const HttpRequest& request) {
    seen = request;
    return HttpResponse{.status = 202, .content_type = "text/x", .body = "yes", .headers = {{"X-More", "more"}}};
  });
  const HttpAnswer answer =
      Fetch(Url("/a/b?c=d%20e"), {.method = "POST", .headers = {"X-One: 1"}, .body = std::string(100'000, 'b')});
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "yes");
  EXPECT_THAT(answer.headers, HasSubstr("Content-Type: text/x\r\n"));
  EXPECT_THAT(answer.headers, HasSubstr("X-More: more\r\n"));
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/a/b");
  EXPECT_EQ(seen.query["c"], "d e");
  EXPECT_EQ(seen.headers["x-one"], "1");
  EXPECT_EQ(seen.body, std::string(100'000, 'b'));
}

TEST_F(HttpServerTest, ARequestThatIsTooLargeIsRefused) {
  Start([](const HttpRequest&) { return HttpResponse{}; });
  EXPECT_EQ(Fetch(Url("/"), {.method = "POST", .body = std::string(300'000, 'b')}).status, 413);
}

TEST_F(HttpServerTest, AClientThatSendsNothingHoldsUpNobody) {
  Start([](const HttpRequest&) { return HttpResponse{.body = "yes"}; });
  const uint16_t port = static_cast<uint16_t>(std::stoi(server_->address().substr(server_->address().rfind(':') + 1)));
  const testing::Fd silent = testing::ConnectLoopback(port);
  ASSERT_TRUE(silent.valid());
  EXPECT_EQ(Fetch(Url("/")).body, "yes");
}

TEST_F(HttpServerTest, SpeaksTlsWithACertificate) {
  const testing::TempDir dir;
  testing::CertificateAuthority authority(&dir);
  const testing::KeyPairFiles files = authority.Issue("admin");
  const HttpServer::Tls tls = {.certificate = Content(files.certificate), .key = Content(files.key)};
  Start([](const HttpRequest&) { return HttpResponse{.body = "yes"}; }, &tls);
  const HttpAnswer answer = Fetch(absl::StrCat("https://", server_->address(), "/"), {.ca_file = authority.ca_file()});
  EXPECT_EQ(answer.body, "yes") << answer.error;
  EXPECT_EQ(Fetch(Url("/")).status, 0);
}

TEST_F(HttpServerTest, DoesNotStartWithAKeyThatIsNone) {
  const HttpServer::Tls tls = {.certificate = "no certificate", .key = "no key"};
  auto listener = listen::Listener::Open("127.0.0.1:0", &clock_, nullptr);
  ASSERT_THAT(listener, testing::IsOk());
  EXPECT_THAT(HttpServer::Start(*std::move(listener), &tls, [](const HttpRequest&) { return HttpResponse{}; }),
              testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace interaction::admin
