#include "server/tls/stream.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/tls/client_context.h"
#include "server/tls/session_cache.h"
#include "tests/support/certificates.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/require.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_dir.h"

namespace interaction::tls {
namespace {

using interaction::testing::Always;
using interaction::testing::CertificateAuthority;
using interaction::testing::CertificateFor;
using interaction::testing::CertificateOptions;
using interaction::testing::Close;
using interaction::testing::ConnectLoopback;
using interaction::testing::Cut;
using interaction::testing::ExpiredCertificate;
using interaction::testing::Fd;
using interaction::testing::KeyPairFiles;
using interaction::testing::RawUpstream;
using interaction::testing::RespondJson;
using interaction::testing::SelfSigned;
using interaction::testing::Send;
using interaction::testing::TempDir;
using interaction::testing::TlsOptions;
using interaction::testing::ValidCertificate;
using Result = Stream::Result;
using Kind = HandshakeFailure::Kind;

constexpr char kRequest[] = "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx";

// A stream to a server of this machine, and the waiting that its owner would do.
class Peer {
 public:
  Peer(const RawUpstream& server, const ClientContext& context, const std::string& host, SessionCache* sessions)
      : socket_(ConnectLoopback(server.port())) {
    fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
    stream_ = Stream::Connect(context, socket_.get(), host, sessions);
    interaction::testing::Require(stream_ != nullptr, "Stream::Connect");
    handshake_ = WaitFor([&] { return stream_->Handshake(); });
  }

  Result handshake() const { return handshake_; }
  Stream& stream() { return *stream_; }

  // Sends a request and reads until the end of the connection.
  Result Exchange(std::string* answer) {
    size_t count = 0;
    const Result written = WaitFor([&] { return stream_->Write(kRequest, &count); });
    if (written != Result::kDone) return written;
    return ReadOn(answer);
  }

  Result ReadOn(std::string* answer) {
    char buffer[4096];
    size_t count = 0;
    Result result;
    while ((result = WaitFor([&] { return stream_->Read(buffer, sizeof buffer, &count); })) == Result::kDone) {
      answer->append(buffer, count);
    }
    return result;
  }

