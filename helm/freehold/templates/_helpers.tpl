{{/* The name of everything that belongs to the release. */}}
{{- define "freehold.name" -}}
{{- if contains "freehold" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-freehold" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that never change: by them things are found again after an upgrade. */}}
{{- define "freehold.selector" -}}
app.kubernetes.io/name: freehold
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "freehold.labels" -}}
{{ include "freehold.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end -}}

{{- define "freehold.meta" -}}
name: {{ include "freehold.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "freehold.labels" . | nindent 2 }}
{{- end -}}

{{- define "freehold.image" -}}
{{- $image := .Values.image -}}
{{- $of := printf "%s/%s" $image.registry $image.repository -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $of $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $of ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* What the restricted Pod Security Standard asks of a pod, and more. */}}
{{- define "freehold.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "freehold.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}
