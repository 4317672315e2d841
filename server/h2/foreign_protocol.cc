#include "server/h2/foreign_protocol.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace interaction::h2 {
namespace {

constexpr absl::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113, section 3.4
constexpr absl::string_view kTlsHandshake = "\x16\x03";

}  // namespace

Preface ReadPreface(absl::string_view first_bytes) {
  if (absl::StartsWith(first_bytes, kHttp2Preface)) return Preface::kHttp2;
  return absl::StartsWith(kHttp2Preface, first_bytes) ? Preface::kIncomplete : Preface::kForeign;
}

std::string AnswerToForeignProtocol(absl::string_view first_bytes) {
  const absl::string_view text = absl::StartsWith(first_bytes, kTlsHandshake)
                                     ? "This port speaks gRPC over HTTP/2 without TLS.\n"
                                     : "This port speaks gRPC over HTTP/2 only. Use a gRPC client, such as grpcurl.\n";
  return absl::StrCat("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ", text.size(),
                      "\r\nConnection: close\r\n\r\n", text);
}

std::string DescribeForeignProtocol(absl::string_view first_bytes) {
  if (absl::StartsWith(first_bytes, kTlsHandshake)) return "the client speaks TLS, but this port does not";
  if (absl::StrContains(first_bytes.substr(0, 256), "HTTP/1")) return "the client speaks HTTP/1, not HTTP/2";
  return "the client does not speak HTTP/2";
}

}  // namespace interaction::h2
