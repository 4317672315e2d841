{{/* What values.schema.json cannot say: values that contradict each other. Each message names the values and what would be right. */}}
{{- define "gateway.check" -}}
{{- $replicas := int (include "gateway.replicas" .) -}}
{{- $scales := or .Values.autoscaling.enabled .Values.keda.enabled -}}
{{- if not (or .Values.callers.policy (include "gateway.isOpen" .)) -}}
{{- fail "callers.policy is empty, so nobody could call. Say who may call what in callers.policy (docs/callers.md); or set callers.insecure=true if a mesh or the network keeps others out; or try it with sandbox.enabled=true" -}}
{{- end -}}
{{- if and .Values.callers.policy .Values.callers.insecure -}}
{{- fail "callers.policy and callers.insecure=true contradict each other: leave one of them out" -}}
{{- end -}}
{{- if and .Values.callers.apiKeys (not .Values.callers.policy) -}}
{{- fail "callers.apiKeys needs callers.policy: without a policy nobody is asked for a key" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled -}}
{{- fail "autoscaling.enabled and keda.enabled: only one of them may scale the Deployment" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- fail (printf "autoscaling.minReplicas is %v, which is more than autoscaling.maxReplicas, %v" .Values.autoscaling.minReplicas .Values.autoscaling.maxReplicas) -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (not (or .Values.autoscaling.targetCPUUtilizationPercentage .Values.autoscaling.targetCallsInFlight)) -}}
{{- fail "autoscaling.enabled needs autoscaling.targetCPUUtilizationPercentage or autoscaling.targetCallsInFlight" -}}
{{- end -}}
{{- if and .Values.keda.enabled (not .Values.keda.prometheusAddress) -}}
{{- fail "keda.enabled needs keda.prometheusAddress, such as http://prometheus.monitoring:9090" -}}
{{- end -}}
{{- if and (or (gt $replicas 1) $scales) (not (include "gateway.hasRedis" .)) -}}
{{- if ne (dig "idempotency" "store" "memory" .Values.config) "none" -}}
{{- fail (printf "%s without a Redis: each replica would remember request_ids for itself, and a repeated call could open a second interaction. Set redis.address (or redis.sentinels, or redis.trial.enabled for a trial), or replicaCount=1, or config.idempotency.store=none, which refuses request_ids" (ternary "autoscaling" (printf "replicaCount is %d" $replicas) $scales)) -}}
{{- end -}}
{{- end -}}
{{- $redises := 0 -}}
{{- range list .Values.redis.address .Values.redis.sentinels .Values.redis.trial.enabled }}{{ if . }}{{ $redises = add1 $redises }}{{ end }}{{ end -}}
{{- if gt (int $redises) 1 -}}
{{- fail "redis.address, redis.sentinels and redis.trial.enabled: only one of them may be set" -}}
{{- end -}}
{{- if and .Values.redis.sentinels (not .Values.redis.sentinelPrimary) -}}
{{- fail "redis.sentinels needs redis.sentinelPrimary, what the Sentinels call the primary" -}}
{{- end -}}
{{- if and (or .Values.redis.address .Values.redis.sentinels) (not .Values.secrets.files.redisDigestKey) -}}
{{- fail "secrets.files.redisDigestKey is empty: name the file of the Secret with 32 or more random characters (openssl rand -hex 32), the same for all replicas" -}}
{{- end -}}
{{- $sources := 0 -}}
{{- range list .Values.secrets.existingSecret .Values.secrets.values .Values.secrets.externalSecret.enabled .Values.secrets.csi.enabled }}{{ if . }}{{ $sources = add1 $sources }}{{ end }}{{ end -}}
{{- if gt (int $sources) 1 -}}
{{- fail "secrets.existingSecret, .values, .externalSecret.enabled and .csi.enabled: only one of them may be used" -}}
{{- end -}}
{{- if and .Values.sandbox.enabled (gt (int $sources) 0) -}}
{{- fail "sandbox.enabled makes secrets of its own, so that no real one meets the sandbox: leave out secrets.*" -}}
{{- end -}}
{{- $files := compact (concat (list .Values.secrets.files.seetheproAppAccessKey .Values.secrets.files.redisPassword .Values.secrets.files.redisDigestKey) (values .Values.secrets.files.wolkvoxTokens)) -}}
{{- if and $files (eq (int $sources) 0) (not .Values.sandbox.enabled) -}}
{{- fail (printf "secrets.files names %s, but there is no Secret: set secrets.existingSecret, .values, .externalSecret or .csi" (first $files)) -}}
{{- end -}}
{{- if .Values.secrets.values -}}
{{- range $files }}{{ if not (hasKey $.Values.secrets.values .) }}{{ fail (printf "secrets.files names %s, which is not among secrets.values: %s" . (keys $.Values.secrets.values | sortAlpha | join ", ")) }}{{ end }}{{ end -}}
{{- end -}}
{{- if and .Values.secrets.csi.enabled (not .Values.secrets.csi.secretProviderClass) -}}
{{- fail "secrets.csi.enabled needs secrets.csi.secretProviderClass" -}}
{{- end -}}
{{- if and .Values.secrets.externalSecret.enabled (not (and .Values.secrets.externalSecret.secretStoreRef .Values.secrets.externalSecret.remoteRefs)) -}}
{{- fail "secrets.externalSecret.enabled needs secrets.externalSecret.secretStoreRef and .remoteRefs" -}}
{{- end -}}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.enabled) -}}
{{- fail "tls.certManager.enabled needs tls.enabled=true: nothing would use the certificate" -}}
{{- end -}}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.certManager.issuerRef) -}}
{{- fail "tls.certManager.enabled needs tls.certManager.issuerRef, such as {name: ca, kind: ClusterIssuer}" -}}
{{- end -}}
{{- if and .Values.tls.clientCaConfigMap (not .Values.tls.enabled) -}}
{{- fail "tls.clientCaConfigMap needs tls.enabled=true" -}}
{{- end -}}
{{- if and (eq .Values.probes "grpc") .Values.tls.enabled -}}
{{- fail "probes=grpc and tls.enabled: kubelet's gRPC probes know no TLS; use probes=admin" -}}
{{- end -}}
{{- if and (eq .Values.probes "grpc") .Values.linkerd.enabled .Values.linkerd.authorizedIdentities -}}
{{- fail "probes=grpc and linkerd.authorizedIdentities: Linkerd lets kubelet's probes through by HTTP only; use probes=admin" -}}
{{- end -}}
{{- if and .Values.istio.authorizationPolicy.enabled (not .Values.istio.authorizationPolicy.rules) -}}
{{- fail "istio.authorizationPolicy.enabled needs istio.authorizationPolicy.rules: without one nobody could call" -}}
{{- end -}}
{{- if and .Values.grpcRoute.enabled (not .Values.grpcRoute.parentRefs) -}}
{{- fail "grpcRoute.enabled needs grpcRoute.parentRefs, such as [{name: my-gateway}]" -}}
{{- end -}}
{{- if and .Values.istio.enabled .Values.linkerd.enabled -}}
{{- fail "istio.enabled and linkerd.enabled: a Pod belongs to one mesh" -}}
{{- end -}}
{{- end -}}
