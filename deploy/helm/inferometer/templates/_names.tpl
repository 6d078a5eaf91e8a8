{{- define "inferometer.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters: the longest name that is made of it has to be a DNS label. */}}
{{- define "inferometer.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "inferometer.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Name of a part: (list root "collector"). The service has the release's own name. */}}
{{- define "inferometer.partName" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
{{- if eq $part "server" -}}
{{- include "inferometer.fullname" $root -}}
{{- else -}}
{{- printf "%s-%s" (include "inferometer.fullname" $root) $part -}}
{{- end -}}
{{- end -}}

{{/* What a part is selected by: (list root "collector"). Never changed: selectors of a Deployment cannot be. */}}
{{- define "inferometer.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "inferometer.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Metadata of an object: (list root component name annotations), the last one optional. */}}
{{- define "inferometer.metadata" -}}
{{- $root := index . 0 -}}
{{- $own := dict -}}
{{- if gt (len .) 3 }}{{ $own = index . 3 }}{{ end -}}
name: {{ index . 2 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "inferometer.labels" (list $root (index . 1)) | nindent 2 }}
{{- with merge (dict) $own $root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "inferometer.labels" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.commonLabels }}
{{- toYaml . }}
{{ end -}}
{{ include "inferometer.selector" . }}
app.kubernetes.io/part-of: inferometer
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Labels of Pods: (list root component podLabels). Without the chart's version: Pods need not restart for it. */}}
{{- define "inferometer.podLabels" -}}
{{- $root := index . 0 -}}
{{- with merge (dict) (index . 2) $root.Values.commonLabels }}
{{- toYaml . }}
{{ end -}}
{{ include "inferometer.selector" . }}
app.kubernetes.io/part-of: inferometer
{{- end -}}

{{/* (list root part): name of the part's service account. */}}
{{- define "inferometer.accountName" -}}
{{- $root := index . 0 -}}
{{- $account := (index $root.Values (index . 1)).serviceAccount -}}
{{- if $account.create -}}
{{- default (include "inferometer.partName" .) $account.name -}}
{{- else -}}
{{- default "default" $account.name -}}
{{- end -}}
{{- end -}}

{{/* (list image defaultTag): what identifies an image best wins. */}}
{{- define "inferometer.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default (index . 1) $image.tag) -}}
{{- end -}}
{{- end -}}
