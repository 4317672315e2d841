#include "rules/field_checks.h"

#include "absl/strings/str_cat.h"
#include "rules/guid.h"

namespace interaction::rules {
namespace {

// Reads the code point at `*i` of valid UTF-8 and advances `*i`.
char32_t NextCodePoint(absl::string_view utf8, size_t* i) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(utf8[at]); };
  const unsigned char first = byte(*i);
  const int length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t c = length == 1 ? first : first & (0x7f >> length);
  for (int k = 1; k < length && *i + k < utf8.size(); ++k) c = (c << 6) | (byte(*i + k) & 0x3f);
  *i += length;
  return c;
}

// Unicode's White_Space, which is what .NET calls blank. It does not include characters without a width, such as U+200B
// and U+FEFF.
bool IsWhiteSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool IsXml10Character(char32_t c) {
  return c == 0x09 || c == 0x0a || c == 0x0d || (c >= 0x20 && c != 0xfffe && c != 0xffff);
}

bool IsBlank(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (!IsWhiteSpace(NextCodePoint(text, &i))) return false;
  }
  return true;
}

bool FitsXml10(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (!IsXml10Character(NextCodePoint(text, &i))) return false;
  }
  return true;
}

}  // namespace

int CountCodePoints(absl::string_view utf8) {
  int count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

void FieldChecks::Add(absl::string_view field, absl::string_view description) {
  violations_.push_back({std::string(field), std::string(description)});
}

bool FieldChecks::TextIsFine(absl::string_view field, absl::string_view text, int max_length) {
  // A short text needs no count: it has no more code points than bytes.
  if (text.size() > static_cast<size_t>(max_length) && CountCodePoints(text) > max_length) {
    Add(field, absl::StrCat("must have at most ", max_length, " characters"));
    return false;
  }
  if (charset_ == Charset::kXml10 && !FitsXml10(text)) {
    Add(field, "must have no control characters except tab, CR and LF, because XML cannot carry them");
    return false;
  }
  return true;
}

void FieldChecks::Optional(absl::string_view field, absl::string_view text, int max_length) {
  (void)TextIsFine(field, text, max_length);
}

void FieldChecks::Required(absl::string_view field, absl::string_view text, int max_length) {
  if (IsBlank(text)) return Add(field, text.empty() ? "is required" : "must not be blank");
  (void)TextIsFine(field, text, max_length);
}

void FieldChecks::Guid(absl::string_view field, std::string* text) {
  if (text->empty()) return Add(field, "is required: a GUID such as 6925ebd4-125d-4338-a736-99f4b5bcb3d7");
  const auto guid = CanonicalGuid(*text);
  if (!guid.ok()) return Add(field, guid.status().message());
  text->assign(guid->text().data(), guid->text().size());
}

void FieldChecks::Credential(absl::string_view field, absl::string_view text) {
  if (text.empty()) return Add(field, "is required, because the gateway has none configured");
  if (text.size() > kMaxCredential)
    return Add(field, absl::StrCat("must have at most ", kMaxCredential, " characters"));
  for (const char c : text) {
    if (c < 0x21 || c > 0x7e) return Add(field, "must be printable ASCII without blanks");
  }
}

void FieldChecks::RequestId(std::string* text) {
  const auto uuid = CanonicalUuid(*text);
  if (!uuid.ok()) return Add("request_id", uuid.status().message());
  text->assign(uuid->text().data(), uuid->text().size());
}

}  // namespace interaction::rules
