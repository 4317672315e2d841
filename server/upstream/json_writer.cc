#include "server/upstream/json_writer.h"

#include <array>
#include <utility>

#include "absl/strings/match.h"

namespace interaction::upstream {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void AppendEscape(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      return void(out->append("\\\""));
    case '\\':
      return void(out->append("\\\\"));
    case '\b':
      return void(out->append("\\b"));
    case '\f':
      return void(out->append("\\f"));
    case '\n':
      return void(out->append("\\n"));
    case '\r':
      return void(out->append("\\r"));
    case '\t':
      return void(out->append("\\t"));
    default:
      out->append("\\u00");
      out->push_back(kHex[c >> 4]);
      out->push_back(kHex[c & 15]);
  }
}

// U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
bool IsLineSeparator(absl::string_view rest) {
  return absl::StartsWith(rest, "\xe2\x80\xa8") || absl::StartsWith(rest, "\xe2\x80\xa9");
}

bool IsEscaped(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

// Characters that are escaped, or begin one that is. Most are neither: one look tells.
constexpr unsigned char kFirstOfLineSeparator = 0xe2;
constexpr std::array<bool, 256> kNeedsCare = [] {
  std::array<bool, 256> needs_care = {};
  for (int c = 0; c < 256; ++c) needs_care[c] = c < 0x20 || c == '"' || c == '\\' || c == kFirstOfLineSeparator;
  return needs_care;
}();

void AppendString(absl::string_view text, std::string* out) {
  out->push_back('"');
  size_t copied = 0;  // the text before it has been written
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (!kNeedsCare[c]) continue;
    const bool escape = IsEscaped(c);
    if (!escape && !IsLineSeparator(text.substr(i))) continue;
    out->append(text.data() + copied, i - copied);
    if (escape) {
      AppendEscape(c, out);
      copied = i + 1;
    } else {
      out->append(text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029");
      i += 2;
      copied = i + 1;
    }
  }
  out->append(text.data() + copied, text.size() - copied);
  out->push_back('"');
}

}  // namespace

JsonWriter::JsonWriter(size_t expected_size) { out_.reserve(expected_size); }

void JsonWriter::Add(absl::string_view name, absl::string_view value) {
  out_.append(out_.empty() ? "{\"" : ",\"");
  out_.append(name.data(), name.size());
  out_.append("\":");
  AppendString(value, &out_);
}

std::string JsonWriter::Finish() {
  out_.append(out_.empty() ? "{}" : "}");
  return std::move(out_);
}

}  // namespace interaction::upstream
