{{/* Pods of components of this release as a list of peers: (list root components). */}}
{{- define "inferometer.peers" -}}
{{- $root := index . 0 -}}
{{- range index . 1 }}
- podSelector:
    matchLabels:
      {{- include "inferometer.selector" (list $root .) | nindent 6 }}
{{- end }}
{{- end -}}

{{/* Egress of every Pod that looks names up. */}}
{{- define "inferometer.dnsEgress" -}}
# By its usual ports wherever it is (node-local caches have addresses of the node), by its label on any port.
- ports:
    {{- range $port := list 53 5353 }}
    {{- range list "UDP" "TCP" }}
    - port: {{ $port }}
      protocol: {{ . }}
    {{- end }}
    {{- end }}
- to:
    - namespaceSelector: {}
      podSelector:
        matchLabels:
          k8s-app: kube-dns
{{- end -}}

{{/* Egress to the API server, whose address no label tells. */}}
{{- define "inferometer.apiEgress" -}}
- ports:
    - port: 443
      protocol: TCP
    - port: 6443
      protocol: TCP
{{- end -}}

{{/* Egress to the ports of URLs outside of this release: (list url …). */}}
{{- define "inferometer.urlEgress" -}}
{{- range . }}
{{- if . }}
{{- $url := urlParse . }}
- ports:
    - port: {{ regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "443" "80" (eq $url.scheme "https")) }}
      protocol: TCP
{{- end }}
{{- end }}
{{- end -}}

{{/* (list port …) as ports of a rule. */}}
{{- define "inferometer.tcp" -}}
ports:
  {{- range . }}
  - port: {{ . }}
    protocol: TCP
  {{- end }}
{{- end -}}

{{/* Head of a policy: (list root component name). What it does not name is refused. */}}
{{- define "inferometer.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "inferometer.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "inferometer.selector" (list (index . 0) (index . 1)) | nindent 6 }}
  policyTypes: [Ingress, Egress]
{{- end -}}

{{/* Who scrapes: this release's Prometheus, whoever is named, and with monitors all namespaces, if nobody is. */}}
{{- define "inferometer.scrapers" -}}
{{- $v := .Values -}}
{{- if $v.prometheus.enabled }}
{{- include "inferometer.peers" (list . (list "prometheus")) }}
{{- end }}
{{- with $v.networkPolicy.monitoring }}
{{ toYaml . }}
{{- else }}
{{- if or $v.monitoring.serviceMonitor $v.monitoring.podMonitor }}
- namespaceSelector: {}
{{- end }}
{{- end }}
{{- end -}}
