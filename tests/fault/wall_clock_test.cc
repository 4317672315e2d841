// The machine's clock is set by an hour: neither deadlines nor records are counted by it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/temp_dir.h"

namespace interaction::testing {
namespace {

using ::grpc::StatusCode;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;
using ::testing::Not;

v1::CreateVspInteractionRequest VspNamed(const std::string& name, const std::string& request_id) {
  auto request = TestGateway::ValidVsp();
  request.set_interaction_name(name);
  request.set_request_id(request_id);
  return request;
}

// A server whose wall clock the test can set.
class ServerWithClock {
 public:
  explicit ServerWithClock(const std::string& upstream_url)
      : server_(With(SettingsFor(upstream_url, upstream_url), {"calls.late_answer_time=0s"}),
                {.env = {{"LD_PRELOAD", LIBFAKETIME},
                         {"FAKETIME_TIMESTAMP_FILE", offset_file_},
                         {"FAKETIME_NO_CACHE", "1"},
                         {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
                         {"ASAN_OPTIONS", "verify_asan_link_order=0"}}}) {}

  const ServerProcess& operator*() const { return server_; }

  void SetClock(const std::string& offset) {
    std::filesystem::rename(dir_.Write("next", offset), offset_file_);  // it is read at any moment, so never by halves
  }

  // The hour of the server's clock, seconds since 1970 by 3600, as its log tells it.
  int64_t Hour() {
    EXPECT_THAT(server_.CreateVsp({}), Not(Succeeds()));  // makes a line
    const std::string log = server_.process().Stderr();
    absl::Time time;
    std::string error;
    const std::string stamp = log.substr(log.rfind("\"ts\":\"") + 6, 24);
    EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, stamp, &time, &error)) << stamp << error;
    return absl::ToUnixSeconds(time + absl::Minutes(30)) / 3600;
  }

 private:
  TempDir dir_;
  const std::string offset_file_ = dir_.Write("offset", "+0");
  ServerProcess server_;
};

class WallClockTest : public ::testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Hours, WallClockTest, ::testing::Values(1, -1),
                         [](const auto& row) { return row.param > 0 ? "AnHourAhead" : "AnHourBack"; });

TEST_P(WallClockTest, MovesNeitherDeadlinesNorRecords) {
  RawUpstream upstream([](const RecordedRequest& request) -> Script {
    if (request.body.find("hangs") != std::string::npos) return {Hang()};
    return {RespondJson(200, kOk)};
  });
  ServerWithClock server(upstream.url());
  const auto done = VspNamed("done", "7b8c4d3e-91d2-4a0b-8c5e-000000000001");
  const auto hangs = VspNamed("hangs", "7b8c4d3e-91d2-4a0b-8c5e-000000000002");
  EXPECT_THAT((*server).CreateVsp(done), Succeeds());
  const int64_t hour = server.Hour();

  const absl::Time start = absl::Now();
  auto call = std::async(std::launch::async, [&] {
    return (*server).CreateVsp(hangs, [&](grpc::ClientContext& context) {
      context.set_deadline(absl::ToChronoTime(start + absl::Seconds(2)));
    });
  });
  EXPECT_TRUE(upstream.WaitForRequests(2));
  server.SetClock(absl::StrCat(GetParam() > 0 ? "+" : "-", 3600));
  EXPECT_TRUE(Eventually([&] { return server.Hour() == hour + GetParam(); })) << "so this shows nothing";

  EXPECT_THAT((*server).CreateVsp(done), IsReplayed());
  EXPECT_THAT((*server).CreateVsp(VspNamed("new", "")), Succeeds());
  EXPECT_THAT(call.get(), IsError(StatusCode::DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT", "unknown"));
  EXPECT_THAT(absl::Now() - start, AllOf(Ge(absl::Milliseconds(1500)), Le(absl::Milliseconds(2500))));
  EXPECT_EQ(upstream.counts().requests, 3u);
}

}  // namespace
}  // namespace interaction::testing
