{{/* What every pod has: no token, no names of other services, as little as possible. */}}
{{- define "freehold.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "freehold.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* A container that asks the service for something and ends. */}}
{{- define "freehold.asking" -}}
image: {{ include "freehold.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "freehold.containerSecurity" . | nindent 2 }}
resources:
  requests:
    cpu: 100m
    memory: 100Mi
    ephemeral-storage: 16Mi
  limits:
    cpu: 100m
    memory: 100Mi
    ephemeral-storage: 16Mi
{{- end -}}

{{/* The one container of the service. */}}
{{- define "freehold.container" -}}
{{- $v := .Values -}}
image: {{ include "freehold.image" . }}
imagePullPolicy: {{ $v.image.pullPolicy }}
args:
  - serve
  {{- if $v.evaluation.enabled }}
  - --evaluation
  {{- if $v.evaluation.sample }}
  - --sample
  {{- end }}
  {{- end }}
securityContext:
  {{- include "freehold.containerSecurity" . | nindent 2 }}
{{- if not $v.evaluation.enabled }}
ports:
  - name: https
    containerPort: 8443
    protocol: TCP
  {{- if $v.metrics.enabled }}
  - name: metrics
    containerPort: 9464
    protocol: TCP
  {{- end }}
{{- end }}
{{- include "freehold.probes" . }}
resources:
  {{- toYaml $v.resources | nindent 2 }}
volumeMounts:
  - name: data
    mountPath: /data
  # What is read as ./config/freehold.toml.
  - name: config
    mountPath: /config
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- if eq $v.tls.source "secret" }}
  - name: tls
    mountPath: /etc/freehold/tls
    readOnly: true
  {{- end }}
  {{- if $v.trustedRoots.configMap }}
  - name: roots
    mountPath: /etc/ssl/certs
    readOnly: true
  {{- end }}
  {{- range $v.secrets }}
  - name: {{ printf "secret-%s" (. | replace "." "-") | trunc 63 }}
    mountPath: /etc/freehold/secrets/{{ . }}
    readOnly: true
  {{- end }}
{{- end -}}

{{/* Alive is: it answers at all, were it only that it has no certificate to show, which a kubelet would
     take for silence: hence a command, which reads no file. Ready is: its database, keys and certificate
     are there. Neither is asked before it has started, which may take as long as a migration. */}}
{{- define "freehold.probes" -}}
{{- $v := .Values }}
{{- $at := ternary "http://127.0.0.1:8080" "https://127.0.0.1:8443" $v.evaluation.enabled }}
startupProbe:
  exec:
    command: [/freehold, healthcheck, --alive, --url, {{ $at | quote }}]
  periodSeconds: 5
  timeoutSeconds: 6
  failureThreshold: {{ div (int $v.startupSeconds) 5 }}
livenessProbe:
  exec:
    command: [/freehold, healthcheck, --alive, --url, {{ $at | quote }}]
  periodSeconds: 20
  timeoutSeconds: 6
  failureThreshold: 3
readinessProbe:
  {{- if $v.evaluation.enabled }}
  exec:
    command: [/freehold, healthcheck]
  {{- else }}
  httpGet:
    path: /readyz
    port: https
    scheme: HTTPS
  {{- end }}
  periodSeconds: 10
  timeoutSeconds: 6
  failureThreshold: 3
{{- end -}}

{{- define "freehold.volumes" -}}
{{- $v := .Values -}}
- name: config
  configMap:
    name: {{ include "freehold.name" . }}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- if eq $v.tls.source "secret" }}
- name: tls
  secret:
    secretName: {{ $v.tls.secretName }}
    defaultMode: 288 # 0440
    optional: false
{{- end }}
{{- if $v.trustedRoots.configMap }}
- name: roots
  configMap:
    name: {{ $v.trustedRoots.configMap }}
{{- end }}
{{- range $v.secrets }}
- name: {{ printf "secret-%s" (. | replace "." "-") | trunc 63 }}
  secret:
    secretName: {{ . }}
    defaultMode: 288 # 0440
    optional: false
{{- end }}
{{- end -}}
