#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sandbox/faults.h"
#include "sandbox/ledger.h"
#include "sandbox/message.h"
#include "sandbox/wolkvox.h"

namespace interaction::sandbox {

struct SandboxOptions {
  wolkvox::Options wolkvox;
  absl::Duration seethepro_delay;  // before every answer
  absl::Duration wolkvox_delay;
  size_t keep_requests = 1000;  // for GET /sandbox/requests
  bool show_secrets = false;    // there, and nowhere else
  // Takes one line for each request, without any secret. Called on the threads that Arrive is called on.
  std::function<void(absl::string_view line)> log;
};

class Sandbox;

// A request that is being answered. As long as it lives it counts as under way at its vendor: let go of it when `reply`
// is about to leave.
class Visit {
 public:
  Visit(Sandbox* sandbox, std::optional<Vendor> vendor, std::string token, Reply reply);
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit();

  const Reply& reply() const { return reply_; }

 private:
  Sandbox* const sandbox_;
  const std::optional<Vendor> vendor_;  // none: a request to the sandbox itself
  const std::string token_;
  const Reply reply_;
};

// Both vendors and the knobs behind one front door, without a network: takes requests, makes replies. Thread-safe.
class Sandbox {
 public:
  explicit Sandbox(SandboxOptions options);

  // /sandbox/... is the sandbox's own interface, /api/v2/... wolkvox, everything else SeeThePro. The visit ends before
  // the sandbox does.
  std::unique_ptr<Visit> Arrive(Request request);

  Ledger& ledger() { return ledger_; }

 private:
  std::unique_ptr<Visit> ArriveAt(Vendor vendor, Request request);
  Reply AnswerFor(Vendor vendor, const Request& request, int simultaneous);
  Reply Control(const Request& request);
  void Log(Vendor vendor, const Request& request, const Reply& reply) const;

  const SandboxOptions options_;
  Ledger ledger_;
  Faults faults_;
  std::atomic<uint64_t> serial_ = 0;
};

}  // namespace interaction::sandbox
