{{/* The settings in effect, as YAML: `config` with what the chart itself decides. */}}
{{- define "freehold.settings" -}}
{{- $all := deepCopy (.Values.config | default dict) -}}
{{- $server := deepCopy ($all.server | default dict) -}}
{{- if .Values.evaluation.enabled -}}
{{- $_ := set $server "listen" (list "localhost:8080") -}}
{{- else -}}
{{- $_ := set $server "listen" (list "*:8443") -}}
{{- if eq .Values.tls.source "secret" -}}
{{- $_ := set $server "tls" (dict "certificate" "/etc/freehold/tls/tls.crt" "key" "/etc/freehold/tls/tls.key") -}}
{{- else -}}
{{- $_ := set $server "tls" (dict "key_vault_certificate" .Values.tls.keyVaultCertificate) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $all "server" $server -}}
{{- $_ := set $all "store" (merge (dict "data" "/data") ($all.store | default dict)) -}}
{{- $_ := set $all "log" (merge (deepCopy ($all.log | default dict)) (dict "format" "json")) -}}
{{- if .Values.workloadIdentity.enabled -}}
{{- $_ := set $all "azure" (merge (dict "identity" "workload") ($all.azure | default dict)) -}}
{{- end -}}
{{- $telemetry := deepCopy ($all.telemetry | default dict) -}}
{{- if .Values.metrics.enabled -}}
{{- $_ := set $telemetry "metrics_listen" "*:9464" -}}
{{- end -}}
{{- if .Values.collector.endpoint -}}
{{- $_ := set $telemetry "otlp_endpoint" .Values.collector.endpoint -}}
{{- end -}}
{{- if $telemetry -}}
{{- $_ := set $all "telemetry" $telemetry -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* A value as TOML; numbers of YAML may be floats here, and no setting is one. */}}
{{- define "freehold.toml" -}}
{{- if kindIs "map" . -}}
{ {{- $first := true }}{{ range $key, $value := . }}{{ if not $first }},{{ end }} {{ $key }} = {{ include "freehold.toml" $value }}{{ $first = false }}{{ end }} }
{{- else if kindIs "slice" . -}}
[{{ range $index, $value := . }}{{ if $index }}, {{ end }}{{ include "freehold.toml" $value }}{{ end }}]
{{- else if kindIs "string" . -}}
{{ toJson . }}
{{- else if kindIs "bool" . -}}
{{ . }}
{{- else -}}
{{ int64 . }}
{{- end -}}
{{- end -}}

{{/* The configuration file: a section for each of its tables, deeper tables on one line. */}}
{{- define "freehold.file" -}}
# Made by the chart from `config`; what it means: docs/configuration.md.
{{- range $section, $keys := include "freehold.settings" . | fromYaml }}

[{{ $section }}]
{{- range $key, $value := $keys }}
{{ $key }} = {{ include "freehold.toml" $value }}
{{- end }}
{{- end }}
{{- end -}}
