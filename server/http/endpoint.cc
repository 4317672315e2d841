#include "server/http/endpoint.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/errors.h"

namespace interaction::http {
namespace {

constexpr size_t kMaxSpareTransfers = 256;  // 12 KB each
constexpr size_t kMaxOrigins = 1024;        // host names may depend on callers

// "https://example.com/path" -> "https://example.com"
absl::string_view BeforePath(absl::string_view url) {
  const size_t authority = url.find("//");
  return authority == url.npos ? url : url.substr(0, url.find_first_of("/?#", authority + 2));
}

absl::Status NotSendable() {
  return Error(Reason::kInternalError).WithOutcome(Outcome::kNotApplied).In(Phase::kConnect);
}

}  // namespace

std::unique_ptr<Transfer> Endpoint::TakeTransfer() {
  if (spare_.empty()) return std::make_unique<Transfer>(&options_, connections_);
  std::unique_ptr<Transfer> transfer = std::move(spare_.back());
  spare_.pop_back();
  return transfer;
}

void Endpoint::GiveBack(std::unique_ptr<Transfer> transfer) {
  transfer->Reset();
  if (spare_.size() < kMaxSpareTransfers && transfer->status().ok()) spare_.push_back(std::move(transfer));
}

absl::StatusOr<Origin*> Endpoint::OriginOf(const std::string& url) {
  const absl::string_view key = BeforePath(url);
  key_.assign(key.data(), key.size());
  const auto found = origins_.find(key_);
  if (found != origins_.end()) return found->second.get();

  const absl::StatusOr<Url> parts = ParseUrl(url);
  if (!parts.ok() || (parts->scheme != "https" && !options_.allow_plaintext)) return NotSendable();
  if (origins_.size() >= kMaxOrigins) ForgetUnusedOrigins();
  const bool via_proxy = !options_.proxy.empty() && !IsExemptFromProxy(parts->host, options_.no_proxy);
  return origins_.emplace(key_, std::make_unique<Origin>(*parts, via_proxy)).first->second.get();
}

void Endpoint::CloseUnused(SteadyTime now) {
  const SteadyTime before = now - absl::ToInt64Nanoseconds(options_.max_idle);
  for (const auto& [key, origin] : origins_) origin->DropGroupsUnusedSince(before);
}

void Endpoint::ForgetUnusedOrigins() {
  for (auto it = origins_.begin(); it != origins_.end();)
    it = it->second->IsUnused() ? origins_.erase(it) : std::next(it);
}

}  // namespace interaction::http
