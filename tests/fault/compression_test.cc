// Messages that unpack to far more than they weigh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "tests/integration/answer_matchers.h"
#include "tests/integration/gateway.h"
#include "tests/integration/server_process.h"
#include "tests/integration/vendor_replies.h"
#include "tests/support/process_stats.h"
#include "tests/support/raw_h2.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

using ::testing::Lt;

constexpr int64_t kMiB = 1 << 20;

// What the server may grow by meanwhile; the messages unpack to 4,000 MiB. AddressSanitizer keeps freed memory for a
// while.
#ifdef __SANITIZE_ADDRESS__
constexpr int64_t kMayGrow = 128 * kMiB;
#else
constexpr int64_t kMayGrow = 32 * kMiB;
#endif

// `size` zeros as a gzip file.
std::string GzipOfZeros(size_t size) {
  const std::string zeros(size, '\0');
  std::string packed(size / 500 + 1000, '\0');
  z_stream stream{};
  Require(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK,
          "deflateInit2");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
  stream.avail_in = static_cast<uInt>(zeros.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  Require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate");
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST(CompressionTest, WhatDecompressesToManyMegabytesIsRefusedInBoundedMemoryWhileOtherCallsGoOn) {
  constexpr size_t kBombs = 100, kCalls = 100;
  const std::string bomb = GrpcMessage(GzipOfZeros(40 * kMiB), 1);
  RawUpstream upstream(Always({RespondJson(200, kOk)}));
  ServerProcess server(SettingsFor(upstream.url(), upstream.url()));
  uint32_t port = 0;
  Require(absl::SimpleAtoi(server.address().substr(server.address().rfind(':') + 1), &port), "the server's port");
  EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds());
  const int64_t before = ReadProcessStats(server.process().pid()).rss_bytes;

  std::atomic<size_t> refused{0};
  std::thread attacker([&] {
    for (size_t i = 0; i < kBombs; ++i) {
      RawH2Client client(static_cast<uint16_t>(port));
      const auto reply = client.Call({.path = "/interaction.v1.InteractionService/CreateVspInteraction",
                                      .body = bomb,
                                      .headers = {{"grpc-encoding", "gzip"}}});
      const bool is_grpc = TransportUnderTest() == config::Transport::kGrpc;
      refused += reply.ok() && reply->Trailer("grpc-status") == (is_grpc ? "12" : "8");
    }
  });
  for (size_t i = 0; i < kCalls; ++i) EXPECT_THAT(server.CreateVsp(TestGateway::ValidVsp()), Succeeds());
  attacker.join();
  EXPECT_EQ(refused, kBombs);
  EXPECT_EQ(upstream.counts().requests, 1 + kCalls);
  EXPECT_THAT(ReadProcessStats(server.process().pid()).peak_rss_bytes - before, Lt(kMayGrow));
}

}  // namespace
}  // namespace interaction::testing
