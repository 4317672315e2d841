"""Envoy in front of the Pods, and in them: its configuration."""
import json

from envoy import ISTIO_RETRIES, WITHOUT_LIMIT, TYPES

RETRIES_OFF = {}
HTTP2 = {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": f"{TYPES}.upstreams.http.v3.HttpProtocolOptions", "explicit_http_config": {"http2_protocol_options": {}}}}
HEALTH = [{"timeout": "1s", "interval": "1s", "no_traffic_interval": "1s", "unhealthy_threshold": 2, "healthy_threshold": 1,
           "grpc_health_check": {}}]
# Of a certificate and its authority: kubelet's link ..data moves when they are renewed.
SECRETS = ("certificate", "authority")


def secrets_file(folder):
    """What Envoy reads its certificate and its authority from; the files tls.crt, tls.key and ca.crt are in the folder."""
    watched = {"path": folder}
    kind = f"{TYPES}.transport_sockets.tls.v3.Secret"
    return {
        "certificate.json": json.dumps({"resources": [{"@type": kind, "name": "certificate", "tls_certificate": {
            "certificate_chain": {"filename": f"{folder}/tls.crt"}, "private_key": {"filename": f"{folder}/tls.key"},
            "watched_directory": watched}}]}),
        "authority.json": json.dumps({"resources": [{"@type": kind, "name": "authority", "validation_context": {
            "trusted_ca": {"filename": f"{folder}/ca.crt"}, "watched_directory": watched}}]}),
    }


def tls_context(side, folder, **more):
    certificate, authority = ({"name": name, "sds_config": {"resource_api_version": "V3", "path_config_source": {
        "path": f"{folder}/{name}.json", "watched_directory": {"path": folder}}}} for name in SECRETS)
    return {"name": "envoy.transport_sockets.tls", "typed_config": {
        "@type": f"{TYPES}.transport_sockets.tls.v3.{side}TlsContext", **more,
        "common_tls_context": {"alpn_protocols": ["h2"], "tls_certificate_sds_secret_configs": [certificate],
                               "validation_context_sds_secret_config": authority}}}


def socket_address(address, port):
    return {"socket_address": {"address": address, "port_value": port}}


def listener(name, address, cluster, retry_policy, tls=None, **connections):
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": name,
        "common_http_protocol_options": connections,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "0s", "retry_policy": retry_policy}}]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": f"{TYPES}.filters.http.router.v3.Router"}}],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    if tls:
        chain["transport_socket"] = tls
    return {"name": name, "address": address, "filter_chains": [chain]}


def limits():
    return {"thresholds": [dict.fromkeys(("max_connections", "max_pending_requests", "max_requests", "max_retries"), WITHOUT_LIMIT)]}


def endpoints_file(addresses, port):
    """What the Envoy in front reads the Pods' addresses from."""
    return json.dumps({"resources": [{
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment", "cluster_name": "gateway",
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket_address(address, port)}} for address in addresses]}]}]})


def outliers(rule):
    """What Istio makes of the DestinationRule."""
    policy = rule["spec"]["trafficPolicy"]["outlierDetection"]
    return {"split_external_local_origin_errors": policy["splitExternalLocalOriginErrors"], "enforcing_consecutive_5xx": 0,
            "consecutive_local_origin_failure": policy["consecutiveLocalOriginFailures"], "enforcing_consecutive_local_origin_failure": 100,
            "interval": policy["interval"], "base_ejection_time": policy["baseEjectionTime"], "max_ejection_percent": policy["maxEjectionPercent"]}


def retries(service):
    """What Istio makes of the VirtualService."""
    attempts = service["spec"]["http"][0]["retries"]["attempts"]
    return ISTIO_RETRIES | {"num_retries": attempts} if attempts else RETRIES_OFF


def in_front(port, folder, certificates, name, outlier_detection, retry_policy, health):
    """An Envoy that callers reach without TLS on this port, and that calls the Pods with its certificate. folder: of endpoints.json;
    name: of the Pods' certificate; health: whether it asks for it itself, as an edge does and Istio does not."""
    cluster = {
        "name": "gateway", "type": "EDS", "connect_timeout": "3s", "lb_policy": "LEAST_REQUEST", "typed_extension_protocol_options": HTTP2,
        "eds_cluster_config": {"eds_config": {"resource_api_version": "V3", "path_config_source": {
            "path": f"{folder}/endpoints.json", "watched_directory": {"path": folder}}}},
        "circuit_breakers": limits(), "outlier_detection": outlier_detection, "ignore_health_on_host_removal": True,
        "transport_socket": tls_context("Upstream", certificates, sni=name),
    }
    if health:
        cluster["health_checks"] = HEALTH
    # Callers' connections have an age, too, as at an edge.
    return {"admin": {"address": {"pipe": {"path": f"{folder}/front.sock"}}}, "node": {"id": "front", "cluster": "front"}, "static_resources": {
        "listeners": [listener("front", socket_address("127.0.0.1", port), "gateway", retry_policy, max_connection_duration="20s")],
        "clusters": [cluster]}}


def beside_the_caller(port, folder, edge, retry_policy):
    """The sidecar of a caller, which calls the edge at this port of 127.0.0.1, in plaintext as callers do here."""
    cluster = {"name": "gateway", "type": "STATIC", "connect_timeout": "3s", "typed_extension_protocol_options": HTTP2,
               "circuit_breakers": limits(), "load_assignment": {"cluster_name": "gateway", "endpoints": [
                   {"lb_endpoints": [{"endpoint": {"address": socket_address("127.0.0.1", edge)}}]}]}}
    return {"admin": {"address": {"pipe": {"path": f"{folder}/caller.sock"}}}, "node": {"id": "caller", "cluster": "caller"}, "static_resources": {
        "listeners": [listener("outbound", socket_address("127.0.0.1", port), "gateway", retry_policy)], "clusters": [cluster]}}


def in_the_pod(certificates):
    """The sidecar of a Pod, as a container of a manifest: it ends TLS and calls the gateway beside it."""
    pod = "$(POD_IP)"
    cluster = {"name": "gateway", "type": "STATIC", "connect_timeout": "1s", "typed_extension_protocol_options": HTTP2,
               "circuit_breakers": limits(), "load_assignment": {"cluster_name": "gateway", "endpoints": [
                   {"lb_endpoints": [{"endpoint": {"address": socket_address(pod, 50051)}}]}]}}
    config = {"admin": {"address": socket_address(pod, 15000)}, "node": {"id": pod, "cluster": "gateway"}, "static_resources": {
        "listeners": [listener("inbound", socket_address(pod, 15006), "gateway", RETRIES_OFF,
                               tls_context("Downstream", certificates, require_client_certificate=True))],
        "clusters": [cluster]}}
    return {"name": "envoy", "image": "envoy", "restartPolicy": "Always", "command": ["envoy"],
            "args": ["--config-yaml", json.dumps(config), "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"],
            "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            "ports": [{"name": "admin", "containerPort": 15000}],
            "startupProbe": {"httpGet": {"path": "/ready", "port": "admin"}, "periodSeconds": 1, "failureThreshold": 30},
            "readinessProbe": {"httpGet": {"path": "/ready", "port": "admin"}, "periodSeconds": 2, "failureThreshold": 2},
            "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
            "volumeMounts": [{"name": "mesh", "mountPath": certificates, "readOnly": True}]}
