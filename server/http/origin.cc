#include "server/http/origin.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

std::string WithPort(const Url& url) { return absl::StrCat(InBrackets(url.host), ":", url.port); }

// A port that is the scheme's is not named: RFC 9110, section 7.2.
std::string HostHeader(const Url& url) {
  const std::string with_port = WithPort(url);
  const bool usual = url.port == (url.scheme == "https" ? 443 : 80);
  return usual ? with_port.substr(0, with_port.rfind(':')) : with_port;
}

}  // namespace

Origin::Origin(const Url& url, std::string key, std::shared_ptr<const EndpointOptions> options, ClientParts* parts)
    : url_(url),
      key_(std::move(key)),
      options_(std::move(options)),
      parts_(*parts),
      host_header_(HostHeader(url)),
      via_proxy_(!options_->proxy.empty() && !IsExemptFromProxy(url.host, options_->no_proxy)),
      max_idle_(options_->max_idle) {}

Origin::~Origin() { CloseAllIdle(); }

ConnectTarget Origin::connect_target() const {
  ConnectTarget target = {.host = url_.host, .port = url_.port, .addresses = addresses_.ip};
  if (via_proxy_) {
    target.proxy = options_->proxy;
    target.tunnel = has_tls();
  }
  return target;
}

void Origin::Take(absl::StatusOr<Addresses> answer, SteadyTime now) {
  asking = false;
  status_ = answer.status();
  if (!answer.ok()) return;
  addresses_ = *std::move(answer);
  std::erase_if(addresses_.ip, [&](const std::string& ip) { return !options_->address_policy.Allows(ip); });
  if (addresses_.ip.empty()) status_ = Error(Reason::kEgressAddressForbidden).In(Phase::kConnect);
  fresh_until_ = IsIpAddress(url_.host) ? kForever : now + kFreshNs;
}

std::unique_ptr<Connection> Origin::TakeIdle(SteadyTime now) {
  while (!idle_.empty()) {
    if (IsIdleForTooLong(*idle_.back(), now)) {
      CloseAllIdle();  // the others are so for even longer
      break;
    }
    std::unique_ptr<Connection> newest = std::move(idle_.back());
    idle_.pop_back();
    --parts_.idle;
    if (!IsTooOld(*newest, now)) return newest;
  }
  return nullptr;
}

void Origin::Keep(std::unique_ptr<Connection> connection, SteadyTime now) {
  if (retired_ || !options_->reuse_connections || max_idle_ <= absl::ZeroDuration() || IsTooOld(*connection, now) ||
      parts_.HasTooManyIdle()) {
    return;
  }
  connection->SetUser(this);
  connection->idle_since = now;
  idle_.push_back(std::move(connection));
  ++parts_.idle;
}

void Origin::Retire() {
  retired_ = true;
  CloseAllIdle();
}

void Origin::CloseOldConnections(SteadyTime now) {
  const size_t before = idle_.size();
  std::erase_if(
      idle_, [&](const auto& connection) { return IsIdleForTooLong(*connection, now) || IsTooOld(*connection, now); });
  parts_.idle -= before - idle_.size();
}

void Origin::CloseAllIdle() {
  parts_.idle -= idle_.size();
  idle_.clear();
}

bool Origin::IsTooOld(const Connection& connection, SteadyTime now) const {
  return now - connection.opened_at() >= absl::ToInt64Nanoseconds(options_->max_lifetime);
}

bool Origin::IsIdleForTooLong(const Connection& connection, SteadyTime now) const {
  return now - connection.idle_since >= absl::ToInt64Nanoseconds(max_idle_);
}

// Something happens to an idle connection: mostly that the upstream closes it. A TLS server may also send a ticket.
void Origin::OnConnectionReady(Connection* connection, uint32_t) {
  const Io input = connection->socket().LookForInput();
  if (input == Io::kWantsRead) return;
  if (input == Io::kDone) ReportStrayBytes();
  const auto found =
      std::find_if(idle_.begin(), idle_.end(), [&](const auto& each) { return each.get() == connection; });
  idle_.erase(found);
  --parts_.idle;
}

void Origin::ReportStrayBytes() const { parts_.ReportStrayBytes(WithPort(url_)); }

void Origin::TakeKeepAlive(std::optional<absl::Duration> keep_alive) {
  if (!keep_alive) return;
  max_idle_ = std::clamp(*keep_alive - kKeepAliveMargin, absl::ZeroDuration(), options_->max_idle);
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