  template <typename Step>
  Result WaitFor(Step step) {
    for (;;) {
      const Result result = step();
      if (result != Result::kWantsRead && result != Result::kWantsWrite) return result;
      pollfd fd = {socket_.get(), static_cast<short>(result == Result::kWantsRead ? POLLIN : POLLOUT), 0};
      interaction::testing::Require(poll(&fd, 1, 10'000) == 1, "the server went on within 10 s");
    }
  }

 private:
  const Fd socket_;
  std::unique_ptr<Stream> stream_;
  Result handshake_;
};

class StreamTest : public ::testing::Test {
 protected:
  TempDir dir_;
  CertificateAuthority authority_{&dir_};
  const KeyPairFiles identity_ = authority_.Issue("server");
  const std::shared_ptr<const ClientContext> context_ =
      *ClientContext::Create({.ca = authority_.ca_file()}, absl::Now());
  SessionCache sessions_;
};

TEST_F(StreamTest, CarriesBytesBothWaysAndTellsTheEnd) {
  RawUpstream server(Always({Send("hello"), Close()}), {.tls = TlsOptions{.identity = identity_}});
  Peer peer(server, *context_, "localhost", &sessions_);
  ASSERT_EQ(peer.handshake(), Result::kDone);
  std::string answer;
  EXPECT_EQ(peer.Exchange(&answer), Result::kClosed);
  EXPECT_EQ(answer, "hello");
}

TEST_F(StreamTest, TakesAnEndWithoutCloseNotifyForAnEnd) {
  RawUpstream server(Always({Send("hel"), Cut()}), {.tls = TlsOptions{.identity = identity_}});
  Peer peer(server, *context_, "localhost", &sessions_);
  ASSERT_EQ(peer.handshake(), Result::kDone);
  std::string answer;
  EXPECT_EQ(peer.Exchange(&answer), Result::kClosed);
  EXPECT_EQ(answer, "hel");
}

TEST_F(StreamTest, SeesInputWithoutTakingIt) {
  RawUpstream server(Always({Send("hello"), Close()}), {.tls = TlsOptions{.identity = identity_}});
  Peer peer(server, *context_, "localhost", &sessions_);
  ASSERT_EQ(peer.handshake(), Result::kDone);
  EXPECT_EQ(peer.stream().LookForInput(), Result::kWantsRead) << "a session ticket is no input";
  size_t count = 0;
  ASSERT_EQ(peer.stream().Write(kRequest, &count), Result::kDone);
  EXPECT_EQ(peer.WaitFor([&] { return peer.stream().LookForInput(); }), Result::kDone);
  std::string answer;
  EXPECT_EQ(peer.ReadOn(&answer), Result::kClosed);
  EXPECT_EQ(answer, "hello");
}

TEST_F(StreamTest, CountsWhatTheSocketHasTaken) {
  RawUpstream server(Always({Close()}), {.tls = TlsOptions{.identity = identity_}});
  Peer peer(server, *context_, "localhost", &sessions_);
  const uint64_t before = peer.stream().bytes_written();
  size_t count = 0;
  ASSERT_EQ(peer.stream().Write(kRequest, &count), Result::kDone);
  EXPECT_EQ(count, sizeof kRequest - 1);
  EXPECT_GT(peer.stream().bytes_written(), before + count);
}

struct Host {
  const char* name;
  const char* host;
  CertificateOptions certificate;
  bool trusted;
};

class StreamHostTest : public StreamTest, public ::testing::WithParamInterface<Host> {};

TEST_P(StreamHostTest, IsTheOneOfTheCertificate) {
  const KeyPairFiles identity = authority_.Issue("host", GetParam().certificate);
  RawUpstream server(Always({Close()}), {.tls = TlsOptions{.identity = identity}});
  Peer peer(server, *context_, GetParam().host, &sessions_);
  EXPECT_EQ(peer.handshake(), GetParam().trusted ? Result::kDone : Result::kFailed);
  if (!GetParam().trusted) {
    EXPECT_EQ(peer.stream().failure().kind, Kind::kNotTrusted);
    EXPECT_THAT(peer.stream().failure().what, ::testing::HasSubstr("mismatch"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Hosts, StreamHostTest,
    ::testing::Values(Host{"Name", "localhost", ValidCertificate(), true},
                      Host{"NameWithADotAtItsEnd", "localhost.", ValidCertificate(), true},
                      Host{"Ipv4", "127.0.0.1", ValidCertificate(), true},
                      Host{"Ipv6", "::1", ValidCertificate(), true},
                      Host{"OtherName", "localhost", CertificateFor("other.test"), false},
                      Host{"OtherAddress", "127.0.0.2", ValidCertificate(), false},
                      Host{"Wildcard", "api.example.test", CertificateFor("*.example.test"), true},
                      Host{"PartialWildcard", "api.example.test", CertificateFor("a*.example.test"), false},
                      Host{"WildcardForTwoLabels", "a.b.example.test", CertificateFor("*.example.test"), false}),
    [](const auto& row) { return row.param.name; });

TEST_F(StreamTest, SaysWhyACertificateIsNotTrusted) {
  RawUpstream expired(Always({}), {.tls = TlsOptions{.identity = authority_.Issue("old", ExpiredCertificate())}});
  Peer to_expired(expired, *context_, "localhost", &sessions_);
  EXPECT_EQ(to_expired.handshake(), Result::kFailed);
  EXPECT_EQ(to_expired.stream().failure().kind, Kind::kNotTrusted);
  EXPECT_EQ(to_expired.stream().failure().what, "certificate has expired");

  RawUpstream unknown(Always({}), {.tls = TlsOptions{.identity = SelfSigned(dir_, "self")}});
  Peer to_unknown(unknown, *context_, "localhost", &sessions_);
  EXPECT_EQ(to_unknown.handshake(), Result::kFailed);
  EXPECT_EQ(to_unknown.stream().failure().kind, Kind::kNotTrusted);
  EXPECT_EQ(to_unknown.stream().failure().what, "self-signed certificate");
}

TEST_F(StreamTest, IsRefusedByAServerThatSpeaksNoTls) {
  RawUpstream server(Always({}), {.on_connect = [](int) { return interaction::testing::Script{Send("hello there")}; }});
  Peer peer(server, *context_, "localhost", &sessions_);
  EXPECT_EQ(peer.handshake(), Result::kFailed);
  EXPECT_EQ(peer.stream().failure().kind, Kind::kRefused);
}

TEST_F(StreamTest, IsRefusedByAServerOfAnAncientVersion) {
  RawUpstream server(Always({}), {.tls = TlsOptions{.identity = identity_, .only_tls_1_0 = true}});
  Peer peer(server, *context_, "localhost", &sessions_);
  EXPECT_EQ(peer.handshake(), Result::kFailed);
  EXPECT_EQ(peer.stream().failure().kind, Kind::kRefused);
}

TEST_F(StreamTest, TellsAConnectionThatEndsInTheHandshakeFromARefusal) {
  for (const auto& end : {Close(), interaction::testing::Reset()}) {
    RawUpstream server(Always({}), {.on_connect = [&](int) { return interaction::testing::Script{end}; }});
    Peer peer(server, *context_, "localhost", &sessions_);
    EXPECT_EQ(peer.handshake(), Result::kFailed);
    EXPECT_EQ(peer.stream().failure().kind, Kind::kBroken);
  }
}

class StreamVersionTest : public StreamTest, public ::testing::WithParamInterface<bool> {};

TEST_P(StreamVersionTest, ResumesTheSessionOfAnEarlierConnection) {
  RawUpstream server(Always({RespondJson(200, "{}"), Close()}),
                     {.tls = TlsOptions{.identity = identity_, .at_most_tls_1_2 = GetParam()}});
  for (int connection = 0; connection < 3; ++connection) {
    Peer peer(server, *context_, "localhost", &sessions_);
    ASSERT_EQ(peer.handshake(), Result::kDone);
    std::string answer;
    ASSERT_EQ(peer.Exchange(&answer), Result::kClosed);
    EXPECT_EQ(peer.stream().resumed(), connection > 0) << "connection " << connection;
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, StreamVersionTest, ::testing::Bool(),
                         [](const auto& row) { return row.param ? "Tls12" : "Tls13"; });

TEST_F(StreamTest, ShowsItsCertificate) {
  const KeyPairFiles client = authority_.Issue("client");
  const auto context = *ClientContext::Create(
      {.ca = authority_.ca_file(), .certificate = client.certificate, .key = client.key}, absl::Now());
  RawUpstream server(Always({Send("hello"), Close()}),
                     {.tls = TlsOptions{.identity = identity_, .client_ca_file = authority_.ca_file()}});
  Peer with(server, *context, "localhost", &sessions_);
  std::string answer;
  EXPECT_EQ(with.Exchange(&answer), Result::kClosed);
  EXPECT_EQ(answer, "hello");

  SessionCache none;  // a session would speak for the certificate
  Peer without(server, *context_, "localhost", &none);
  answer.clear();
  EXPECT_EQ(without.handshake(), Result::kDone) << "in TLS 1.3 a client learns it when it reads";
  EXPECT_NE(without.Exchange(&answer), Result::kDone);
  EXPECT_EQ(answer, "");
}

}  // namespace
}  // namespace interaction::tls
