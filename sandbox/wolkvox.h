#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sandbox/message.h"
#include "sandbox/vendor.h"

// wolkvox as its help pages describe it (`POST api/v2/configuration.php?api=add_interaction`) and its clients see it: a
// PHP program that reports errors in the body.
namespace interaction::sandbox::wolkvox {

constexpr absl::string_view kPath = "/api/v2/configuration.php";

// Values of the header wolkvox-token with a meaning; any other is accepted.
constexpr absl::string_view kInvalidToken = "invalid-token";      // 403 PLEASE VALIDATE TOKEN
constexpr absl::string_view kExhaustedToken = "exhausted-token";  // 403 TOKEN LIMIT EXCEEDED
constexpr absl::string_view kBusyToken = "busy-token";            // 403 EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS

struct Options {
  int simultaneous = 2;               // requests of one token at a time
  bool require_server_header = true;  // refuse a request without the header wolkvox_server
  bool mirror_status = true;          // HTTP status = code of the body; otherwise always 200
  bool close = false;                 // answer with Connection: close
  absl::Duration delay;               // before every answer, except a refusal for too many requests
};

// An answer as PHP's json_encode writes it: code as a string, non-ASCII text and slashes escaped. Without `error` it is
// null.
Reply Say(const Options& options, int code, const std::optional<std::string>& error, absl::string_view message);

class Wolkvox final : public Vendor {
 public:
  explicit Wolkvox(Options options = {});

  absl::string_view Name() const override { return "wolkvox"; }
  absl::string_view PathPrefix() const override { return "/api/v2/"; }
  absl::string_view TokenHeader() const override { return "wolkvox-token"; }
  absl::Duration Delay(int simultaneous) const override;
  // A scenario is asked for by the rp_id `sandbox:<scenario>`.
  Reply Answer(const Request& request, uint64_t serial, int simultaneous) const override;
  Reply Refuse(const Request& request, int status, absl::string_view error, absl::string_view text) const override;
  Reply RefuseCredential(const Request& request) const override;
  absl::Span<const Scenario> OwnScenarios() const override { return scenarios_; }

 private:
  // The refusal of the credentials; none if they are accepted.
  std::optional<Reply> CheckToken(const Request& request, int simultaneous) const;

  const Options options_;
  const std::vector<Scenario> scenarios_;
};

}  // namespace interaction::sandbox::wolkvox
