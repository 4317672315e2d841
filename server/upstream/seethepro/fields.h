#pragma once

#include "absl/strings/string_view.h"

namespace interaction::seethepro {

// A field of the request under both of its names.
struct FieldName {
  absl::string_view upstream;  // "AccountId"
  absl::string_view proto;     // "account_id"
};

// In the order of the vendor's JSON sample.
inline constexpr FieldName kFieldNames[] = {
    {"AppAccessKey", "app_access_key"},
    {"InteractionIdentity", "interaction_identity"},
    {"InteractionName", "interaction_name"},
    {"AccountId", "account_id"},
    {"ContactId", "contact_id"},
    {"TenantKey", "tenant_key"},
    {"GroupKey", "group_key"},
};

}  // namespace interaction::seethepro
