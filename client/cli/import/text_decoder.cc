#include "client/cli/import/text_decoder.h"

#include <iconv.h>

#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace interaction::cli::import {

// iconv, which keeps bytes that end in the middle of a character until the next piece.
class TextDecoder::Converter {
 public:
  explicit Converter(const std::string& encoding) : name_(encoding), iconv_(iconv_open("UTF-8", encoding.c_str())) {}
  ~Converter() {
    if (known()) iconv_close(iconv_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  bool known() const { return iconv_ != reinterpret_cast<iconv_t>(-1); }

  absl::Status Convert(absl::string_view bytes, bool last, std::string* out) {
    rest_.append(bytes.data(), bytes.size());
    char* from = rest_.data();
    size_t left = rest_.size();
    while (left > 0) {
      char buffer[16384];
      char* to = buffer;
      size_t room = sizeof(buffer);
      const size_t result = iconv(iconv_, &from, &left, &to, &room);
      const int error = result == static_cast<size_t>(-1) ? errno : 0;
      out->append(buffer, sizeof(buffer) - room);
      if (error == EILSEQ) return NotInEncoding();
      if (error == EINVAL) break;  // the character goes on in the next piece
    }
    rest_.erase(0, rest_.size() - left);
    return last && !rest_.empty() ? NotInEncoding() : absl::OkStatus();
  }

 private:
  absl::Status NotInEncoding() const {
    return absl::InvalidArgumentError(
        absl::StrCat("the input is not valid ", name_, "; give its encoding by --encoding"));
  }

  const std::string name_;
  const iconv_t iconv_;
  std::string rest_;
};

TextDecoder::TextDecoder() = default;
TextDecoder::~TextDecoder() = default;

absl::StatusOr<std::unique_ptr<TextDecoder>> TextDecoder::Create(const std::string& encoding) {
  auto decoder = std::unique_ptr<TextDecoder>(new TextDecoder());
  if (encoding == "auto") return decoder;
  auto converter = std::make_unique<Converter>(encoding);
  if (!converter->known()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--encoding: '", encoding, "' is not known; for example windows-1252 or UTF-16LE"));
  }
  decoder->converter_ = std::move(converter);
  decoder->begun_ = true;
  return decoder;
}

absl::Status TextDecoder::Begin(absl::string_view* bytes) {
  const char* utf16 = absl::StartsWith(*bytes, "\xff\xfe")   ? "UTF-16LE"
                      : absl::StartsWith(*bytes, "\xfe\xff") ? "UTF-16BE"
                                                             : nullptr;
  begun_ = true;
  has_mark_ = utf16 != nullptr || absl::StartsWith(*bytes, "\xef\xbb\xbf");
  if (utf16 != nullptr) {
    converter_ = std::make_unique<Converter>(utf16);
    bytes->remove_prefix(2);
  } else if (has_mark_) {
    bytes->remove_prefix(3);
  } else if (bytes->substr(0, 4).find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "the input looks like UTF-16 without a byte order mark; give --encoding UTF-16LE, or save it as CSV UTF-8");
  }
  return absl::OkStatus();
}

absl::Status TextDecoder::Decode(absl::string_view bytes, bool last, std::string* out) {
  std::string first;
  if (!begun_) {
    first_bytes_.append(bytes.data(), bytes.size());
    if (first_bytes_.size() < 4 && !last) return absl::OkStatus();
    first = std::move(first_bytes_);
    bytes = first;
    if (absl::Status begun = Begin(&bytes); !begun.ok()) return begun;
  }
  if (converter_ != nullptr) return converter_->Convert(bytes, last, out);
  out->append(bytes.data(), bytes.size());
  return absl::OkStatus();
}

bool IsUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
    const unsigned first = byte(i);
    const size_t length = first < 0x80   ? 1
                          : first < 0xc2 ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;
    if (length == 0) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    }
    const unsigned second = byte(i + 1);
    if (first == 0xe0 && second < 0xa0) return false;  // longer than need be
    if (first == 0xed && second > 0x9f) return false;  // half of a surrogate pair
    if (first == 0xf0 && second < 0x90) return false;
    if (first == 0xf4 && second > 0x8f) return false;  // above U+10FFFF
    i += length;
  }
  return true;
}

}  // namespace interaction::cli::import
