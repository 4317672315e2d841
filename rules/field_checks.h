#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/field_violation.h"

namespace interaction::rules {

// Limits of the published contract, in Unicode code points.
inline constexpr int kMaxText = 1024;
inline constexpr int kMaxBody = 32768;
inline constexpr int kMaxCredential = 512;

// Collects the mistakes in the fields of a request, so that the caller learns of all at once. Each check adds at most
// one violation, whose text says what is allowed and does not repeat the value. Texts are valid UTF-8, because protobuf
// has checked that.
//
//   FieldChecks checks;
//   checks.Required("sender", request->sender());
//   checks.Guid("account_id", request->mutable_account_id());
//   return checks.violations();
class FieldChecks {
 public:
  // The characters that a wire format can carry.
  enum class Charset {
    kAny,
    kXml10,  // no control characters except tab, CR and LF; no U+FFFE or U+FFFF (XML 1.0, section 2.2)
  };

  explicit FieldChecks(Charset charset = Charset::kAny) : charset_(charset) {}

  void Optional(absl::string_view field, absl::string_view text, int max_length = kMaxText);
  void Required(absl::string_view field, absl::string_view text, int max_length = kMaxText);  // not only white space
  void Credential(absl::string_view field, absl::string_view text);  // 1 to 512 characters, 0x21 to 0x7e

  // These convert a valid text to canonical form.
  void Guid(absl::string_view field, std::string* text);
  void RequestId(std::string* text);  // "request_id": a UUID

  void Add(absl::string_view field, absl::string_view description);

  // In the order in which they were found; empty if all is right.
  const std::vector<FieldViolation>& violations() const { return violations_; }

 private:
  bool TextIsFine(absl::string_view field, absl::string_view text, int max_length);

  const Charset charset_;
  std::vector<FieldViolation> violations_;
};

// The number of code points in valid UTF-8.
int CountCodePoints(absl::string_view utf8);

}  // namespace interaction::rules
