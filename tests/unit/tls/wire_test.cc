#include "server/tls/wire.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/support/require.h"
#include "tests/support/sockets.h"

namespace interaction::tls {
namespace {

using interaction::testing::Fd;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

// A wire to one end of a pair of sockets, and the other end.
class WireTest : public ::testing::Test {
 protected:
  WireTest() {
    int ends[2];
    interaction::testing::Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "a pair of sockets");
    socket_ = Fd(ends[0]);
    peer_ = Fd(ends[1]);
    wire_ = std::make_unique<Wire>(socket_.get());
    bio_.reset(wire_->NewBio());
  }

  int Write(absl::string_view data) { return BIO_write(bio_.get(), data.data(), static_cast<int>(data.size())); }

  std::string Read() {
    char bytes[64];
    const int count = BIO_read(bio_.get(), bytes, sizeof bytes);
    return count <= 0 ? "" : std::string(bytes, static_cast<size_t>(count));
  }

  std::string PeerReads() {
    char bytes[64];
    const ssize_t count = recv(peer_.get(), bytes, sizeof bytes, 0);
    return count <= 0 ? "" : std::string(bytes, static_cast<size_t>(count));
  }

  void PeerWrites(absl::string_view data) { send(peer_.get(), data.data(), data.size(), MSG_NOSIGNAL); }

  Fd socket_;
  Fd peer_;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<BIO, FreeBio> bio_;
};

TEST_F(WireTest, ReadsFromTheSocketAndWritesToIt) {
  EXPECT_EQ(Write("ping"), 4);
  EXPECT_EQ(PeerReads(), "ping");
  PeerWrites("pong");
  EXPECT_EQ(Read(), "pong");
}

TEST_F(WireTest, TellsNothingYetFromTheEnd) {
  EXPECT_EQ(Read(), "");
  EXPECT_TRUE(BIO_should_read(bio_.get()));
  EXPECT_FALSE(BIO_eof(bio_.get()));
  peer_.Reset();
  EXPECT_EQ(Read(), "");
  EXPECT_FALSE(BIO_should_read(bio_.get()));
  EXPECT_TRUE(BIO_eof(bio_.get()));
}

TEST_F(WireTest, ReadsWhatItWasFedBeforeTheSocket) {
  PeerWrites("second");
  wire_->Feed("first");
  EXPECT_TRUE(wire_->has_fed_bytes());
  EXPECT_EQ(Read(), "first");
  EXPECT_FALSE(wire_->has_fed_bytes());
  EXPECT_EQ(Read(), "second");
}

TEST_F(WireTest, KeepsWhatOfItsFoodWasNotAskedFor) {
  wire_->Feed("abc");
  char byte;
  EXPECT_EQ(BIO_read(bio_.get(), &byte, 1), 1);
  EXPECT_TRUE(wire_->has_fed_bytes());
  EXPECT_EQ(Read(), "bc");
}

TEST_F(WireTest, CollectsOutputInPlaceOfWritingIt) {
  std::string output = "before ";
  wire_->CollectIn(&output);
  EXPECT_EQ(Write("ping"), 4);
  EXPECT_EQ(output, "before ping");
  EXPECT_EQ(PeerReads(), "");
  wire_->CollectIn(nullptr);
  EXPECT_EQ(Write("pong"), 4);
  EXPECT_EQ(PeerReads(), "pong");
}

TEST_F(WireTest, LetsOutputWaitAsLongAsOtherBytesAreToGoFirst) {
  wire_->Hold(true);
  EXPECT_EQ(Write("ping"), -1);
  EXPECT_TRUE(BIO_should_write(bio_.get()));
  EXPECT_EQ(PeerReads(), "");
  wire_->Hold(false);
  EXPECT_EQ(Write("ping"), 4);
  EXPECT_EQ(PeerReads(), "ping");
}

TEST_F(WireTest, FailsForGoodWhereNobodyReads) {
  peer_.Reset();
  EXPECT_EQ(Write("ping"), -1);
  EXPECT_FALSE(BIO_should_retry(bio_.get()));
}

}  // namespace
}  // namespace interaction::tls
