#include "server/app/options.h"

namespace interaction::app {
namespace {

seethepro::WireFormat ToWireFormat(config::WireFormat format) {
  switch (format) {
    case config::WireFormat::kJson:
      return seethepro::WireFormat::kJson;
    case config::WireFormat::kXml:
      return seethepro::WireFormat::kXml;
    case config::WireFormat::kForm:
      return seethepro::WireFormat::kForm;
  }
  return seethepro::WireFormat::kJson;
}

bool AllowsCallerCredentials(const config::Upstream& upstream) {
  return upstream.caller_credentials == config::CallerCredentials::kAllow;
}

}  // namespace

http::ClientOptions HttpClientOptions(const config::Config& config) {
  // Admission bounds the calls in flight, so a lane never needs more connections than that.
  return {.max_connections = config.calls.max_in_flight};
}

http::EndpointOptions EndpointOptions(const config::Config& config, const config::Upstream& upstream) {
  const config::Egress& egress = config.egress;
  return {
      .connect_timeout = upstream.connect_timeout,
      .max_idle = upstream.max_idle,
      .max_lifetime = upstream.max_lifetime,
      .reuse_connections = upstream.reuse_connections,
      .max_response_bytes = static_cast<size_t>(upstream.max_response_bytes),
      .allow_plaintext = egress.allow_plaintext,
      .address_policy = {.allow_loopback = egress.allow_loopback, .allow_private = egress.allow_private},
      .ca_file = egress.ca_file,
      .client_cert_file = egress.client_cert_file,
      .client_key_file = egress.client_key_file,
      .proxy = egress.proxy,
      .no_proxy = egress.no_proxy,
  };
}

rpc::MethodOptions MethodOptions(const config::Config& config, const config::Upstream& upstream) {
  return {
      .deadline = {.default_deadline = config.calls.default_deadline, .max_deadline = upstream.max_deadline},
      .propagate_b3 = config.egress.propagate_b3,
  };
}

seethepro::Options SeeTheProOptions(const config::Config& config) {
  return {
      .base_url = config.seethepro.base_url,
      .wire_format = ToWireFormat(config.seethepro.wire_format),
      .app_access_key = config.seethepro.app_access_key,
      .allow_caller_credentials = AllowsCallerCredentials(config.seethepro.upstream),
  };
}

wolkvox::Options WolkvoxOptions(const config::Config& config) {
  return {
      .base_url = config.wolkvox.base_url,
      .default_server = config.wolkvox.default_server,
      .allowed_servers = config.wolkvox.allowed_servers,
      .send_server_header = config.wolkvox.send_server_header,
      .tokens = config.wolkvox.tokens,
      .allow_caller_credentials = AllowsCallerCredentials(config.wolkvox.upstream),
  };
}

}  // namespace interaction::app
