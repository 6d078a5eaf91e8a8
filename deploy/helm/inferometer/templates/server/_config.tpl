{{/* inferometer.yaml */}}
{{- define "inferometer.serverConfig" -}}
{{- $v := .Values -}}
{{- $drain := $v.server.drain -}}
{{- $own := dict
  "host" $v.server.host
  "port" (int $v.server.ports.http)
  "metricsPort" (int $v.server.ports.metrics)
  "modelCache" "/var/cache/inferometer"
  "drainTimeout" (mul 1000 $drain.timeoutSeconds)
  "drainDelay" (mul 1000 $drain.delaySeconds)
-}}
{{- $config := dict "server" (merge (dict) $v.server.settings $own) -}}
{{- with $v.models.defaults }}{{ $_ := set $config "defaults" . }}{{ end -}}
{{- with $v.models.repository -}}
{{- $repository := dict "path" .path -}}
{{- with .versions }}{{ $_ := set $repository "versions" . }}{{ end -}}
{{- if .path }}{{ $_ := set $config "repository" $repository }}{{ end -}}
{{- end -}}
{{- with $v.models.serve }}{{ $_ := set $config "models" . }}{{ end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Seconds from SIGTERM until the process has ended by itself at the latest, and some to spare. */}}
{{- define "inferometer.grace" -}}
{{- $drain := .Values.server.drain -}}
{{- default (add $drain.delaySeconds $drain.timeoutSeconds $drain.flushSeconds 5) .Values.server.terminationGracePeriodSeconds -}}
{{- end -}}

{{- define "inferometer.serverImage" -}}
{{- include "inferometer.image" (list .Values.server.image (printf "%s%s" .Chart.AppVersion (ternary "-cuda" "" .Values.server.gpu.enabled))) -}}
{{- end -}}

{{- define "inferometer.mountsModels" -}}
{{- if ne .Values.models.source "image" }}true{{ end -}}
{{- end -}}

{{/* What runs, as a label: the tag, or what there is of it. */}}
{{- define "inferometer.serverVersion" -}}
{{- default .Chart.AppVersion .Values.server.image.tag | replace "+" "_" | trunc 63 | trimAll "-._" -}}
{{- end -}}
