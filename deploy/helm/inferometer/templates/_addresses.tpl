{{/* Base URLs of parts, empty where a part is neither here nor named. */}}

{{- define "inferometer.url" -}}
{{- $root := index . 0 -}}
{{- printf "http://%s.%s.svc:%v" (include "inferometer.partName" (list $root (index . 1))) $root.Release.Namespace (index . 2) -}}
{{- end -}}

{{/* Where the service sends spans. */}}
{{- define "inferometer.otlpUrl" -}}
{{- $v := .Values -}}
{{- if $v.server.otlp.endpoint -}}
{{- $v.server.otlp.endpoint -}}
{{- else if $v.collector.enabled -}}
{{- include "inferometer.url" (list . (include "inferometer.collectorEntry" .) $v.collector.ports.otlpHttp) -}}
{{- else if $v.traces.enabled -}}
{{- include "inferometer.url" (list . "traces" $v.traces.ports.otlpHttp) -}}
{{- end -}}
{{- end -}}

{{/* The tier that senders talk to. */}}
{{- define "inferometer.collectorEntry" -}}
{{- if eq .Values.collector.mode "gateway" }}collector{{ else }}agent{{ end -}}
{{- end -}}

{{/* Where the Collector sends traces. */}}
{{- define "inferometer.traceBackendUrl" -}}
{{- $v := .Values -}}
{{- if $v.collector.exporter.endpoint -}}
{{- $v.collector.exporter.endpoint -}}
{{- else if $v.traces.enabled -}}
{{- include "inferometer.url" (list . "traces" $v.traces.ports.otlpHttp) -}}
{{- end -}}
{{- end -}}

{{/* Where Grafana reads traces. */}}
{{- define "inferometer.traceQueryUrl" -}}
{{- $v := .Values -}}
{{- if $v.traces.enabled -}}
{{- include "inferometer.url" (list . "traces" $v.traces.ports.query) -}}
{{- else -}}
{{- $v.traces.externalUrl -}}
{{- end -}}
{{- end -}}

{{- define "inferometer.prometheusUrl" -}}
{{- $v := .Values -}}
{{- if $v.prometheus.enabled -}}
{{- include "inferometer.url" (list . "prometheus" $v.prometheus.port) -}}
{{- else -}}
{{- $v.prometheus.externalUrl -}}
{{- end -}}
{{- end -}}

{{/* Where the Collector sends metrics (OTLP), empty where they are to be scraped. */}}
{{- define "inferometer.metricBackendUrl" -}}
{{- $v := .Values -}}
{{- if $v.collector.exporter.metricsEndpoint -}}
{{- $v.collector.exporter.metricsEndpoint -}}
{{- else if $v.prometheus.enabled -}}
{{- include "inferometer.prometheusUrl" . -}}/api/v1/otlp
{{- end -}}
{{- end -}}
