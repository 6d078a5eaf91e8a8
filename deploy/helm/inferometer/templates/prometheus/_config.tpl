{{/* Labels of a Pod's series; the Pod's name is its instance. */}}
{{- define "inferometer.podRelabelings" -}}
- source_labels: [__meta_kubernetes_namespace]
  target_label: namespace
- source_labels: [__meta_kubernetes_pod_name]
  target_label: pod
- source_labels: [__meta_kubernetes_pod_name]
  target_label: instance
- source_labels: [__meta_kubernetes_pod_node_name]
  target_label: node
{{- end -}}

{{/* A job that scrapes one port of the Pods of components of this release: (list root job components). */}}
{{- define "inferometer.scrapePods" -}}
{{- $root := index . 0 -}}
- job_name: {{ index . 1 }}
  kubernetes_sd_configs:
    - role: pod
      namespaces:
        own_namespace: true
      selectors:
        - role: pod
          label: app.kubernetes.io/instance={{ $root.Release.Name }},app.kubernetes.io/component in ({{ join "," (index . 2) }})
  relabel_configs:
    - source_labels: [__meta_kubernetes_pod_container_port_name]
      regex: metrics
      action: keep
    # Pods that have run to their end have nothing to scrape.
    - source_labels: [__meta_kubernetes_pod_phase]
      regex: Succeeded|Failed
      action: drop
    {{- include "inferometer.podRelabelings" . | nindent 4 }}
    - source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_version]
      target_label: version
{{- end -}}

{{/*
prometheus.yml: the one for one machine (histograms, exemplars, OTLP), with targets found in the cluster.
*/}}
{{- define "inferometer.prometheusConfig" -}}
{{- $p := .Values.prometheus -}}
{{- $config := .Files.Get "files/prometheus/prometheus.yml" | fromYaml -}}
{{- $global := omit $config.global "scrape_timeout" -}}
{{- $_ := set $global "scrape_interval" $p.scrapeInterval -}}
{{- $_ := set $config "global" $global -}}
{{- $_ := set $config "rule_files" (list "/etc/prometheus/rules/*.yaml") -}}
{{- $_ := unset $config "alerting" -}}
{{- with $p.alertmanagers -}}
{{- $targets := list (dict "targets" .) -}}
{{- $_ := set $config "alerting" (dict "alertmanagers" (list (dict "static_configs" $targets))) -}}
{{- end -}}
{{- $jobs := include "inferometer.scrapePods" (list . "inferometer" (list "server")) | fromYamlArray -}}
{{- if .Values.collector.enabled -}}
{{- $jobs = concat $jobs (include "inferometer.scrapePods" (list . "otel-collector" (list "collector" "agent")) | fromYamlArray) -}}
{{- end -}}
{{- $own := dict "targets" (list (printf "127.0.0.1:%v" $p.port)) -}}
{{- $jobs = append $jobs (dict "job_name" "prometheus" "static_configs" (list $own)) -}}
{{- $_ := set $config "scrape_configs" (concat $jobs $p.extraScrapeConfigs) -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Rule files by name. */}}
{{- define "inferometer.ruleFiles" -}}
{{- $files := dict -}}
{{- if .Values.prometheus.rules -}}
{{- range $path, $_ := .Files.Glob "files/prometheus/rules/*.yaml" -}}
{{- $_ := set $files (base $path) ($.Files.Get $path) -}}
{{- end -}}
{{- end -}}
{{- range $name, $content := .Values.prometheus.extraRules -}}
{{- $_ := set $files $name (toYaml $content) -}}
{{- end -}}
{{- toYaml $files -}}
{{- end -}}
