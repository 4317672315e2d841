#include "server/http/origin.h"

#include <curl/curl.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/base/errors.h"

namespace interaction::http {
namespace {

// For how long an answer of the resolver is used without asking again. The resolver knows what is still good; this only
// keeps its lock out of most calls.
constexpr SteadyTime kFreshNs = 1'000'000'000;

// How much earlier than the upstream says a connection is given up.
constexpr absl::Duration kKeepAliveMargin = absl::Seconds(1);

// Of an address that needs no resolver: never asked again.
constexpr SteadyTime kForever = INT64_MAX;

std::string Bracketed(const std::string& ip) { return absl::StrContains(ip, ':') ? absl::StrCat("[", ip, "]") : ip; }

void* MakeShare() {
  CURLSH* const share = curl_share_init();
  bool ok = share != nullptr;
  // No lock functions: a group belongs to one client and so to one thread.
  for (const curl_lock_data what : {CURL_LOCK_DATA_CONNECT, CURL_LOCK_DATA_DNS, CURL_LOCK_DATA_SSL_SESSION}) {
    ok = ok && curl_share_setopt(share, CURLSHOPT_SHARE, what) == CURLSHE_OK;
  }
  if (ok) return share;
  curl_share_cleanup(share);
  return nullptr;
}

}  // namespace

ConnectionGroup::ConnectionGroup(const std::string& host, int port)
    : sockets{.authority = absl::StrCat(host, ":", port), .open = {}},
      resolve_(new curl_slist{nullptr, nullptr}),
      share_(MakeShare()) {}

ConnectionGroup::~ConnectionGroup() = default;

curl_slist* ConnectionGroup::resolve(const std::vector<std::string>& ips) {
  resolve_text_ = absl::StrCat(
      sockets.authority, ":",
      absl::StrJoin(ips, ",", [](std::string* out, const std::string& ip) { absl::StrAppend(out, Bracketed(ip)); }));
  resolve_->data = resolve_text_.data();
  return resolve_.get();
}

void Origin::Take(absl::StatusOr<Addresses> answer, const AddressPolicy& policy, SteadyTime now) {
  asking = false;
  status_ = answer.status();
  if (!answer.ok()) return;
  addresses_ = *std::move(answer);
  auto& ips = addresses_.ip;
  ips.erase(std::remove_if(ips.begin(), ips.end(), [&](const std::string& ip) { return !policy.Allows(ip); }),
            ips.end());
  if (ips.empty()) status_ = Error(Reason::kEgressAddressForbidden).In(Phase::kConnect);
  fresh_until_ = IsIpAddress(url_.host) ? kForever : now + kFreshNs;
}

ConnectionGroup* Origin::PickGroup(SteadyTime now) {
  ConnectionGroup* picked = nullptr;
  for (const auto& group : groups_) {
    if (group->has_idle()) {
      picked = group.get();
      break;
    }
    if (picked == nullptr && group->has_room()) picked = group.get();
  }
  if (picked == nullptr) {
    groups_.push_back(std::make_unique<ConnectionGroup>(Bracketed(url_.host), url_.port));
    picked = groups_.back().get();
  }
  picked->last_used = now;
  return picked;
}

void Origin::DropGroupsUnusedSince(SteadyTime before) {
  const auto unused = [before](const auto& group) { return group->in_flight == 0 && group->last_used <= before; };
  groups_.erase(std::remove_if(groups_.begin(), groups_.end(), unused), groups_.end());
}

void Origin::TakeKeepAlive(std::optional<absl::Duration> keep_alive) {
  if (!keep_alive) return;
  const absl::Duration usable = *keep_alive - kKeepAliveMargin;
  max_idle_ = usable < absl::Seconds(1) ? absl::ZeroDuration() : usable;  // libcurl knows no limit below a second
}

bool IsExemptFromProxy(const std::string& host, const std::string& no_proxy) {
  for (absl::string_view entry : absl::StrSplit(no_proxy, absl::ByAnyChar(", \t"), absl::SkipEmpty())) {
    if (entry == "*") return true;
    entry = absl::StripPrefix(entry, ".");
    if (absl::EqualsIgnoreCase(host, entry)) return true;
    if (!IsIpAddress(host) && absl::EndsWithIgnoreCase(host, absl::StrCat(".", entry))) return true;
  }
  return false;
}

}  // namespace interaction::http
