#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "sandbox/faults.h"
#include "sandbox/ledger.h"
#include "sandbox/message.h"
#include "sandbox/vendors.h"

namespace interaction::sandbox {

struct SandboxOptions {
  size_t keep_requests = 1000;  // for GET /sandbox/requests
  bool show_secrets = false;    // in GET /sandbox/requests only
  // Takes one line for each request, without any secret. Called on the threads that Arrive is called on.
  std::function<void(absl::string_view line)> log;
};

class Sandbox;

// A request that is being answered. While it exists it counts as in flight at its vendor: destroy it just before
// `reply` is sent.
class Visit {
 public:
  Visit(Sandbox* sandbox, const Vendor* vendor, std::string token, Reply reply);
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit();

  const Reply& reply() const { return reply_; }

 private:
  Sandbox* const sandbox_;
  const Vendor* const vendor_;  // null: a request to the sandbox itself
  const std::string token_;
  const Reply reply_;
};

// The vendors and the sandbox's own interface, without a network: takes requests, makes replies. Thread-safe.
class Sandbox {
 public:
  explicit Sandbox(Vendors vendors, SandboxOptions options = {});

  // /sandbox/... is the sandbox's own interface; any other path leads to a vendor. The visit ends before the sandbox
  // does.
  std::unique_ptr<Visit> Arrive(Request request);

  Ledger& ledger() { return ledger_; }

 private:
  std::unique_ptr<Visit> ArriveAt(const Vendor& vendor, Request request);
  Reply AnswerFor(const Vendor& vendor, const Request& request, int simultaneous);
  Reply Control(const Request& request);
  void Log(const Vendor& vendor, const Request& request, const Reply& reply) const;

  const Vendors vendors_;
  const SandboxOptions options_;
  Ledger ledger_;
  Faults faults_;
  std::atomic<uint64_t> serial_ = 0;
};

}  // namespace interaction::sandbox
