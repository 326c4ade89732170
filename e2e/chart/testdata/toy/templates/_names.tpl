{{- define "toy.name" -}}{{ .Release.Name }}{{- end }}
