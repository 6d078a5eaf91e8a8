{{/* Data sources: those of the provisioning for one machine, with this release's addresses. */}}
{{- define "inferometer.dataSources" -}}
{{- $file := .Files.Get "files/provisioning/datasources/inferometer.yaml" | fromYaml -}}
{{- $traces := include "inferometer.traceQueryUrl" . -}}
{{- $sources := list -}}
{{- range $source := $file.datasources -}}
{{- $json := default (dict) $source.jsonData -}}
{{- if eq $source.uid "inferometer-prometheus" -}}
{{- $_ := set $source "url" (include "inferometer.prometheusUrl" $) -}}
{{- $_ := set $json "timeInterval" $.Values.prometheus.scrapeInterval -}}
{{- $_ := set $json "manageAlerts" true -}}
{{- if not $traces }}{{ $json = omit $json "exemplarTraceIdDestinations" }}{{ end -}}
{{- $_ := set $source "jsonData" $json -}}
{{- if $source.url }}{{ $sources = append $sources $source }}{{ end -}}
{{- else if eq $source.uid "inferometer-traces" -}}
{{- $type := ternary "jaeger" $.Values.traces.externalType $.Values.traces.enabled -}}
{{- /* Links that only one kind of store has stay with it. */ -}}
{{- if ne $type $source.type }}{{ $source = omit $source "jsonData" }}{{ end -}}
{{- $_ := set $source "type" $type -}}
{{- $_ := set $source "url" $traces -}}
{{- if $traces }}{{ $sources = append $sources $source }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "apiVersion" 1 "datasources" $sources) -}}
{{- end -}}

{{- define "inferometer.dashboardProvider" -}}
{{- $file := .Files.Get "files/provisioning/dashboards/inferometer.yaml" | fromYaml -}}
{{- range $file.providers -}}
{{- $_ := set .options "path" "/var/lib/inferometer/dashboards" -}}
{{- $_ := set . "folder" $.Values.monitoring.dashboards.folder -}}
{{- end -}}
{{- toYaml $file -}}
{{- end -}}

{{/* Whether Grafana evaluates the alerts. */}}
{{- define "inferometer.grafanaAlerts" -}}
{{- $v := .Values -}}
{{- $others := or (and $v.prometheus.enabled $v.prometheus.rules) $v.monitoring.prometheusRule -}}
{{- if or (eq $v.grafana.alertRules "always") (and (eq $v.grafana.alertRules "auto") (not $others) (include "inferometer.prometheusUrl" .)) }}true{{ end -}}
{{- end -}}

{{/*
The alerts of the rule files as Grafana has them: the expression as it is, which has a result while something is wrong,
and a condition that is true of each result. Expressions on recorded series need the recording rules in Prometheus.
*/}}
{{- define "inferometer.grafanaAlertRules" -}}
{{- $groups := list -}}
{{- range $path, $_ := .Files.Glob "files/prometheus/rules/*.yaml" -}}
{{- range $group := ($.Files.Get $path | fromYaml).groups -}}
{{- $rules := list -}}
{{- range $rule := $group.rules -}}
{{- if $rule.alert -}}
{{- $query := dict "refId" "A" "datasourceUid" "inferometer-prometheus" "relativeTimeRange" (dict "from" 600 "to" 0)
  "model" (dict "refId" "A" "expr" $rule.expr "instant" true "range" false) -}}
{{- $condition := dict "refId" "B" "datasourceUid" "__expr__" "relativeTimeRange" (dict "from" 0 "to" 0)
  "model" (dict "refId" "B" "type" "math" "expression" "is_number($A) || is_nan($A) || is_inf($A)") -}}
{{- $annotations := dict -}}
{{- range $name, $text := $rule.annotations -}}
{{- /* $value is the whole result in Grafana; the query's is $values.A.Value. */ -}}
{{- $_ := set $annotations $name ($text | replace "$value" "$values.A.Value") -}}
{{- end -}}
{{- $rules = append $rules (dict
  "uid" (printf "%s-%s" $group.name $rule.alert | sha1sum | trunc 40)
  "title" $rule.alert
  "condition" "B"
  "data" (list $query $condition)
  "for" (default "0s" $rule.for)
  "noDataState" "OK"
  "execErrState" "Error"
  "labels" (default (dict) $rule.labels)
  "annotations" $annotations
) -}}
{{- end -}}
{{- end -}}
{{- if $rules -}}
{{- $groups = append $groups (dict "orgId" 1 "name" $group.name "folder" $.Values.monitoring.dashboards.folder
  "interval" (default "1m" $group.interval) "rules" $rules) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml (dict "apiVersion" 1 "groups" $groups) -}}
{{- end -}}

{{/* Name of a dashboard's ConfigMap: (list root path). */}}
{{- define "inferometer.dashboardName" -}}
{{- printf "%s-dashboard-%s" (include "inferometer.fullname" (index . 0)) (base (index . 1) | trimSuffix ".json" | trimPrefix "inferometer-") -}}
{{- end -}}

{{- define "inferometer.adminSecret" -}}
{{- default (include "inferometer.partName" (list . "grafana")) .Values.grafana.admin.existingSecret -}}
{{- end -}}
