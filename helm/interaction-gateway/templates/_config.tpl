{{/* The configuration as the chart makes it, before .Values.config. */}}
{{- define "gateway.chartConfig" -}}
server:
  listen: "[::]:50051"
  {{- if include "gateway.isOpen" . }}
  insecure: true
  {{- end }}
  {{- if .Values.tls.enabled }}
  tls_cert_file: /etc/interaction-gateway/tls/tls.crt
  tls_key_file: /etc/interaction-gateway/tls/tls.key
  {{- if .Values.tls.clientCaConfigMap }}
  tls_client_ca_file: /etc/interaction-gateway/client-ca/ca.crt
  tls_client_certificates: {{ .Values.tls.clientCertificates }}
  {{- end }}
  {{- end }}
admin:
  listen: "[::]:{{ .Values.admin.port }}"
  token_file: /etc/interaction-gateway/admin/token
log:
  format: json
{{- if .Values.callers.policy }}
callers:
  policy_file: /etc/interaction-gateway/config/policy.yaml
  {{- if .Values.callers.apiKeys }}
  api_keys_file: /etc/interaction-gateway/config/api-keys.yaml
  {{- end }}
{{- end }}
{{- if .Values.sandbox.enabled }}
seethepro:
  base_url: http://{{ include "gateway.fullname" . }}-sandbox:8080
  app_access_key_file: /etc/interaction-gateway/secrets/seethepro-app-access-key
wolkvox:
  base_url: http://{{ include "gateway.fullname" . }}-sandbox:8080
  default_server: "0042"
  token_files:
    "": /etc/interaction-gateway/secrets/wolkvox-token
{{- else }}
{{- with .Values.secrets.files.seetheproAppAccessKey }}
seethepro:
  app_access_key_file: {{ include "gateway.secretFile" . }}
{{- end }}
{{- with .Values.secrets.files.wolkvoxTokens }}
wolkvox:
  token_files:
    {{- range $server, $file := . }}
    {{ $server | quote }}: {{ include "gateway.secretFile" $file }}
    {{- end }}
{{- end }}
{{- end }}
{{- if include "gateway.hasRedis" . }}
idempotency:
  store: redis
redis:
  replicas: {{ include "gateway.maxReplicas" . }}
  {{- if .Values.redis.trial.enabled }}
  address: {{ include "gateway.fullname" . }}-redis:6379
  digest_key_file: /etc/interaction-gateway/redis/digest-key
  {{- else }}
  {{- with .Values.redis.address }}
  address: {{ . | quote }}
  {{- end }}
  {{- with .Values.redis.sentinels }}
  sentinels: {{ toJson . }}
  sentinel_primary: {{ $.Values.redis.sentinelPrimary | quote }}
  {{- end }}
  {{- with .Values.redis.username }}
  username: {{ . | quote }}
  {{- end }}
  {{- if .Values.redis.tls }}
  tls: true
  {{- end }}
  {{- with .Values.secrets.files.redisPassword }}
  password_file: {{ include "gateway.secretFile" . }}
  {{- end }}
  digest_key_file: {{ include "gateway.secretFile" .Values.secrets.files.redisDigestKey }}
  {{- end }}
{{- end }}
egress:
  {{- if .Values.sandbox.enabled }}
  allow_plaintext: true
  allow_private: true
  {{- end }}
  proxy: {{ .Values.egressProxy.url | quote }}
  no_proxy: {{ .Values.egressProxy.noProxy | quote }}
{{- end -}}

{{/* The configuration in effect. */}}
{{- define "gateway.config" -}}
{{- toYaml (mergeOverwrite (include "gateway.chartConfig" . | fromYaml) (deepCopy .Values.config)) -}}
{{- end -}}

{{/* Everything of the ConfigMap. */}}
{{- define "gateway.configData" -}}
interaction-server.yaml: |
  {{- include "gateway.config" . | nindent 2 }}
{{- if .Values.callers.policy }}
policy.yaml: |
  {{- toYaml .Values.callers.policy | nindent 2 }}
{{- end }}
{{- if .Values.callers.apiKeys }}
api-keys.yaml: |
  {{- toYaml (dict "api_keys" .Values.callers.apiKeys) | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Seconds from SIGTERM, or from preStop, to SIGKILL: the delay, the calls in flight, and 10 s for what comes then. */}}
{{- define "gateway.gracePeriod" -}}
{{- $calls := (include "gateway.config" . | fromYaml).calls | default dict -}}
{{- $delay := include "gateway.seconds" ($calls.drain_delay | default "5s") | int -}}
{{- $timeout := include "gateway.seconds" ($calls.drain_timeout | default "1m5s") | int -}}
{{- .Values.shutdown.terminationGracePeriodSeconds | default (add $delay $timeout .Values.shutdown.preStopSleepSeconds 10) -}}
{{- end -}}
