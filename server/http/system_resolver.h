#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/http/resolver.h"

namespace interaction::http {

// Looks a host up and blocks meanwhile. Called on threads of the resolver, several at a time.
using Lookup = std::function<absl::StatusOr<std::vector<std::string>>(const std::string& host)>;

// getaddrinfo, for streams, of families that this machine has an address of.
absl::StatusOr<std::vector<std::string>> LookupWithGetaddrinfo(const std::string& host);

// MakeSystemResolver with another way to look up.
std::unique_ptr<Resolver> MakeResolver(const ResolverOptions& options, const Clock* clock, Lookup lookup);

}  // namespace interaction::http
