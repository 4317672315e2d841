#include "server/rpc/call_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace interaction::rpc {
namespace {

TEST(ReadMetadataTest, CountsBytesAsHttp2Does) {
  EXPECT_EQ(ReadMetadata({{"k", "value"}, {"l", ""}}).bytes, 1u + 5 + 32 + 1 + 32);
}

TEST(ReadMetadataTest, TakesTheFirstRequestIdAndCountsTheOthers) {
  const CallMetadata metadata = ReadMetadata({{"idempotency-key", "a"}, {"idempotency-key", "b"}});
  EXPECT_EQ(metadata.request_id, "a");
  EXPECT_EQ(metadata.request_ids, 2u);
}

TEST(ReadMetadataTest, KnowsACallersRetry) {
  EXPECT_FALSE(ReadMetadata({}).is_retry);
  EXPECT_FALSE(ReadMetadata({{"grpc-previous-rpc-attempts", "0"}}).is_retry);
  EXPECT_TRUE(ReadMetadata({{"grpc-previous-rpc-attempts", "2"}}).is_retry);
}

TEST(TraceContextOfTest, JoinsEntriesOfOneName) {
  const telemetry::TraceContext trace =
      TraceContextOf({{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
                      {"tracestate", "a=1"},
                      {"tracestate", "b=2"},
                      {"tracestate", "c=3"}});
  EXPECT_EQ(trace.tracestate, "a=1,b=2,c=3");
}

TEST(PeerHostTest, LeavesOutThePort) {
  EXPECT_EQ(PeerHost("ipv4:10.0.0.7:4711"), "ipv4:10.0.0.7");
  EXPECT_EQ(PeerHost("ipv6:[::1]:4711"), "ipv6:[::1]");
  EXPECT_EQ(PeerHost("unix:"), "unix:");
}

TEST(RequestIdIfValidTest, IsTheOneValidUuidThatTheCallHas) {
  constexpr char kId[] = "7d444840-9dc0-11d1-b245-5ffdce74fad2";
  constexpr char kOther[] = "6925ebd4-125d-4338-a736-99f4b5bcb3d7";
  const CallMetadata none, same{.request_ids = 1, .request_id = kId}, other{.request_ids = 1, .request_id = kOther},
      twice{.request_ids = 2, .request_id = kId}, bad{.request_ids = 1, .request_id = "x"};
  EXPECT_EQ(RequestIdIfValid(kId, none), kId);
  EXPECT_EQ(RequestIdIfValid("7D444840-9DC0-11D1-B245-5FFDCE74FAD2", none), kId);
  EXPECT_EQ(RequestIdIfValid("", same), kId);
  EXPECT_EQ(RequestIdIfValid(kId, same), kId);
  EXPECT_EQ(RequestIdIfValid("", none), "");
  EXPECT_EQ(RequestIdIfValid("x", none), "");
  EXPECT_EQ(RequestIdIfValid(kId, other), "");
  EXPECT_EQ(RequestIdIfValid("", twice), "");
  EXPECT_EQ(RequestIdIfValid("", bad), "");
}

}  // namespace
}  // namespace interaction::rpc
