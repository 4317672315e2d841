#include "server/tls/stream.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
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
using interaction::testing::Hang;
using interaction::testing::KeyPairFiles;
using interaction::testing::RawUpstream;
using interaction::testing::RespondJson;
using interaction::testing::SelfSigned;
using interaction::testing::Send;
using interaction::testing::TempDir;
using interaction::testing::TlsOptions;
using interaction::testing::ValidCertificate;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
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
  int fd() const { return socket_.get(); }
  void EndStream() { stream_.reset(); }

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

// How many bytes were ever written to a TCP socket, as the kernel counts.
int64_t SentBytes(int fd) {
  tcp_info info = {};
  socklen_t size = sizeof info;
  interaction::testing::Require(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0, "TCP_INFO");
  int unsent = 0;
  interaction::testing::Require(ioctl(fd, SIOCOUTQNSD, &unsent) == 0, "SIOCOUTQNSD");
  return static_cast<int64_t>(info.tcpi_bytes_sent) + unsent;
}

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

TEST_F(StreamTest, EncryptsInOneStepForAnotherToSend) {
  RawUpstream server(Always({Send("hello"), Close()}), {.tls = TlsOptions{.identity = identity_}});
  Peer peer(server, *context_, "localhost", &sessions_);
  std::string wire = "before";
  ASSERT_TRUE(peer.stream().Encrypt(kRequest, &wire));
  EXPECT_THAT(wire, AllOf(StartsWith("before"), Not(HasSubstr("Content-Length"))));
  EXPECT_EQ(server.counts().requests, 0u);
  wire.erase(0, strlen("before"));
  ASSERT_EQ(send(peer.fd(), wire.data(), wire.size(), MSG_NOSIGNAL), static_cast<ssize_t>(wire.size()));
  peer.stream().Hold(false);
  std::string answer;
  EXPECT_EQ(peer.ReadOn(&answer), Result::kClosed);
  EXPECT_EQ(answer, "hello");
}

TEST_F(StreamTest, EncryptsMoreThanOneRecord) {
  std::string request = absl::StrCat("POST / HTTP/1.1\r\nContent-Length: ", 100'000, "\r\n\r\n");
  request.append(100'000, 'x');
  RawUpstream server(Always({Send("hello"), Close()}), {.tls = TlsOptions{.identity = identity_}});
  Peer peer(server, *context_, "localhost", &sessions_);
  std::string wire;
  ASSERT_TRUE(peer.stream().Encrypt(request, &wire));
  for (absl::string_view left = wire; !left.empty();) {
    peer.WaitFor([&] {
      const ssize_t sent = send(peer.fd(), left.data(), left.size(), MSG_NOSIGNAL);
      if (sent > 0) left.remove_prefix(static_cast<size_t>(sent));
      return sent > 0 ? Result::kDone : Result::kWantsWrite;
    });
  }
  ASSERT_TRUE(server.WaitForRequests(1));
  EXPECT_EQ(server.requests()[0].body, std::string(100'000, 'x'));
}

TEST_F(StreamTest, DecryptsWhatAnotherHasRead) {
  RawUpstream server(Always({Send("hello"), Close()}), {.tls = TlsOptions{.identity = identity_}});
  Peer peer(server, *context_, "localhost", &sessions_);
  size_t count = 0;
  ASSERT_EQ(peer.WaitFor([&] { return peer.stream().Write(kRequest, &count); }), Result::kDone);
  std::string answer;
  Result result = Result::kWantsRead;
  while (result == Result::kWantsRead || result == Result::kDone) {
    char wire[7];  // less than the head of a record and what follows
    ssize_t received = 0;
    peer.WaitFor([&] {
      received = recv(peer.fd(), wire, sizeof wire, 0);
      return received < 0 ? Result::kWantsRead : Result::kDone;
    });
    ASSERT_GT(received, 0) << "the goodbye comes before the end";
    peer.stream().Feed({wire, static_cast<size_t>(received)});
    char text[64];
    while ((result = peer.stream().Read(text, sizeof text, &count)) == Result::kDone) answer.append(text, count);
  }
  EXPECT_EQ(result, Result::kClosed);
  EXPECT_EQ(answer, "hello");
}

TEST_F(StreamTest, SaysNoGoodbyeBehindWhatWasNotSent) {
  RawUpstream server(Always({Hang()}), {.tls = TlsOptions{.identity = identity_}});
  Peer peer(server, *context_, "localhost", &sessions_);
  const int64_t before = SentBytes(peer.fd());
  std::string wire;
  ASSERT_TRUE(peer.stream().Encrypt(kRequest, &wire));
  peer.EndStream();
  EXPECT_EQ(SentBytes(peer.fd()), before);
}

TEST_F(StreamTest, SaysGoodbyeOnceAllWasSent) {
  RawUpstream server(Always({Hang()}), {.tls = TlsOptions{.identity = identity_}});
  Peer peer(server, *context_, "localhost", &sessions_);
  std::string wire;
  ASSERT_TRUE(peer.stream().Encrypt(kRequest, &wire));
  ASSERT_EQ(send(peer.fd(), wire.data(), wire.size(), MSG_NOSIGNAL), static_cast<ssize_t>(wire.size()));
  peer.stream().Hold(false);
  const int64_t before = SentBytes(peer.fd());
  peer.EndStream();
  EXPECT_GT(SentBytes(peer.fd()), before);
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
