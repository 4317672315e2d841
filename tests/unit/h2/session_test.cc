#include "server/h2/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/matchers.h"
#include "tests/unit/h2/client_peer.h"

namespace interaction::h2 {
namespace {

using ::interaction::testing::IsOk;
using ::interaction::testing::StatusIs;
using ::testing::_;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kEnd[] = "complete";

// Notes what it is told, in words.
class Recorder final : public SessionHandler {
 public:
  void OnRequest(StreamId stream, const RequestHead& head) override {
    Note(absl::StrCat("request ", stream, " ", head.path));
    metadata.clear();
    for (const MetadataEntry& entry : head.metadata) metadata.emplace_back(entry.key, entry.value);
    timeout = head.timeout;
  }
  void OnMessage(StreamId stream, std::string message) override {
    Note(
        absl::StrCat("message ", stream, " ", message.size() > 100 ? absl::StrCat(message.size(), " bytes") : message));
  }
  void OnHalfClosed(StreamId stream) override { Note(absl::StrCat("half closed ", stream)); }
  void OnRefused(StreamId stream, const RequestHead&, const Refusal& why) override {
    Note(absl::StrCat("refused ", stream));
    refusal = why;
    if (session) session->Finish(stream, std::nullopt, {.code = 3, .message = refusal.message});
  }
  void OnDrained(StreamId stream) override { Note(absl::StrCat("drained ", stream)); }
  void OnClosed(StreamId stream, StreamEnd end) override {
    const char* const ends[] = {kEnd, "reset", "connection"};
    Note(absl::StrCat("closed ", stream, " ", ends[static_cast<int>(end)]));
  }

  std::vector<std::string> Take() { return std::exchange(notes, {}); }

  std::vector<std::string> notes;
  Headers metadata;
  std::optional<absl::Duration> timeout;
  Refusal refusal;
  Session* session = nullptr;

 private:
  void Note(std::string note) { notes.push_back(std::move(note)); }
};

class SessionTest : public ::testing::Test {
 protected:
  explicit SessionTest(const SessionOptions& options = {}) { Start(options); }

  void Start(const SessionOptions& options) {
    session_ = Session::Create(options, &recorder_);
    recorder_.session = session_.get();
  }

  // Passes bytes back and forth until neither side has any.
  absl::Status Exchange() {
    while (true) {
      const std::string up = client_->NextBytes();
      if (!up.empty()) {
        if (absl::Status status = session_->Receive(up); !status.ok()) {
          Deliver();
          return status;
        }
      }
      if (!Deliver() && up.empty()) return absl::OkStatus();
    }
  }

  bool Deliver() {
    std::string down;
    session_->NextBytes(&down, 1 << 20);
    client_->Receive(down);
    return !down.empty();
  }

  StreamId Call(const Headers& more = {}, std::string message = "hello") {
    const StreamId id = client_->Request(RequestHeaders(more), Framed(message));
    EXPECT_THAT(Exchange(), IsOk());
    return id;
  }

