#include "server/upstream/text.h"

#include <iconv.h>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace interaction::upstream {
namespace {

bool ConvertUtf16(absl::string_view body, std::string* out) {
  const iconv_t converter = iconv_open("UTF-8", "UTF-16");  // reads the byte order mark
  if (converter == reinterpret_cast<iconv_t>(-1)) return false;
  out->resize(body.size() * 2);  // two bytes become three at most
  char* in_at = const_cast<char*>(body.data());
  size_t in_left = body.size();
  char* out_at = out->data();
  size_t out_left = out->size();
  const bool ok = iconv(converter, &in_at, &in_left, &out_at, &out_left) != static_cast<size_t>(-1);
  iconv_close(converter);
  out->resize(out->size() - out_left);
  return ok && in_left == 0;
}

}  // namespace

absl::StatusOr<absl::string_view> ToUtf8(absl::string_view body, std::string* storage) {
  if (absl::StartsWith(body, "\xff\xfe") || absl::StartsWith(body, "\xfe\xff")) {
    if (!ConvertUtf16(body, storage)) return absl::InvalidArgumentError("not UTF-16");
    return absl::string_view(*storage);
  }
  absl::ConsumePrefix(&body, "\xef\xbb\xbf");
  return body;
}

}  // namespace interaction::upstream
