{{/* Names and labels. */}}
{{- define "gateway.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "gateway.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gateway
{{- end -}}

{{/* Labels of an object. Takes {root, component}. */}}
{{- define "gateway.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component | default "gateway" }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "gateway.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "gateway.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "gateway.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{/* "true" where a Redis is shared by the replicas. */}}
{{- define "gateway.hasRedis" -}}
{{- if or .Values.redis.address .Values.redis.sentinels .Values.redis.trial.enabled -}}true{{- end -}}
{{- end -}}

{{- define "gateway.isOpen" -}}
{{- if or .Values.callers.insecure (and .Values.sandbox.enabled (not .Values.callers.policy)) -}}true{{- end -}}
{{- end -}}

{{- define "gateway.replicas" -}}
{{- if not (kindIs "invalid" .Values.replicaCount) -}}{{ .Values.replicaCount }}
{{- else if include "gateway.hasRedis" . -}}2
{{- else -}}1
{{- end -}}
{{- end -}}

{{/* How many replicas there are at most, the surge of a rollout included: redis.replicas of the gateway. */}}
{{- define "gateway.maxReplicas" -}}
{{- $most := int (include "gateway.replicas" .) -}}
{{- if .Values.autoscaling.enabled }}{{ $most = int .Values.autoscaling.maxReplicas }}{{ end -}}
{{- if .Values.keda.enabled }}{{ $most = int .Values.keda.maxReplicas }}{{ end -}}
{{ add $most 1 }}
{{- end -}}

{{/* A time such as 1m5s or 500ms as whole seconds, rounded up. */}}
{{- define "gateway.seconds" -}}
{{- $milliseconds := 0.0 -}}
{{- range regexFindAll "[0-9.]+(h|ms|us|m|s)" (toString .) -1 -}}
{{- $number := regexFind "[0-9.]+" . | float64 -}}
{{- $unit := regexFind "[a-z]+" . -}}
{{- $milliseconds = addf $milliseconds (mulf $number (get (dict "h" 3600000.0 "m" 60000.0 "s" 1000.0 "ms" 1.0 "us" 0.001) $unit)) -}}
{{- end -}}
{{ divf $milliseconds 1000.0 | ceil | int }}
{{- end -}}

{{- define "gateway.secretName" -}}
{{ .Values.secrets.existingSecret | default (printf "%s-secrets" (include "gateway.fullname" .)) }}
{{- end -}}

{{- define "gateway.adminSecretName" -}}
{{ .Values.admin.existingSecret | default (printf "%s-admin" (include "gateway.fullname" .)) }}
{{- end -}}

{{- define "gateway.tlsSecretName" -}}
{{ .Values.tls.secretName | default (printf "%s-tls" (include "gateway.fullname" .)) }}
{{- end -}}

{{/* The path of a file of the Secret. */}}
{{- define "gateway.secretFile" -}}
/etc/interaction-gateway/secrets/{{ . }}
{{- end -}}

{{/* Of Istio's proxy. A native sidecar is started first by kubelet, so that nothing has to be held; any ends when no connection is left. */}}
{{- define "gateway.istioProxyConfig" -}}
{{- $drain := dict "terminationDrainDuration" (printf "%ss" (include "gateway.gracePeriod" .)) "proxyMetadata" (dict "EXIT_ON_ZERO_ACTIVE_CONNECTIONS" "true") -}}
{{- $hold := ternary dict (dict "holdApplicationUntilProxyStarts" true) (eq (toString .Values.istio.nativeSidecar) "true") -}}
{{- merge $hold $drain | toJson -}}
{{- end -}}