  Recorder recorder_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<ClientPeer> client_ = std::make_unique<ClientPeer>();
};

TEST_F(SessionTest, AUnaryCallIsARequestAMessageAndAnAnswerOfHeadersDataAndTrailers) {
  const StreamId id = Call();
  EXPECT_THAT(recorder_.Take(), ElementsAre("request 1 /a.B/C", "message 1 hello", "half closed 1"));
  session_->Finish(id, "reply", {});
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_THAT(recorder_.Take(), ElementsAre("closed 1 complete"));
  const ClientPeer::Answer& answer = client_->answer(id);
  EXPECT_THAT(answer.headers, ElementsAre(Pair(":status", "200"), Pair("content-type", "application/grpc")));
  EXPECT_EQ(answer.data, Framed("reply"));
  EXPECT_THAT(answer.trailers, ElementsAre(Pair("grpc-status", "0")));
  EXPECT_TRUE(answer.ended);
  EXPECT_FALSE(answer.was_reset);
}

TEST_F(SessionTest, BytesMayArriveOneByOne) {
  client_->Request(RequestHeaders({{"k", "v"}}), Framed("hello"));
  const std::string bytes = client_->NextBytes();
  for (const char byte : bytes) ASSERT_THAT(session_->Receive({&byte, 1}), IsOk());
  EXPECT_THAT(recorder_.Take(), ElementsAre("request 1 /a.B/C", "message 1 hello", "half closed 1"));
  EXPECT_THAT(recorder_.metadata, ElementsAre(Pair("k", "v")));
}

TEST_F(SessionTest, AnErrorWithoutMessageIsTrailersOnly) {
  const StreamId id = Call();
  const MetadataEntry more[] = {{"grpc-retry-pushback-ms", "-1"}, {"x-bin", "\1\2"}};
  session_->Finish(id, std::nullopt, {.code = 2, .message = "50 % of \xC3\xAB", .details = "d", .metadata = more});
  EXPECT_THAT(Exchange(), IsOk());
  const ClientPeer::Answer& answer = client_->answer(id);
  EXPECT_THAT(answer.headers, Contains(Pair(":status", "200")));
  EXPECT_THAT(answer.headers, Contains(Pair("grpc-status", "2")));
  EXPECT_THAT(answer.headers, Contains(Pair("grpc-message", "50 %25 of %C3%AB")));
  EXPECT_THAT(answer.headers, Contains(Pair("grpc-status-details-bin", "ZA")));
  EXPECT_THAT(answer.headers, Contains(Pair("grpc-retry-pushback-ms", "-1")));
  EXPECT_THAT(answer.headers, Contains(Pair("x-bin", "AQI")));
  EXPECT_THAT(answer.trailers, IsEmpty());
  EXPECT_TRUE(answer.ended);
}

TEST_F(SessionTest, MetadataComesInOrderWithBinaryValuesDecoded) {
  Call({{"b", "2"}, {"grpc-timeout", "250m"}, {"a-bin", "AQI=,AQ"}, {"b", "1"}, {"grpc-previous-rpc-attempts", "1"}});
  EXPECT_THAT(recorder_.metadata, ElementsAre(Pair("b", "2"), Pair("a-bin", "\1\2"), Pair("a-bin", "\1"),
                                              Pair("b", "1"), Pair("grpc-previous-rpc-attempts", "1")));
  EXPECT_EQ(recorder_.timeout, absl::Milliseconds(250));
}

TEST_F(SessionTest, SeveralMessagesOfAStreamComeOneByOne) {
  client_->Request(RequestHeaders(), Framed("one") + Framed("") + Framed("two"), /*end=*/false);
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_THAT(recorder_.Take(), ElementsAre("request 1 /a.B/C", "message 1 one", "message 1 ", "message 1 two"));
}

TEST_F(SessionTest, MessagesOfAStreamAreSentAsTheyAreWritten) {
  const StreamId id = Call();
  recorder_.Take();
  session_->WriteMessage(id, "one");
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_EQ(client_->answer(id).data, Framed("one"));
  EXPECT_THAT(recorder_.Take(), ElementsAre("drained 1"));
  session_->WriteMessage(id, "two");
  session_->Finish(id, std::nullopt, {.code = 14, .message = "bye"});
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_EQ(client_->answer(id).data, Framed("one") + Framed("two"));
  EXPECT_THAT(client_->answer(id).trailers, Contains(Pair("grpc-status", "14")));
}

TEST_F(SessionTest, AnAnswerBeforeTheEndOfTheRequestStopsTheClient) {
  const StreamId id = client_->Request(RequestHeaders(), Framed("x").substr(0, 5), /*end=*/false);
  EXPECT_THAT(Exchange(), IsOk());
  session_->Finish(id, std::nullopt, {.code = 8});
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_THAT(client_->answer(id).headers, Contains(Pair("grpc-status", "8")));
  EXPECT_TRUE(client_->answer(id).was_reset);
  EXPECT_EQ(client_->answer(id).reset, NGHTTP2_NO_ERROR);
  EXPECT_THAT(recorder_.notes, Contains("closed 1 complete"));
}

TEST_F(SessionTest, AStreamThatTheClientResetsIsClosed) {
  const StreamId id = Call();
  nghttp2_submit_rst_stream(client_->session(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_THAT(recorder_.notes, Contains("closed 1 reset"));
  session_->Finish(id, "too late", {});
  EXPECT_EQ(session_->open_streams(), 0u);
}

TEST_F(SessionTest, ResetCancelsTheStreamAtTheClient) {
  const StreamId id = Call();
  session_->Reset(id);
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_EQ(client_->answer(id).reset, NGHTTP2_CANCEL);
  EXPECT_THAT(recorder_.notes, Contains("closed 1 reset"));
}

TEST_F(SessionTest, TheEndOfTheConnectionClosesEveryStream) {
  Call();
  Call();
  recorder_.Take();
  session_->CloseAll();
  EXPECT_THAT(recorder_.Take(), ::testing::UnorderedElementsAre("closed 1 connection", "closed 3 connection"));
}

// --- requests that are not accepted ---------------------------------------------------------------------------------

struct RefusalCase {
  const char* name;
  Headers headers;
  std::string body;
  Refusal::Kind kind;
  const char* message;
};

std::string Gzip(absl::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

const Headers kGzip = {{"grpc-encoding", "gzip"}};

class RefusedRequestTest : public SessionTest, public ::testing::WithParamInterface<RefusalCase> {
 protected:
  RefusedRequestTest() : SessionTest({.max_message_bytes = 1000, .max_header_list_bytes = 2000, .max_headers = 20}) {}
};

TEST_P(RefusedRequestTest, IsAnsweredByTheHandlerAndTheConnectionGoesOn) {
  const RefusalCase& refused = GetParam();
  const StreamId id = client_->Request(RequestHeaders(refused.headers), refused.body);
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_THAT(recorder_.notes, Contains("refused 1"));
  EXPECT_EQ(recorder_.refusal.kind, refused.kind);
  EXPECT_THAT(recorder_.refusal.message, HasSubstr(refused.message));
  EXPECT_THAT(client_->answer(id).headers, Contains(Pair("grpc-status", "3")));
  EXPECT_THAT(recorder_.Take(), Contains("closed 1 complete"));
  Call();
  EXPECT_THAT(recorder_.Take(), Contains("message 3 hello"));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedRequestTest,
    ::testing::Values(
        RefusalCase{"Timeout", {{"grpc-timeout", "5x"}}, Framed("m"), Refusal::Kind::kMalformedHeader, "grpc-timeout"},
        RefusalCase{"Binary", {{"k-bin", "!"}}, Framed("m"), Refusal::Kind::kMalformedHeader, "k-bin"},
        RefusalCase{"Encoding", {{"grpc-encoding", "br"}}, Framed("m"), Refusal::Kind::kUnknownEncoding, "gzip"},
        RefusalCase{
            "HeaderBytes", {{"k", std::string(2000, 'x')}}, Framed("m"), Refusal::Kind::kHeadersTooLarge, "2000 bytes"},
        RefusalCase{"HeaderCount", Headers(30, {"k", "v"}), Framed("m"), Refusal::Kind::kHeadersTooLarge, "20 headers"},
        RefusalCase{
            "AnnouncedSize", {}, Framed(std::string(1001, 'x')), Refusal::Kind::kMessageTooLarge, "at most 1000 bytes"},
        RefusalCase{"DecompressedSize", kGzip, Framed(Gzip(std::string(1 << 20, 'x')).substr(0, 999), true),
                    Refusal::Kind::kMessageTooLarge, "decompressed"},
        RefusalCase{"Flag", {}, std::string("\2\0\0\0\0", 5), Refusal::Kind::kMalformedMessage, "flag"},
        RefusalCase{"CompressedWithoutEncoding", {}, Framed("m", true), Refusal::Kind::kMalformedMessage, "encoding"},
        RefusalCase{"NotGzip", kGzip, Framed("m", true), Refusal::Kind::kMalformedMessage, "gzip"},
        RefusalCase{"HalfAGzip", kGzip, Framed(Gzip("hello").substr(0, 12), true), Refusal::Kind::kMalformedMessage,
                    "incomplete"},
        RefusalCase{"HalfAMessage", {}, Framed("m").substr(0, 5), Refusal::Kind::kMalformedMessage, "within"}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST_F(SessionTest, ACompressedMessageIsDecompressed) {
  client_->Request(RequestHeaders(kGzip), Framed(Gzip("hello"), true) + Framed("plain") + Framed(Gzip("again"), true));
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_THAT(recorder_.Take(),
              ElementsAre(_, "message 1 hello", "message 1 plain", "message 1 again", "half closed 1"));
}

TEST_F(SessionTest, ARequestThatIsNotGrpcGetsAnHttpStatus) {
  const StreamId get = client_->Request(
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}, {"content-type", "text/plain"}});
  const StreamId html = client_->Request(
      {{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}, {"content-type", "text/html"}});
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_THAT(client_->answer(get).headers, ElementsAre(Pair(":status", "405"), Pair("allow", "POST")));
  EXPECT_THAT(client_->answer(html).headers, Contains(Pair(":status", "415")));
  EXPECT_THAT(recorder_.Take(), IsEmpty());
  EXPECT_EQ(session_->open_streams(), 0u);
}

// --- flow control ---------------------------------------------------------------------------------------------------

TEST_F(SessionTest, AClientWithoutWindowGetsItsAnswerOnceItHasOne) {
  client_ = std::make_unique<ClientPeer>(/*initial_window=*/0);
  const StreamId id = Call();
  session_->Finish(id, "reply", {});
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_EQ(session_->unsent_bytes(id), Framed("reply").size());
  EXPECT_EQ(client_->answer(id).data, "");
  nghttp2_submit_window_update(client_->session(), NGHTTP2_FLAG_NONE, id, 100);
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_EQ(client_->answer(id).data, Framed("reply"));
  EXPECT_TRUE(client_->answer(id).ended);
}

TEST_F(SessionTest, AStreamThatIsNotReadGetsNoNewWindow) {
  Start({.stream_window = 65535, .connection_window = 1 << 20});
  const StreamId id = client_->Request(RequestHeaders(), Framed("begin"), /*end=*/false);
  EXPECT_THAT(Exchange(), IsOk());
  session_->SetReading(id, false);
  client_->Send(id, Framed(std::string(60000, 'x')), /*end=*/false);
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_EQ(client_->window_updates(id), 0);
  session_->SetReading(id, true);
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_EQ(client_->window_updates(id), 1);
}

TEST_F(SessionTest, WhatARefusedRequestStillSendsIsReadAndDropped) {
  Start({.max_message_bytes = 1000});
  client_->Request(RequestHeaders(), Framed(std::string(1 << 20, 'x')), /*end=*/false);
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_THAT(recorder_.Take(), ElementsAre("request 1 /a.B/C", "refused 1", "closed 1 complete"));
  Call();
  EXPECT_THAT(recorder_.Take(), Contains("message 3 hello"));
}

// --- floods ---------------------------------------------------------------------------------------------------------

TEST_F(SessionTest, AFloodOfPingsEndsTheConnection) {
  EXPECT_THAT(Exchange(), IsOk());
  absl::Status status;
  for (int i = 0; i < 20000 && status.ok(); ++i) {
    nghttp2_submit_ping(client_->session(), NGHTTP2_FLAG_NONE, nullptr);
    status = Exchange();
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("ENHANCE_YOUR_CALM")));
  EXPECT_EQ(client_->goaway_error(), NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(SessionTest, AFloodOfResetsEndsTheConnection) {
  absl::Status status;
  for (int i = 0; i < 2000 && status.ok(); ++i) {
    const StreamId id = client_->Request(RequestHeaders(), Framed("m"), /*end=*/false);
    status = Exchange();
    nghttp2_submit_rst_stream(client_->session(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    if (status.ok()) status = Exchange();
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("reset")));
}

TEST_F(SessionTest, CallsThatEndByThemselvesWithPingsAndWindowUpdatesAreNoFlood) {
  for (int i = 0; i < 5000; ++i) {
    const StreamId id = Call();
    session_->Finish(id, "reply", {});
    nghttp2_submit_ping(client_->session(), NGHTTP2_FLAG_NONE, nullptr);
    nghttp2_submit_window_update(client_->session(), NGHTTP2_FLAG_NONE, 0, 8);
    ASSERT_THAT(Exchange(), IsOk());
  }
}

TEST_F(SessionTest, CallsThatAreCancelledAfterSecondsAreNoFlood) {
  for (int i = 0; i < 3000; ++i) {
    const StreamId id = Call();
    session_->Tick();
    session_->Tick();
    nghttp2_submit_rst_stream(client_->session(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    ASSERT_THAT(Exchange(), IsOk());
  }
}

// A HEADERS frame that does not end, and CONTINUATION frames after it.
TEST_F(SessionTest, EndlessHeadersEndTheConnectionInBoundedMemory) {
  std::string bytes = client_->NextBytes();
  const auto frame = [](int type, int flags, const std::string& payload) {
    std::string head = {static_cast<char>(payload.size() >> 16),
                        static_cast<char>(payload.size() >> 8),
                        static_cast<char>(payload.size()),
                        static_cast<char>(type),
                        static_cast<char>(flags),
                        0,
                        0,
                        0,
                        1};
    return head + payload;
  };
  // Literal headers without indexing: "\0\1a\x7f..." with a value of 100 bytes.
  std::string block;
  for (int i = 0; i < 10; ++i) block += std::string("\0\1a\x64", 4) + std::string(100, 'v');
  bytes += frame(NGHTTP2_HEADERS, 0, block);
  absl::Status status = session_->Receive(bytes);
  int frames = 0;
  for (; frames < 100000 && status.ok(); ++frames) status = session_->Receive(frame(NGHTTP2_CONTINUATION, 0, block));
  EXPECT_FALSE(status.ok());
  EXPECT_LT(frames, 200);
}

// One byte of a frame can be a header: a whole block of them costs more to look at than to send.
TEST_F(SessionTest, HeadersOfOneByteEachEndTheConnectionSoon) {
  for (const char header : {'\x90', '\0'}) {  // accept-encoding, from the static table; three zeros: one without a name
    Recorder recorder;
    const auto session = Session::Create({}, &recorder);
    recorder.session = session.get();
    const std::string head = {0, 0x40, 0, NGHTTP2_HEADERS, 0, 0, 0, 0, 1};
    std::string bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    bytes += std::string("\0\0\0\4\0\0\0\0\0", 9) + head + std::string(0x4000, header);
    const absl::Status status = session->Receive(bytes);
    EXPECT_THAT(std::string(status.message()), HasSubstr("headers without end"));
  }
}

TEST_F(SessionTest, StreamsBeyondTheLimitAreRefusedBeforeTheClientKnowsIt) {
  Start({.max_concurrent_streams = 2});
  for (int i = 0; i < 3; ++i) client_->Request(RequestHeaders(), Framed("m"), /*end=*/false);
  EXPECT_THAT(session_->Receive(client_->NextBytes()), IsOk());
  Deliver();
  EXPECT_EQ(session_->open_streams(), 2u);
  EXPECT_EQ(client_->answer(5).reset, NGHTTP2_REFUSED_STREAM);
}

// --- the connection -------------------------------------------------------------------------------------------------

TEST_F(SessionTest, AGracefulEndTakesTwoSteps) {
  Call();
  session_->BeginGoaway();
  EXPECT_FALSE(session_->goaway_acknowledged());
  const StreamId late = client_->Request(RequestHeaders(), Framed("late"));  // already on its way
  const std::string on_its_way = client_->NextBytes();
  Deliver();
  EXPECT_THAT(client_->goaways(), ElementsAre((1u << 31) - 1));
  EXPECT_THAT(session_->Receive(on_its_way), IsOk());
  EXPECT_THAT(recorder_.notes, Contains(absl::StrCat("message ", late, " late")));
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_TRUE(session_->goaway_acknowledged());
  session_->FinishGoaway();
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_THAT(client_->goaways(), ElementsAre((1u << 31) - 1, late));
}

TEST_F(SessionTest, APingIsAcknowledged) {
  EXPECT_THAT(Exchange(), IsOk());
  session_->Ping();
  EXPECT_FALSE(session_->ping_acknowledged());
  EXPECT_THAT(Exchange(), IsOk());
  EXPECT_TRUE(session_->ping_acknowledged());
}

TEST_F(SessionTest, AClientOfAnotherProtocolIsToldWhatThisPortSpeaks) {
  std::string answer;
  session_->NextBytes(&answer, 1 << 20);
  EXPECT_EQ(answer, "") << "a SETTINGS frame would be the first that the client sees";
  EXPECT_THAT(session_->Receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("HTTP/1")));
  EXPECT_TRUE(session_->HasBytes());
  session_->NextBytes(&answer, 1 << 20);
  EXPECT_THAT(answer, ::testing::StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(answer, HasSubstr("gRPC over HTTP/2"));

  Start({});
  EXPECT_THAT(session_->Receive("\x16\x03\x01\x02"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("TLS")));
}

TEST_F(SessionTest, BrokenFramesEndTheConnection) {
  EXPECT_THAT(session_->Receive(client_->NextBytes()), IsOk());
  const std::string settings_on_a_stream = {0, 0, 0, 4, 0, 0, 0, 0, 1};
  EXPECT_THAT(session_->Receive(settings_on_a_stream), IsOk());
  Deliver();
  EXPECT_TRUE(session_->ended());
  EXPECT_EQ(client_->goaway_error(), NGHTTP2_PROTOCOL_ERROR);
}

}  // namespace
}  // namespace interaction::h2
