// Feeds an upstream's bytes to the response parser. The first byte decides into what pieces the rest is cut; however it
// is cut, the judgement is the same and the limits hold.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "server/http/response_parser.h"

namespace interaction::http {
namespace {

using State = ResponseParser::State;

constexpr size_t kMaxHeaderBytes = 4096;
constexpr size_t kMaxBodyBytes = 512;

void Require(bool condition) {
  if (!condition) abort();
}

struct Result {
  State state;
  Response response;
};

Result Read(absl::string_view bytes, size_t piece) {
  ResponseParser parser(kMaxHeaderBytes, kMaxBodyBytes);
  State state = State::kMore;
  while (state == State::kMore && !bytes.empty()) {
    state = parser.Feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (state == State::kMore) state = parser.End();
  Require(state != State::kMore);
  if (state == State::kComplete) Require(parser.status() != 0);
  if (state == State::kComplete && parser.headers_complete()) Require(parser.status() < 100 || parser.status() >= 200);
  (void)parser.keep_alive();
  (void)parser.keeps_connection();
  return {state, parser.Take()};
}

}  // namespace
}  // namespace interaction::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using interaction::http::Read;
  using interaction::http::Require;
  if (size == 0) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = Read(bytes, bytes.size() + 1);
  const auto pieces = Read(bytes, size_t{1} + data[0] % 64);
  Require(whole.response.body.size() <= interaction::http::kMaxBodyBytes);
  Require(pieces.response.body.size() <= interaction::http::kMaxBodyBytes);
  using State = interaction::http::State;
  // What is cut off within its headers is judged by the pieces that came.
  if (whole.state == State::kComplete && pieces.state == State::kComplete) {
    Require(whole.response.status == pieces.response.status);
    Require(whole.response.body == pieces.response.body);
  }
  return 0;
}
