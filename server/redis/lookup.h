#pragma once

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace interaction::redis {

// Whether `host` is an address already, such as "10.0.0.7" or "::1".
bool IsAddress(const std::string& host);

using OnAddresses = absl::AnyInvocable<void(absl::StatusOr<std::vector<std::string>>) &&>;

// Looks a host name up on a thread of its own, because getaddrinfo blocks for as long as the name servers like. `done`
// runs once, on that thread or, when there is no thread to be had, on the caller's: numeric addresses, at least one, or
// UNAVAILABLE.
void LookUp(std::string host, OnAddresses done);

}  // namespace interaction::redis
