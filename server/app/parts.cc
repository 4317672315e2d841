#include "server/app/parts.h"

#include <string.h>

#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/app/options.h"
#include "server/base/status_macros.h"
#include "server/config/files.h"
#include "server/records/digest.h"
#include "server/upstream/seethepro/translator.h"
#include "server/upstream/translated_method.h"
#include "server/upstream/wolkvox/translator.h"

namespace interaction::app {
namespace {

constexpr size_t kMaxPemBytes = 4 << 20;

template <typename Translator>
std::shared_ptr<const upstream::Upstream> MakeUpstream(std::string rpc, std::unique_ptr<Translator> translator,
                                                       const upstream::UpstreamOptions& options) {
  auto made = std::make_shared<upstream::Upstream>();
  made->name = std::string(translator->name());
  made->rpc = std::move(rpc);
  made->method = upstream::MakeMethod(std::move(translator));
  made->options = options;
  return made;
}

absl::StatusOr<rpc::Upstreams> MakeUpstreams(const config::Config& config) {
  ASSIGN_OR_RETURN(auto seethepro, seethepro::Translator::Create(SeeTheProOptions(config)));
  ASSIGN_OR_RETURN(auto wolkvox, wolkvox::Translator::Create(WolkvoxOptions(config)));
  return rpc::Upstreams{
      .create_vsp = MakeUpstream("CreateVspInteraction", std::move(seethepro),
                                 UpstreamOptions(config, config.seethepro.upstream)),
      .add_wolkvox =
          MakeUpstream("AddWolkvoxInteraction", std::move(wolkvox), UpstreamOptions(config, config.wolkvox.upstream)),
  };
}

// By which it is seen whether the files have other contents: Kubernetes replaces all files of a volume when one of them
// changes.
std::string DigestsOf(std::initializer_list<std::string> paths) {
  std::string digests;
  for (const std::string& path : paths) {
    std::string content = path.empty() ? "" : config::ReadFile(path, kMaxPemBytes).value_or("");
    absl::StrAppend(&digests, path, "\n", records::BytesOf(records::Sha256({content})));
    explicit_bzero(content.data(), content.size());  // it may be a key
  }
  return digests;
}

absl::Status MakeClientTls(const config::Config& config, const Parts* previous, absl::Time now, Parts* parts) {
  const tls::ClientFiles files = UpstreamTlsFiles(config);
  parts->client_tls_digest = DigestsOf({files.ca, files.certificate, files.key});
  std::shared_ptr<const tls::ClientContext> tls;
  if (previous != nullptr && previous->client_tls_digest == parts->client_tls_digest) {
    tls = previous->seethepro.tls;
  } else {
    ASSIGN_OR_RETURN(tls, tls::ClientContext::Create(files, now));
  }
  parts->seethepro = EndpointOptions(config, config.seethepro.upstream, tls);
  parts->wolkvox = EndpointOptions(config, config.wolkvox.upstream, tls);
  return absl::OkStatus();
}

absl::Status MakeServerTls(const config::Config& config, const Parts* previous, absl::Time now, Parts* parts) {
  const tls::ServerFiles files = ServerTlsFiles(config);
  if (files.certificate.empty()) return absl::OkStatus();
  parts->client_ca_digest = absl::StrCat(DigestsOf({files.client_ca}), files.client_certificate_required);
  parts->server_tls_digest = absl::StrCat(DigestsOf({files.certificate, files.key}), parts->client_ca_digest);
  if (previous != nullptr && previous->server_tls_digest == parts->server_tls_digest) {
    parts->server_tls = previous->server_tls;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(parts->server_tls, tls::ServerContext::Create(files, now));
  return absl::OkStatus();
}

absl::Status CheckKeySet(const auth::Access& access) {
  if (!access.tokens || access.key_set.empty()) return absl::OkStatus();
  return auth::TokenVerifier::Create(*access.tokens, access.key_set).status();
}

absl::Status MakeAccess(const config::Config& config, const Parts* previous, Parts* parts) {
  const auth::Access* const before = previous == nullptr ? nullptr : previous->access.get();
  ASSIGN_OR_RETURN(auth::Access access, AccessOptions(config, before));
  RETURN_IF_ERROR(CheckKeySet(access));
  parts->access = std::make_shared<const auth::Access>(std::move(access));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Parts> MakeParts(const config::Config& config, const Parts* previous, absl::Time now) {
  Parts parts;
  ASSIGN_OR_RETURN(parts.upstreams, MakeUpstreams(config));
  RETURN_IF_ERROR(MakeClientTls(config, previous, now, &parts));
  RETURN_IF_ERROR(MakeServerTls(config, previous, now, &parts));
  RETURN_IF_ERROR(MakeAccess(config, previous, &parts));
  ASSIGN_OR_RETURN(parts.redis_tls, MakeRedisTls(config, now));
  return parts;
}

absl::StatusOr<std::shared_ptr<const auth::Access>> WithKeySet(const auth::Access& access, std::string key_set) {
  auth::Access next = access;
  next.key_set = std::move(key_set);
  RETURN_IF_ERROR(CheckKeySet(next));
  return std::make_shared<const auth::Access>(std::move(next));
}

}  // namespace interaction::app
