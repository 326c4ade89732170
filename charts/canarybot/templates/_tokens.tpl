{{/* The variables that say where Slack's tokens are. */}}
{{- define "canarybot.tokens.env" -}}
{{- $t := .Values.tokens -}}
{{- include "canarybot.tokens.one" (dict "tokens" $t "name" "SLACK_BOT_TOKEN" "file" $t.botFile "secret" $t.secret "key" $t.botKey "path" "bot") }}
{{ include "canarybot.tokens.one" (dict "tokens" $t "name" "SLACK_APP_TOKEN" "file" $t.appFile "secret" ($t.appSecret | default $t.secret) "key" $t.appKey "path" "app") }}
{{- end -}}

{{- define "canarybot.tokens.one" -}}
{{- if .file -}}
- name: {{ .name }}_FILE
  value: {{ .file | quote }}
{{- else if .tokens.mount -}}
- name: {{ .name }}_FILE
  value: /var/run/canarybot/tokens/{{ .path }}
{{- else -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end -}}
{{- end -}}

{{/* The parts of the volume with the tokens; empty: there is none. */}}
{{- define "canarybot.tokens.sources" -}}
{{- $t := .Values.tokens -}}
{{- $sources := list -}}
{{- if $t.mount -}}
{{- if not $t.botFile -}}
{{- $sources = append $sources (dict "secret" (dict "name" $t.secret "items" (list (dict "key" $t.botKey "path" "bot")))) -}}
{{- end -}}
{{- if not $t.appFile -}}
{{- $sources = append $sources (dict "secret" (dict "name" ($t.appSecret | default $t.secret) "items" (list (dict "key" $t.appKey "path" "app")))) -}}
{{- end -}}
{{- end -}}
{{- with $sources -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}
