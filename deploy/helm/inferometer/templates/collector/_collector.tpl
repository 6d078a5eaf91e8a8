{{/* What a tier is made of: (list root "gateway" | "agent"). */}}

{{- define "inferometer.hasGateway" -}}
{{- if and .Values.collector.enabled (ne .Values.collector.mode "agent") }}true{{ end -}}
{{- end -}}

{{- define "inferometer.hasAgent" -}}
{{- if and .Values.collector.enabled (ne .Values.collector.mode "gateway") }}true{{ end -}}
{{- end -}}

{{/* Whether Pods send to this tier: it adds what Kubernetes knows of them. */}}
{{- define "inferometer.isFirstTier" -}}
{{- if or (eq (index . 1) "agent") (eq (index . 0).Values.collector.mode "gateway") }}true{{ end -}}
{{- end -}}

{{/* The tier's files. */}}
{{- define "inferometer.collectorFiles" -}}
{{- $root := index . 0 -}}
{{- $tier := index . 1 -}}
{{ $tier }}.yaml: |
  {{- $root.Files.Get (printf "files/collector/%s.yaml" $tier) | nindent 2 }}
{{- if include "inferometer.isFirstTier" . }}
kubernetes.yaml: |
  {{- $root.Files.Get "files/collector/kubernetes.yaml" | nindent 2 }}
{{- end }}
{{- with $root.Values.collector.config }}
values.yaml: |
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Settings of the files, by the variables that they read. */}}
{{- define "inferometer.collectorEnv" -}}
{{- $root := index . 0 -}}
{{- $tier := index . 1 -}}
{{- $c := $root.Values.collector -}}
{{- $settings := dict
  "COLLECTOR_HTTP_ENDPOINT" (printf "0.0.0.0:%v" $c.ports.otlpHttp)
  "COLLECTOR_GRPC_ENDPOINT" (printf "0.0.0.0:%v" $c.ports.otlpGrpc)
  "COLLECTOR_HEALTH_ENDPOINT" (printf "0.0.0.0:%v" $c.ports.health)
  "COLLECTOR_METRICS_HOST" "0.0.0.0"
  "COLLECTOR_METRICS_PORT" $c.ports.metrics
  "COLLECTOR_PROMETHEUS_ENDPOINT" (printf "0.0.0.0:%v" $c.ports.prometheus)
  "COLLECTOR_MEMORY_LIMIT_MIB" (index $c $tier).memoryLimitMiB
  "COLLECTOR_STORAGE" "/var/lib/otelcol"
-}}
{{- if and (eq $tier "agent") (eq $c.mode "two-tier") -}}
{{- $gateway := include "inferometer.partName" (list $root "collector-headless") -}}
{{- $_ := set $settings "COLLECTOR_GATEWAY_HOST" (printf "%s.%s.svc" $gateway $root.Release.Namespace) -}}
{{- $_ := set $settings "COLLECTOR_GATEWAY_PORT" $c.ports.otlpGrpc -}}
{{- range list "TRACES" "METRICS" "LOGS" -}}
{{- $_ := set $settings (printf "COLLECTOR_%s_EXPORTER" .) "load_balancing" -}}
{{- end -}}
{{- else -}}
{{- $traces := include "inferometer.traceBackendUrl" $root -}}
{{- $_ := set $settings "COLLECTOR_TRACES_EXPORTER" (ternary "otlp_http/traces" "debug" (ne $traces "")) -}}
{{- with $traces }}{{ $_ := set $settings "COLLECTOR_TRACES_BACKEND" . }}{{ end -}}
{{- $metrics := include "inferometer.metricBackendUrl" $root -}}
{{- $_ := set $settings "COLLECTOR_METRICS_EXPORTER" (ternary "otlp_http/metrics" "prometheus" (ne $metrics "")) -}}
{{- with $metrics }}{{ $_ := set $settings "COLLECTOR_METRICS_BACKEND" . }}{{ end -}}
{{- $_ := set $settings "COLLECTOR_LOGS_EXPORTER" (ternary "otlp_http/logs" "debug" (ne $c.exporter.logsEndpoint "")) -}}
{{- with $c.exporter.logsEndpoint }}{{ $_ := set $settings "COLLECTOR_LOGS_BACKEND" . }}{{ end -}}
{{- end -}}
{{- if eq $tier "gateway" -}}
{{- $_ := set $settings "COLLECTOR_SAMPLING_PERCENTAGE" $c.gateway.sampling.percentage -}}
{{- $_ := set $settings "COLLECTOR_SLOW_MS" $c.gateway.sampling.slowMs -}}
{{- $_ := set $settings "COLLECTOR_DECISION_WAIT" (printf "%vs" $c.gateway.sampling.decisionWaitSeconds) -}}
{{- end -}}
{{- range $name, $value := $settings }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- if eq $tier "agent" }}
- name: K8S_NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
{{- end }}
- name: K8S_POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: GOMEMLIMIT
  value: {{ printf "%vMiB" (index $c $tier).memoryLimitMiB }}
{{- with $c.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Pod of a tier: (list root tier component). */}}
{{- define "inferometer.collectorPod" -}}
{{- $root := index . 0 -}}
{{- $tier := index . 1 -}}
{{- $component := index . 2 -}}
{{- $c := $root.Values.collector -}}
metadata:
  labels:
    {{- include "inferometer.podLabels" (list $root $component $c.podLabels) | nindent 4 }}
  annotations:
    checksum/config: {{ include "inferometer.collectorFiles" . | sha256sum }}
    {{- with $c.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "inferometer.podSpec" (list $root $c) | nindent 2 }}
  {{- include "inferometer.placement" (index $c $tier) | indent 2 }}
  {{- if include "inferometer.isFirstTier" . }}
  serviceAccountName: {{ include "inferometer.accountName" (list $root "collector") }}
  # k8s_attributes asks the API server for the Pods that send.
  automountServiceAccountToken: true
  {{- else }}
  automountServiceAccountToken: false
  {{- end }}
  terminationGracePeriodSeconds: {{ $c.terminationGracePeriodSeconds }}
  containers:
    - name: otelcol
      image: {{ include "inferometer.image" (list $c.image "latest") }}
      imagePullPolicy: {{ $c.image.pullPolicy }}
      args:
        - --config=/etc/otelcol/{{ $tier }}.yaml
        {{- if include "inferometer.isFirstTier" . }}
        - --config=/etc/otelcol/kubernetes.yaml
        {{- end }}
        {{- if $c.config }}
        - --config=/etc/otelcol/values.yaml
        {{- end }}
      env:
        {{- include "inferometer.collectorEnv" . | nindent 8 }}
      {{- with $c.exporter.existingSecret }}
      envFrom:
        - secretRef:
            name: {{ . }}
      {{- end }}
      ports:
        {{- range $name, $port := dict "otlp-http" $c.ports.otlpHttp "otlp-grpc" $c.ports.otlpGrpc "metrics" $c.ports.metrics "health" $c.ports.health "span-metrics" $c.ports.prometheus }}
        - name: {{ $name }}
          containerPort: {{ $port }}
        {{- end }}
      startupProbe:
        {{- include "inferometer.probe" (dict "path" "/" "port" "health" "period" 1 "failures" 60) | nindent 8 }}
      readinessProbe:
        {{- include "inferometer.probe" (dict "path" "/" "port" "health" "period" 5 "failures" 3) | nindent 8 }}
      livenessProbe:
        {{- include "inferometer.probe" (dict "path" "/" "port" "health" "period" 10 "failures" 6 "timeout" 5) | nindent 8 }}
      resources:
        {{- toYaml (index $c $tier).resources | nindent 8 }}
      securityContext:
        {{- toYaml $c.securityContext | nindent 8 }}
      volumeMounts:
        - name: config
          mountPath: /etc/otelcol
          readOnly: true
        - name: queue
          mountPath: /var/lib/otelcol
  volumes:
    - name: config
      configMap:
        name: {{ include "inferometer.partName" (list $root $component) }}
    {{- if not (and (eq $tier "gateway") $c.gateway.persistence.enabled) }}
    # Over a crash of the container, not over the end of the Pod.
    - name: queue
      emptyDir:
        sizeLimit: {{ $c.queueSizeLimit }}
    {{- end }}
{{- end -}}
