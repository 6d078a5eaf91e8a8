{{/* Fails where values contradict each other or the cluster lacks an API, with what to do about it. */}}
{{- define "inferometer.validate" -}}
{{- $v := .Values -}}
{{- $mistakes := list -}}

{{- $drain := $v.server.drain -}}
{{- $needed := add $drain.delaySeconds $drain.timeoutSeconds $drain.flushSeconds -}}
{{- with $v.server.terminationGracePeriodSeconds -}}
{{- if le (int .) (int $needed) -}}
{{- $mistakes = append $mistakes (printf "server.terminationGracePeriodSeconds is %v, but draining takes up to %v s (server.drain: %v s delay, %v s timeout, %v s flush): Pods would be killed with requests in flight. Set it to %v or more, or leave it out" . $needed $drain.delaySeconds $drain.timeoutSeconds $drain.flushSeconds (add $needed 1)) -}}
{{- end -}}
{{- end -}}
{{- if eq (int $v.server.ports.http) (int $v.server.ports.metrics) -}}
{{- $mistakes = append $mistakes "server.ports.http and server.ports.metrics are the same port. Choose another for one of them" -}}
{{- end -}}

{{- $scales := or $v.autoscaling.hpa.enabled $v.autoscaling.keda.enabled -}}
{{- if and $v.autoscaling.hpa.enabled $v.autoscaling.keda.enabled -}}
{{- $mistakes = append $mistakes "autoscaling.hpa.enabled and autoscaling.keda.enabled are both on, and would work against each other. Switch one of them off" -}}
{{- end -}}
{{- if gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas) -}}
{{- $mistakes = append $mistakes (printf "autoscaling.minReplicas is %v, more than autoscaling.maxReplicas (%v). Lower the one or raise the other" $v.autoscaling.minReplicas $v.autoscaling.maxReplicas) -}}
{{- end -}}
{{- if and $v.autoscaling.keda.enabled (not $v.autoscaling.keda.serverAddress) (not (include "inferometer.prometheusUrl" .)) -}}
{{- $mistakes = append $mistakes "autoscaling.keda.enabled needs a Prometheus to ask. Set autoscaling.keda.serverAddress or prometheus.externalUrl, or prometheus.enabled=true" -}}
{{- end -}}

{{- $most := ternary $v.autoscaling.maxReplicas $v.server.replicas $scales | int -}}
{{- $m := $v.models -}}
{{- if and (eq $m.source "claim") (not $m.claim.existingClaim) (gt $most 1) -}}
{{- if not (or (has "ReadOnlyMany" $m.claim.accessModes) (has "ReadWriteMany" $m.claim.accessModes)) -}}
{{- $mistakes = append $mistakes (printf "models.claim.accessModes is %s, which Pods of one node can mount, but there may be %d Pods. Use ReadOnlyMany or ReadWriteMany, one replica, or models.source=init" (join ", " $m.claim.accessModes) $most) -}}
{{- end -}}
{{- end -}}
{{- if ne $m.source "image" -}}
{{- if not (or $m.serve $m.repository.path) -}}
{{- $mistakes = append $mistakes (printf "models.source is %s, but neither models.serve nor models.repository.path says what to serve from %s. Name a model, models.serve.NAME=%s/DIR, or set models.repository.path=%s" $m.source $m.mountPath $m.mountPath $m.mountPath) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $m.source "init") (not (and $m.init.image.repository (or $m.init.image.tag $m.init.image.digest))) -}}
{{- $mistakes = append $mistakes "models.source is init, but models.init.image does not say which image downloads the models. Set models.init.image.repository and tag or digest" -}}
{{- end -}}
{{- if and $v.server.gpu.enabled (eq (int $v.server.gpu.count) 0) -}}
{{- $mistakes = append $mistakes "server.gpu.enabled is on with server.gpu.count=0. Ask for a GPU or switch it off" -}}
{{- end -}}

