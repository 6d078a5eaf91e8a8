{{/* What Pods of all parts have in common: (list root part-values). */}}
{{- define "inferometer.podSpec" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
# Variables of Services would be read as settings: that of a Service `inferometer` is INFEROMETER_PORT.
enableServiceLinks: false
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- toYaml $part.podSecurityContext | nindent 2 }}
{{- with $part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- include "inferometer.placement" $part }}
{{- end -}}

{{/* nodeSelector, tolerations and affinity of a part that has some. */}}
{{- define "inferometer.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* (dict "path" "/-/ready" "port" "http" "period" 5 "failures" 3) */}}
{{- define "inferometer.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
periodSeconds: {{ .period }}
timeoutSeconds: {{ default 2 .timeout }}
failureThreshold: {{ .failures }}
{{- end -}}

{{/* A claim's spec: (dict "modes" list "size" "1Gi" "class" ""). */}}
{{- define "inferometer.claimSpec" -}}
accessModes:
  {{- toYaml .modes | nindent 2 }}
{{- with .class }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end -}}
