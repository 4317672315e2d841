#include "server/admin/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "server/base/errors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/log_lines.h"

namespace interaction::admin {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PagesTest : public ::testing::Test {
 protected:
  HttpResponse Get(const std::string& path, std::map<std::string, std::string> headers = {}) {
    return pages_.Answer({.method = "GET", .path = path, .headers = std::move(headers)});
  }
  HttpResponse Post(const std::string& path, std::map<std::string, std::string> query,
                    std::map<std::string, std::string> headers = {}) {
    return pages_.Answer({.method = "POST", .path = path, .query = std::move(query), .headers = std::move(headers)});
  }
  static std::map<std::string, std::string> WithToken(const std::string& token = "right") {
    return {{"authorization", "Bearer " + token}};
  }

  Sources MakeSources() {
    return {
        .stuck = [this] { return stuck_; },
        .readiness = [this] { return readiness_; },
        .metrics =
            [] { return std::vector<telemetry::MetricFamily>{{.name = "calls_total", .help = "H", .series = {{}}}}; },
        .status = [] { return std::string("{}\n"); },
        .calls = [this](const std::map<std::string, std::string>& query) -> std::optional<std::string> {
          if (!keeps_calls_) return std::nullopt;
          const auto found = query.find("outcome");
          return found == query.end() ? "all" : found->second;
        },
        .drain = [this] { drained_ = true; },
        .log = &logger_};
  }

  testing::FakeClock clock_;
  testing::LogLines sink_;
  telemetry::Logger logger_{telemetry::LogLevel::kInfo, &clock_, &sink_};
  Readiness readiness_{.is_ready = true, .parts = {{"serving", "ok"}}};
  std::string stuck_;
  bool keeps_calls_ = true;
  bool drained_ = false;
  Pages pages_{Secret(), MakeSources()};
};

class PagesWithTokenTest : public PagesTest {
 protected:
  PagesWithTokenTest() : guarded_(Secret("right"), MakeSources()) {}
  HttpResponse Ask(const std::string& method, const std::string& path, std::map<std::string, std::string> headers,
                   std::map<std::string, std::string> query = {}) {
    return guarded_.Answer({.method = method, .path = path, .query = std::move(query), .headers = std::move(headers)});
  }
  Pages guarded_;
};

TEST_F(PagesTest, ReadyzSaysWhatIsWrong) {
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_EQ(Get("/readyz").body, "[+]serving ok\nready\n");
  readiness_ = {.is_ready = false, .parts = {{"serving", "draining"}}};
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/readyz").body, "[-]serving draining\nnot ready\n");
  EXPECT_EQ(Get("/livez").status, 200);
}

TEST_F(PagesTest, LivezSaysWhatIsStuck) {
  EXPECT_EQ(Get("/livez").status, 200);
  stuck_ = "lane 1";
  EXPECT_EQ(Get("/livez").status, 503);
  EXPECT_EQ(Get("/livez").body, "stuck: lane 1\n");
}

TEST_F(PagesTest, MetricsAreOfTheFormThatTheClientAccepts) {
  EXPECT_THAT(Get("/metrics").content_type, StartsWith("text/plain; version=0.0.4"));
  const HttpResponse open = Get("/metrics", {{"accept", "application/openmetrics-text"}});
  EXPECT_THAT(open.content_type, StartsWith("application/openmetrics-text"));
  EXPECT_THAT(open.body, HasSubstr("# EOF"));
}

TEST_F(PagesTest, AnUnknownPageSaysWhichThereAre) {
  EXPECT_EQ(Get("/nothing").status, 404);
  EXPECT_THAT(Get("/nothing").body, HasSubstr("/metrics"));
}

TEST_F(PagesTest, TheConsoleForbidsTheBrowserAllThatItDoesNotNeed) {
  const HttpResponse page = Get("/", {{"accept", "text/html"}});
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  const std::map<std::string, std::string> headers(page.headers.begin(), page.headers.end());
  EXPECT_THAT(headers.at("Content-Security-Policy"),
              AllOf(StartsWith("default-src 'none'; "), HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("unsafe"))));
  EXPECT_EQ(Get("/console/access").body, "{\"needsToken\":false}\n");
}

TEST_F(PagesTest, TheConsoleIsSmallAndAsksForNothingElsewhere) {
  size_t bytes = 0;
  for (const char* path :
       {"/", "/console/console.css", "/console/icon.svg", "/console/main.js", "/console/page.js",
        "/console/overview.js", "/console/attention.js", "/console/calls.js", "/console/try_it.js"}) {
    const HttpResponse file = Get(path, {{"accept", "text/html"}});
    EXPECT_EQ(file.status, 200) << path;
    EXPECT_THAT(file.body, Not(ContainsRegex("(src|href|url|import|fetch).{0,4}(https?:)?//"))) << path;
    bytes += file.body.size();
  }
  EXPECT_LE(bytes, 150u << 10);
}

TEST_F(PagesTest, EveryReasonOfTheCatalogueIsExplained) {
  const nlohmann::json reasons = nlohmann::json::parse(Get("/reasons").body);
  EXPECT_EQ(reasons.size(), kReasons);
  for (const ReasonEntry& entry : ReasonCatalogue()) {
    const nlohmann::json& reason = reasons.at(std::string(entry.name));
    EXPECT_EQ(reason["outcome"], std::string(OutcomeName(entry.outcome))) << entry.name;
    EXPECT_EQ(reason["message"], std::string(entry.message)) << entry.name;
    EXPECT_NE(reason["meaning"], "") << entry.name;
    EXPECT_NE(reason["advice"], "") << entry.name;
  }
}

