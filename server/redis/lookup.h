#pragma once

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace interaction::redis {

// Whether `host` is an address already, such as "10.0.0.7" or "::1".
bool IsAddress(const std::string& host);

using OnAddresses = absl::AnyInvocable<void(absl::StatusOr<std::vector<std::string>>) &&>;

// Looks up a host name on a thread of its own, because getaddrinfo blocks. `done` runs once, on that thread or, if no
// thread can be started, on the caller's, with at least one numeric address or UNAVAILABLE.
void LookUp(std::string host, OnAddresses done);

}  // namespace interaction::redis
