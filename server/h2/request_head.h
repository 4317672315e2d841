#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/metadata.h"

namespace interaction::h2 {

// The encodings of a message (grpc-encoding).
enum class Encoding { kIdentity, kGzip };

// The headers of a gRPC request, as HeaderReader has read and checked them.
struct RequestHead {
  absl::string_view path;                 // "/package.Service/Method"
  absl::string_view authority;            // may be empty
  std::optional<absl::Duration> timeout;  // grpc-timeout, at most a day
  Encoding encoding = Encoding::kIdentity;
  // In the order of arrival, without pseudo-headers, te, content-type and the headers that gRPC reserves, but with
  // grpc-previous-rpc-attempts and user-agent. Values of "-bin" keys are decoded.
  std::vector<MetadataEntry> metadata;
  size_t bytes = 0;  // of all headers as RFC 9113, section 6.5.2, counts: names, values, and 32 for each
};

// Collects the headers of one request and checks them. Reused for further requests: keeps its memory. All headers are
// in one buffer, so that a request costs no allocation for each.
class HeaderReader {
 public:
  // Begins a new request.
  void Clear();

  // Adds a header. Names are in lower case, as HTTP/2 demands.
  void Add(absl::string_view name, absl::string_view value);

  // A header was malformed and not added.
  void AddMalformed(absl::string_view name);

  size_t bytes() const { return head_.bytes; }
  size_t count() const { return fields_.size(); }

  // The HTTP status with which to answer a request that is not gRPC: 405 for another method than POST, 415 for another
  // content-type. 0 if it is gRPC.
  int HttpStatus() const;

  // Reads what was added. INVALID_ARGUMENT for a malformed header, UNIMPLEMENTED for an unknown grpc-encoding, each
  // with a sentence that names it. head() has what could be read.
  absl::Status Parse();

  // Valid until Clear().
  const RequestHead& head() const { return head_; }

 private:
  struct Field {
    size_t name_at, name_size, value_size;  // the value follows the name
  };

  absl::string_view NameOf(const Field& field) const { return {buffer_.data() + field.name_at, field.name_size}; }
  absl::string_view ValueOf(const Field& field) const {
    return {buffer_.data() + field.name_at + field.name_size, field.value_size};
  }
  absl::Status ParseField(absl::string_view name, absl::string_view value);
  absl::Status AddBinary(absl::string_view name, absl::string_view value);

  std::string buffer_;
  std::vector<Field> fields_;
  std::string decoded_;        // "-bin" values; never longer than their Base64, so it does not move once reserved
  bool is_malformed_ = false;  // a header is
  std::string malformed_;      // the name of the first one
  RequestHead head_;
};

// Reads grpc-timeout: one to eight digits and a unit of H, M, S, m, u, n. At most a day, so that adding it to a time
// cannot overflow. Nothing if it is malformed.
std::optional<absl::Duration> ParseTimeout(absl::string_view text);

}  // namespace interaction::h2
