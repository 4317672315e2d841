#include "server/http/endpoint.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/http/transfer_error.h"

namespace interaction::http {
namespace {

constexpr size_t kMaxSpareTransfers = 256;
constexpr size_t kMaxOrigins = 1024;  // host names may depend on callers

// "https://example.com/path" -> "https://example.com"
absl::string_view BeforePath(absl::string_view url) {
  const size_t authority = url.find("//");
  return authority == url.npos ? url : url.substr(0, url.find_first_of("/?#", authority + 2));
}

std::string BasicCredentials(const std::string& proxy) {
  const std::string user_and_password = UserInfoOf(proxy);
  return user_and_password.empty() ? "" : absl::StrCat("Basic ", absl::Base64Escape(user_and_password));
}

}  // namespace

Endpoint::Endpoint(const EndpointOptions& options, ClientParts* parts)
    : options_(std::make_shared<const EndpointOptions>(options)),
      parts_(parts),
      proxy_authorization_(BasicCredentials(options.proxy)) {}

void Endpoint::Use(const EndpointOptions& options) {
  options_ = std::make_shared<const EndpointOptions>(options);
  proxy_authorization_ = BasicCredentials(options.proxy);
  spare_.clear();
  for (auto& [key, origin] : origins_) {
    origin->Retire();
    former_.push_back(std::move(origin));
  }
  origins_.clear();
  std::erase_if(former_, [](const auto& origin) { return origin->IsUnused(); });
}

std::unique_ptr<Transfer> Endpoint::TakeTransfer() {
  if (spare_.empty()) return std::make_unique<Transfer>(this, parts_);
  std::unique_ptr<Transfer> transfer = std::move(spare_.back());
  spare_.pop_back();
  return transfer;
}

void Endpoint::GiveBack(std::unique_ptr<Transfer> transfer) {
  if (spare_.size() < kMaxSpareTransfers && transfer->options() == options_) spare_.push_back(std::move(transfer));
}

absl::StatusOr<Origin*> Endpoint::OriginOf(const std::string& url) {
  const absl::string_view key = BeforePath(url);
  key_.assign(key.data(), key.size());
  const auto found = origins_.find(key_);
  if (found != origins_.end()) return found->second.get();

  const absl::StatusOr<Url> parts = ParseUrl(url);
  if (!parts.ok() || (parts->scheme != "https" && !options_->allow_plaintext)) return NotSendable();
  if (origins_.size() >= kMaxOrigins) ForgetUnusedOrigins();
  auto origin = std::make_unique<Origin>(*parts, key_, options_, parts_);
  return origins_.emplace(key_, std::move(origin)).first->second.get();
}

void Endpoint::CloseOldConnections(SteadyTime now) {
  for (const auto& [key, origin] : origins_) origin->CloseOldConnections(now);
  std::erase_if(former_, [](const auto& origin) { return origin->IsUnused(); });
}

void Endpoint::ForgetUnusedOrigins() {
  std::erase_if(origins_, [](const auto& each) { return each.second->IsUnused(); });
}

}  // namespace interaction::http
