#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"

namespace interaction::http {

// The addresses of a host, as text ("192.0.2.1", "2001:db8::1"), in the order in which they are to be tried.
struct Addresses {
  std::vector<std::string> ip;
  uint64_t generation = 0;  // another number whenever the list of the host changed
};

// Resolves names off the lanes' threads, because getaddrinfo blocks. Thread-safe.
class Resolver {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Addresses>) &&>;

  virtual ~Resolver() = default;

  // Runs `done` exactly once: at once, on this thread, when the answer is cached; otherwise later, on a thread of the
  // resolver. Lookups of one name at one time are one lookup. Errors are UPSTREAM_DNS_FAILURE of the catalogue.
  virtual void Resolve(const std::string& host, Done done) = 0;
};

struct ResolverOptions {
  absl::Duration ttl = absl::Seconds(30);          // getaddrinfo tells no TTL
  absl::Duration stale = absl::Minutes(5);         // how long an old answer serves while looking it up fails
  absl::Duration negative_ttl = absl::Seconds(1);  // how long a failure is remembered
  int max_threads = 16;                            // lookups of different names under way at once
  int max_waiting = 1024;                          // names waiting for a thread; more fail at once
};

// The system's resolver (getaddrinfo) behind a cache. Its destructor does not wait for a lookup that hangs.
std::unique_ptr<Resolver> MakeSystemResolver(const ResolverOptions& options, const Clock* clock);

}  // namespace interaction::http
