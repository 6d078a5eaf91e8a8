{{/* Jaeger with its traces in memory. */}}
{{- define "inferometer.jaegerConfig" -}}
{{- $ports := .Values.traces.ports -}}
extensions:
  healthcheckv2:
    use_v2: true
    http:
      endpoint: 0.0.0.0:{{ $ports.health }}
  jaeger_storage:
    backends:
      memory:
        memory:
          max_traces: {{ .Values.traces.maxTraces }}
  jaeger_query:
    storage:
      traces: memory
    http:
      endpoint: 0.0.0.0:{{ $ports.query }}
receivers:
  otlp:
    protocols:
      http:
        endpoint: 0.0.0.0:{{ $ports.otlpHttp }}
exporters:
  jaeger_storage_exporter:
    trace_storage: memory
service:
  extensions: [healthcheckv2, jaeger_storage, jaeger_query]
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [jaeger_storage_exporter]
  telemetry:
    metrics:
      level: none
{{- end -}}
