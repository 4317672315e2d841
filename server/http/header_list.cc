#include "server/http/header_list.h"

#include <curl/curl.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace interaction::http {
namespace {

// Keeps libcurl from asking for "100 Continue" before a body above 1 MiB: a peer that ignores it costs a second. Not
// said to those that it would not ask for, because each header costs a dozen comparisons.
constexpr absl::string_view kNoExpect("Expect:\0", 8);
constexpr size_t kMayExpectBytes = 512 << 10;

bool IsTokenCharacter(char c) { return absl::ascii_isalnum(c) || absl::StrContains("!#$%&'*+-.^_`|~", c); }

bool IsSafe(const Header& header) {
  constexpr absl::string_view kLineBreakers("\r\n\0", 3);
  return !header.name.empty() && std::all_of(header.name.begin(), header.name.end(), IsTokenCharacter) &&
         absl::string_view(header.value).find_first_of(kLineBreakers) == absl::string_view::npos;
}

// libcurl takes "Name:" as the wish to leave the header out; "Name;" sends it without a value.
void AppendHeader(std::string& text, const Header& header) {
  if (header.value.empty()) {
    absl::StrAppend(&text, header.name, ";");
  } else {
    absl::StrAppend(&text, header.name, ": ", header.value);
  }
  text.push_back('\0');
}

}  // namespace

HeaderList::HeaderList() = default;
HeaderList::~HeaderList() = default;

bool HeaderList::Assign(const Request& request) {
  text_.clear();
  count_ = 0;
  if (!std::all_of(request.headers.begin(), request.headers.end(), IsSafe)) return false;
  for (const Header& header : request.headers) AppendHeader(text_, header);
  count_ = request.headers.size();
  if (request.body.size() >= kMayExpectBytes) {
    absl::StrAppend(&text_, kNoExpect);
    ++count_;
  }
  if (capacity_ < count_) nodes_ = std::make_unique<curl_slist[]>(capacity_ = count_);
  char* line = text_.data();
  for (size_t i = 0; i < count_; ++i) {
    nodes_[i] = {line, i + 1 < count_ ? &nodes_[i + 1] : nullptr};
    line += absl::string_view(line).size() + 1;
  }
  return true;
}

curl_slist* HeaderList::get() const { return count_ == 0 ? nullptr : nodes_.get(); }

}  // namespace interaction::http
