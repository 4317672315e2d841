#include "sandbox/message.h"

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace interaction::sandbox {

absl::string_view Request::Path() const {
  const absl::string_view whole = target;
  return whole.substr(0, whole.find('?'));
}

std::optional<std::string> Request::Parameter(absl::string_view name) const {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(target, absl::MaxSplits('?', 1));
  for (absl::string_view item : absl::StrSplit(parts.second, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(item, absl::MaxSplits('=', 1));
    if (pair.first == name) return std::string(pair.second);
  }
  return std::nullopt;
}

std::optional<absl::string_view> Request::Find(absl::string_view name) const {
  for (const Header& header : headers) {
    if (absl::EqualsIgnoreCase(header.name, name)) return header.value;
  }
  return std::nullopt;
}

void Reply::Set(absl::string_view name, absl::string_view value) {
  for (Header& header : headers) {
    if (absl::EqualsIgnoreCase(header.name, name)) {
      header.value = std::string(value);
      return;
    }
  }
  headers.push_back({std::string(name), std::string(value)});
}

}  // namespace interaction::sandbox