{{- $c := $v.collector -}}
{{- if $c.enabled -}}
{{- if and (gt (int $c.gateway.replicas) 1) (ne $c.mode "two-tier") -}}
{{- $mistakes = append $mistakes (printf "collector.gateway.replicas is %v with collector.mode=%s: spans of a trace would be at different gateways, and sampling by whole traces needs them at one. Use collector.mode=two-tier, or one replica" $c.gateway.replicas $c.mode) -}}
{{- end -}}
{{- end -}}
{{- if and (not $c.enabled) $v.server.otlp.metrics (not $v.server.otlp.endpoint) -}}
{{- $mistakes = append $mistakes "server.otlp.metrics is on, but nothing in this release takes metrics by OTLP. Set server.otlp.endpoint or collector.enabled=true" -}}
{{- end -}}

{{- if and $v.grafana.enabled (not (include "inferometer.prometheusUrl" .)) -}}
{{- $mistakes = append $mistakes "grafana.enabled needs a Prometheus to read. Set prometheus.externalUrl, prometheus.enabled=true or grafana.enabled=false" -}}
{{- end -}}
{{- if and $v.prometheus.enabled $v.prometheus.externalUrl -}}
{{- $mistakes = append $mistakes "prometheus.enabled is on and prometheus.externalUrl names another. Choose one: prometheus.enabled=false or an empty prometheus.externalUrl" -}}
{{- end -}}
{{- if and $v.traces.enabled $v.traces.externalUrl -}}
{{- $mistakes = append $mistakes "traces.enabled is on and traces.externalUrl names another store. Choose one: traces.enabled=false or an empty traces.externalUrl" -}}
{{- end -}}
{{- if and $v.traces.enabled $c.enabled $c.exporter.endpoint -}}
{{- $mistakes = append $mistakes "collector.exporter.endpoint sends traces elsewhere, so that traces.enabled would start a store that gets none. Set traces.enabled=false, or leave the endpoint out" -}}
{{- end -}}
{{- if and $v.monitoring.serviceMonitor $v.monitoring.podMonitor -}}
{{- $mistakes = append $mistakes "monitoring.serviceMonitor and monitoring.podMonitor would scrape everything twice. Switch one of them off" -}}
{{- end -}}

{{- if $v.checkApis -}}
{{- $apis := .Capabilities.APIVersions -}}
{{- $needs := list
  (list $v.monitoring.serviceMonitor "monitoring.serviceMonitor" "monitoring.coreos.com/v1/ServiceMonitor" "prometheus-operator")
  (list $v.monitoring.podMonitor "monitoring.podMonitor" "monitoring.coreos.com/v1/PodMonitor" "prometheus-operator")
  (list $v.monitoring.prometheusRule "monitoring.prometheusRule" "monitoring.coreos.com/v1/PrometheusRule" "prometheus-operator")
  (list $v.monitoring.dashboards.grafanaOperator "monitoring.dashboards.grafanaOperator" "grafana.integreatly.org/v1beta1/GrafanaDashboard" "grafana-operator")
  (list $v.autoscaling.keda.enabled "autoscaling.keda.enabled" "keda.sh/v1alpha1/ScaledObject" "KEDA")
-}}
{{- range $needs -}}
{{- if and (index . 0) (not ($apis.Has (index . 2))) -}}
{{- $mistakes = append $mistakes (printf "%s needs %s, which this cluster does not have. Install %s first, or set %s=false (rendering without a cluster: --api-versions %s, or checkApis=false)" (index . 1) (index . 2) (index . 3) (index . 1) (index . 2)) -}}
{{- end -}}
{{- end -}}
{{- if $v.autoscaling.hpa.enabled -}}
{{- if not (or ($apis.Has "custom.metrics.k8s.io/v1beta1") ($apis.Has "custom.metrics.k8s.io/v1beta2")) -}}
{{- $mistakes = append $mistakes "autoscaling.hpa.enabled needs the API custom.metrics.k8s.io, which this cluster does not have: the autoscaler would see nothing. Install prometheus-adapter with the rule of autoscaling.prometheusAdapter.rules=true first, or use autoscaling.keda.enabled (rendering without a cluster: --api-versions custom.metrics.k8s.io/v1beta1, or checkApis=false)" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- if $mistakes -}}
{{- fail (printf "\n\nThese values cannot be followed:\n\n- %s.\n" (join ".\n\n- " $mistakes)) -}}
{{- end -}}
{{- end -}}