TEST_F(PagesTest, TheLastCallsAreThoseThatFitTheQuery) {
  EXPECT_EQ(Get("/calls").body, "all");
  EXPECT_EQ(pages_.Answer({.method = "GET", .path = "/calls", .query = {{"outcome", "unknown"}}}).body, "unknown");
  keeps_calls_ = false;
  EXPECT_EQ(Get("/calls").status, 404);
  EXPECT_THAT(Get("/calls").body, HasSubstr("admin.recent_calls"));
}

TEST_F(PagesTest, WhatTellsOfCallsIsNotShownUnderANameThatAnybodyCouldGiveThisMachine) {
  for (const char* path : {"/calls", "/statusz"}) {
    for (const char* host : {"127.0.0.1:9464", "localhost", "localhost:9464", "[::1]:9464", "10.0.0.7"}) {
      EXPECT_EQ(Get(path, {{"host", host}}).status, 200) << path << " " << host;
    }
    for (const char* host : {"evil.test:9464", "evil.test", "127.0.0.1.evil.test:9464"}) {
      EXPECT_EQ(Get(path, {{"host", host}}).status, 403) << path << " " << host;
    }
  }
}

TEST_F(PagesTest, WithoutATokenNothingCanBeChanged) {
  const HttpResponse answer = Post("/drain", {});
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("admin.token_file"));
  EXPECT_EQ(Post("/loglevel", {{"level", "debug"}}).status, 403);
  EXPECT_FALSE(drained_);
  EXPECT_EQ(logger_.level(), telemetry::LogLevel::kInfo);
}

TEST_F(PagesWithTokenTest, EverythingButTheProbesNeedsTheToken) {
  for (const char* path : {"/metrics", "/statusz", "/calls", "/reasons", "/loglevel", "/nothing"}) {
    EXPECT_EQ(Ask("GET", path, {}).status, 401) << path;
    EXPECT_EQ(Ask("GET", path, WithToken("wrong")).status, 401) << path;
    EXPECT_NE(Ask("GET", path, WithToken()).status, 401) << path;
  }
  EXPECT_EQ(Ask("GET", "/livez", {}).status, 200);
  EXPECT_EQ(Ask("GET", "/readyz", {}).status, 200);
}

TEST_F(PagesWithTokenTest, TheListOfPagesAndTheFilesOfTheConsoleAreForEverybody) {
  EXPECT_THAT(Ask("GET", "/", {}).body, HasSubstr("GET  /metrics"));
  const HttpResponse page = Ask("GET", "/", {{"accept", "text/html,*/*"}});
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, StartsWith("<!doctype html>"));
  EXPECT_EQ(Ask("GET", "/console/main.js", {}).status, 200);
  EXPECT_EQ(Ask("GET", "/console/access", {}).body, "{\"needsToken\":true}\n");
  EXPECT_EQ(Ask("POST", "/", {}).status, 401);
}

TEST_F(PagesWithTokenTest, TheLogLevelCanBeChanged) {
  EXPECT_EQ(Ask("POST", "/loglevel", WithToken(), {{"level", "debug"}}).status, 200);
  EXPECT_EQ(logger_.level(), telemetry::LogLevel::kDebug);
  EXPECT_EQ(Ask("GET", "/loglevel", WithToken()).body, "debug\n");
  EXPECT_EQ(Ask("POST", "/loglevel", WithToken(), {{"level", "loud"}}).status, 400);
  EXPECT_EQ(logger_.level(), telemetry::LogLevel::kDebug);
}

TEST_F(PagesWithTokenTest, CallsAreMadeOnlyWithTheTokenAndIfItIsSwitchedOn) {
  EXPECT_EQ(Ask("GET", "/try", WithToken()).status, 404);
  EXPECT_THAT(Ask("POST", "/try", WithToken()).body, HasSubstr("admin.try_it"));
  Sources sources = MakeSources();
  sources.try_it = [](const HttpRequest& request) { return HttpResponse{.body = request.method}; };
  const Pages pages(Secret("right"), sources);
  EXPECT_EQ(pages.Answer({.method = "POST", .path = "/try", .headers = WithToken()}).body, "POST");
  EXPECT_EQ(pages.Answer({.method = "GET", .path = "/try", .headers = WithToken()}).body, "GET");
  EXPECT_EQ(pages.Answer({.method = "POST", .path = "/try", .headers = WithToken("wrong")}).status, 401);
  const Pages open(Secret(), sources);
  EXPECT_EQ(open.Answer({.method = "POST", .path = "/try"}).status, 403);
  EXPECT_EQ(open.Answer({.method = "GET", .path = "/try"}).status, 404);
}

TEST_F(PagesWithTokenTest, DrainNeedsAPost) {
  EXPECT_EQ(Ask("GET", "/drain", WithToken()).status, 405);
  EXPECT_FALSE(drained_);
  EXPECT_EQ(Ask("POST", "/drain", WithToken()).status, 202);
  EXPECT_TRUE(drained_);
}

TEST_F(PagesWithTokenTest, DrainIsRefusedWhereNobodyCanDoIt) {
  Sources sources = MakeSources();
  sources.drain = nullptr;
  const Pages pages(Secret("right"), sources);
  EXPECT_EQ(pages.Answer({.method = "POST", .path = "/drain", .headers = WithToken()}).status, 404);
}

TEST_F(PagesWithTokenTest, OtherMethodsAreRefused) {
  EXPECT_EQ(Ask("DELETE", "/metrics", WithToken()).status, 405);
  EXPECT_EQ(Ask("POST", "/metrics", WithToken()).status, 405);
}

}  // namespace
}  // namespace interaction::admin
