#pragma once

#include "absl/strings/string_view.h"

namespace interaction::admin {

// Files of the repository, as the build found them (cmake/EmbedText.cmake).
extern const absl::string_view kHtml;
extern const absl::string_view kCss;
extern const absl::string_view kIcon;
extern const absl::string_view kMainJs;
extern const absl::string_view kPageJs;
extern const absl::string_view kOverviewJs;
extern const absl::string_view kAttentionJs;
extern const absl::string_view kCallsJs;
extern const absl::string_view kTryItJs;
extern const absl::string_view kErrorsPage;

}  // namespace interaction::admin
