{{/* Queue saturation: (list root selector group). */}}
{{- define "inferometer.saturationQuery" -}}
{{- $query := ((index . 0).Files.Get "files/scaling.yaml" | fromYaml).queueSaturation -}}
{{- $query | replace "@SELECTOR@" (index . 1) | replace "@GROUP@" (index . 2) -}}
{{- end -}}
