{{/* Variables that say where a Pod is: the SDK and the Collector make resource attributes of them. */}}
{{- define "inferometer.podEnv" -}}
- name: K8S_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: K8S_POD_UID
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
- name: K8S_POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: K8S_NAMESPACE_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: K8S_NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
{{- end -}}

{{- define "inferometer.serverEnv" -}}
{{- $s := .Values.server -}}
- name: INFEROMETER_CONFIG
  value: /etc/inferometer/inferometer.yaml
- name: INFEROMETER_SHUTDOWN_LIMIT_MS
  value: {{ mul 1000 $s.drain.flushSeconds | quote }}
- name: INFEROMETER_PODINFO
  value: /etc/podinfo/labels
- name: HOME
  value: /tmp
{{ include "inferometer.podEnv" . }}
- name: K8S_CONTAINER_NAME
  value: inferometer
- name: K8S_DEPLOYMENT_NAME
  value: {{ include "inferometer.fullname" . }}
- name: OTEL_SERVICE_NAME
  value: {{ include "inferometer.fullname" . }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: service.instance.id=$(K8S_POD_NAME),service.namespace=$(K8S_NAMESPACE_NAME)
{{- with include "inferometer.otlpUrl" . }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . }}
- name: OTEL_EXPORTER_OTLP_PROTOCOL
  value: {{ $s.otlp.protocol }}
{{- if $s.otlp.metrics }}
- name: OTEL_METRICS_EXPORTER
  value: prometheus,otlp
{{- end }}
{{- end }}
{{- with $s.profilingToken }}
{{- if .existingSecret }}
- name: INFEROMETER_PROFILING_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .key }}
{{- end }}
{{- end }}
{{- with $s.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "inferometer.serverResources" -}}
{{- $s := .Values.server -}}
{{- $resources := deepCopy $s.resources -}}
{{- if $s.gpu.enabled -}}
{{- $limits := default (dict) $resources.limits -}}
{{- $_ := set $limits $s.gpu.resource $s.gpu.count -}}
{{- $_ := set $resources "limits" $limits -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}
