#include "server/h2/request_head.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace interaction::h2 {
namespace {

constexpr size_t kFieldOverhead = 32;  // RFC 9113, section 6.5.2
constexpr absl::Duration kMaxTimeout = absl::Hours(24);

absl::Status Malformed(absl::string_view name, absl::string_view allowed) {
  return absl::InvalidArgumentError(absl::StrCat("The header ", name, " is malformed: it must be ", allowed, "."));
}

std::optional<absl::Duration> UnitOf(char unit) {
  switch (unit) {
    case 'H':
      return absl::Hours(1);
    case 'M':
      return absl::Minutes(1);
    case 'S':
      return absl::Seconds(1);
    case 'm':
      return absl::Milliseconds(1);
    case 'u':
      return absl::Microseconds(1);
    case 'n':
      return absl::Nanoseconds(1);
  }
  return std::nullopt;
}

// "application/grpc", also with a suffix or a parameter.
bool IsGrpc(absl::string_view content_type) {
  return absl::ConsumePrefix(&content_type, "application/grpc") &&
         (content_type.empty() || content_type.front() == '+' || content_type.front() == ';');
}

}  // namespace

std::optional<absl::Duration> ParseTimeout(absl::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  const std::optional<absl::Duration> unit = UnitOf(text.back());
  text.remove_suffix(1);
  if (!unit || !std::all_of(text.begin(), text.end(), absl::ascii_isdigit)) return std::nullopt;
  int64_t count = 0;
  for (const char digit : text) count = count * 10 + (digit - '0');
  return std::min(count * *unit, kMaxTimeout);
}

void HeaderReader::Clear() {
  buffer_.clear();
  fields_.clear();
  decoded_.clear();
  is_malformed_ = false;
  malformed_.clear();
  head_.path = head_.authority = {};
  head_.timeout.reset();
  head_.encoding = Encoding::kIdentity;
  head_.metadata.clear();
  head_.bytes = 0;
}

void HeaderReader::Add(absl::string_view name, absl::string_view value) {
  head_.bytes += name.size() + value.size() + kFieldOverhead;
  fields_.push_back({buffer_.size(), name.size(), value.size()});
  buffer_.append(name.data(), name.size());
  buffer_.append(value.data(), value.size());
}

void HeaderReader::AddMalformed(absl::string_view name) {
  if (std::exchange(is_malformed_, true)) return;
  malformed_ = std::string(name.substr(0, 64));
}

int HeaderReader::HttpStatus() const {
  bool is_grpc = false;
  for (const Field& field : fields_) {
    const absl::string_view name = NameOf(field);
    if (name == ":method" && ValueOf(field) != "POST") return 405;
    if (name == "content-type") is_grpc = IsGrpc(ValueOf(field));
  }
  return is_grpc ? 0 : 415;
}

absl::Status HeaderReader::Parse() {
  decoded_.reserve(buffer_.size());
  absl::Status first;
  for (const Field& field : fields_) {
    absl::Status status = ParseField(NameOf(field), ValueOf(field));
    if (first.ok() && !status.ok()) first = std::move(status);
  }
  if (first.ok() && is_malformed_) {
    return Malformed(absl::CHexEscape(malformed_), "a valid HTTP header, without control characters");
  }
  return first;
}

absl::Status HeaderReader::ParseField(absl::string_view name, absl::string_view value) {
  if (absl::StartsWith(name, ":")) {
    if (name == ":path") head_.path = value;
    if (name == ":authority") head_.authority = value;
    return absl::OkStatus();
  }
  if (name == "te" || name == "content-type") return absl::OkStatus();
  if (absl::StartsWith(name, "grpc-")) {
    if (name == "grpc-timeout") {
      head_.timeout = ParseTimeout(value);
      if (!head_.timeout) return Malformed(name, "one to eight digits and a unit of H, M, S, m, u or n");
      return absl::OkStatus();
    }
    if (name == "grpc-encoding") {
      if (value == "gzip") head_.encoding = Encoding::kGzip;
      if (value == "gzip" || value == "identity") return absl::OkStatus();
      return absl::UnimplementedError("The grpc-encoding of the request is not supported: use identity or gzip.");
    }
    if (name == "grpc-accept-encoding") return absl::OkStatus();
  }
  if (absl::EndsWith(name, "-bin")) return AddBinary(name, value);
  head_.metadata.push_back({name, value});
  return absl::OkStatus();
}

// A value may be a list, whose items are joined by commas (PROTOCOL-HTTP2.md).
absl::Status HeaderReader::AddBinary(absl::string_view name, absl::string_view value) {
  for (const absl::string_view item : absl::StrSplit(value, ',')) {
    std::string bytes;
    const absl::string_view text = absl::StripAsciiWhitespace(item);
    if (!absl::Base64Unescape(text, &bytes)) return Malformed(name, "Base64");
    const size_t at = decoded_.size();
    decoded_ += bytes;
    head_.metadata.push_back({name, absl::string_view(decoded_.data() + at, bytes.size())});
  }
  return absl::OkStatus();
}

}  // namespace interaction::h2
