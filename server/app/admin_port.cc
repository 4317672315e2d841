#include "server/app/admin_port.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/app/calls_page.h"
#include "server/app/metrics.h"
#include "server/app/status_page.h"
#include "server/base/status_macros.h"
#include "server/config/files.h"
#include "server/listen/listener.h"

namespace interaction::app {
namespace {

constexpr size_t kMaxMaterialBytes = 1 << 20;

// A gateway whose Redis is gone serves the calls that need none, and taking every replica out of service for it would
// end those, too. So it is shown, but not held against the replica.
admin::Readiness ReadinessOf(const Health& health) {
  admin::Readiness readiness;
  readiness.is_ready = health.is_serving && !health.is_draining;
  readiness.parts.emplace_back("serving", health.is_draining ? "draining" : health.is_serving ? "ok" : "starting");
  if (health.redis_connected) {
    readiness.parts.emplace_back("redis", *health.redis_connected ? "ok" : "not connected");
  }
  return readiness;
}

std::string StuckIn(const Health& health) {
  return absl::StrJoin(health.stuck_lanes, ", ",
                       [](std::string* to, size_t lane) { absl::StrAppend(to, "lane ", lane); });
}

}  // namespace

// The certificate and key, read from their files.
struct AdminPort::Material {
  static absl::StatusOr<Material> Read(const config::Admin& config) {
    Material material;
    if (config.tls_cert_file.empty()) return material;
    ASSIGN_OR_RETURN(material.tls.certificate, config::ReadFile(config.tls_cert_file, kMaxMaterialBytes));
    ASSIGN_OR_RETURN(material.tls.key, config::ReadFile(config.tls_key_file, kMaxMaterialBytes));
    return material;
  }
  ~Material() { Wipe(&tls.key); }

  admin::HttpServer::Tls tls;
};

absl::Status AdminPort::Start(const config::Admin& config) {
  if (config.listen == "off") return absl::OkStatus();
  ASSIGN_OR_RETURN(const Material material, Material::Read(config));
  UsePages(config);
  return Serve(config.listen, material);
}

absl::Status AdminPort::Reload(const config::Admin& config) {
  if (server_ == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Material material, Material::Read(config));
  UsePages(config);
  // A new key comes with a new certificate.
  return material.tls.certificate == certificate_ ? absl::OkStatus() : Serve(server_->address(), material);
}

void AdminPort::UsePages(const config::Admin& config) {
  auto pages = std::make_shared<const admin::Pages>(
      config.token, admin::Sources{.stuck = [this] { return StuckIn(sources_.health()); },
                                   .readiness = [this] { return ReadinessOf(sources_.health()); },
                                   .metrics = [this] { return MetricsOf(sources_.snapshot()); },
                                   .status = [this] { return StatusJson(sources_.snapshot()); },
                                   .calls = [this](const auto& query) { return CallsPage(query); },
                                   .try_it = config.try_it ? sources_.try_it : nullptr,
                                   .drain = sources_.drain,
                                   .log = log_});
  const MutexLock lock(&mutex_);
  pages_ = std::move(pages);
}

std::optional<std::string> AdminPort::CallsPage(const std::map<std::string, std::string>& query) const {
  const std::optional<std::vector<call::RecentCall>> calls = sources_.calls();
  if (!calls) return std::nullopt;
  return CallsJson(*calls, query);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): it may be the address of the server that ends
absl::Status AdminPort::Serve(std::string address, const Material& material) {
  server_.reset();  // it listens on the same address
  ASSIGN_OR_RETURN(auto listener, listen::Listener::Open(address, clock_, log_));
  ASSIGN_OR_RETURN(
      server_, admin::HttpServer::Start(std::move(listener), material.tls.certificate.empty() ? nullptr : &material.tls,
                                        [this](const auto& request) { return Answer(request); }));
  certificate_ = material.tls.certificate;
  return absl::OkStatus();
}

admin::HttpResponse AdminPort::Answer(const admin::HttpRequest& request) const {
  std::shared_ptr<const admin::Pages> pages;
  {
    const MutexLock lock(&mutex_);
    pages = pages_;
  }
  return pages->Answer(request);
}

}  // namespace interaction::app
