#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "sandbox/message.h"
#include "sandbox/seethepro_binding.h"
#include "sandbox/vendor.h"

// SeeThePro as its help page describes it (`POST api/vspinteraction/create`), on the framework that produces such
// pages: ASP.NET Web API 2.
namespace interaction::sandbox::seethepro {

constexpr absl::string_view kPath = "/api/vspinteraction/create";

// AppAccessKeys with a meaning; any other is accepted.
constexpr absl::string_view kInvalidKey = "invalid-key";      // 401
constexpr absl::string_view kForbiddenKey = "forbidden-key";  // 403

// The `VspInteraction` of the page; a member without a value is sent as null.
struct Interaction {
  std::optional<std::string> id;
  std::optional<std::string> campaign_key;
  std::optional<std::string> url;
};

// The interaction with that number: ids look random, never repeat, and are the same in every run.
Interaction MakeInteraction(uint64_t serial);

enum class Format { kJson, kXml };

// The format and media type of the answer to this request: by Accept, or by the format of the request if there is no
// Accept or nothing matches. Never 406.
struct Representation {
  Format format = Format::kJson;
  std::string media_type = "application/json";
};
Representation Negotiate(const Request& request);

// 200 with an interaction, or with null.
Reply Success(const Representation& form, const Interaction& interaction);
Reply NullResult(const Representation& form);

// The framework's error payload.
Reply Failure(const Representation& form, int status, absl::string_view message, const ModelState& errors = {});

class SeeThePro final : public Vendor {
 public:
  explicit SeeThePro(absl::Duration delay = absl::ZeroDuration()) : delay_(delay) {}

  absl::string_view Name() const override { return "seethepro"; }
  absl::string_view PathPrefix() const override { return ""; }  // every path that is not another vendor's
  absl::Duration Delay(int simultaneous) const override;
  // A scenario is asked for by the InteractionName `sandbox:<scenario>`.
  Reply Answer(const Request& request, uint64_t serial, int simultaneous) const override;
  Reply Refuse(const Request& request, int status, absl::string_view error, absl::string_view text) const override;
  Reply RefuseCredential(const Request& request) const override;
  Reply RefuseScenario(const Request& request, absl::string_view text) const override;
  Reply NullResult(const Request& request, Reply usual) const override;
  absl::Span<const Scenario> OwnScenarios() const override;

 private:
  const absl::Duration delay_;
};

}  // namespace interaction::sandbox::seethepro
