{{/* The name of every object of the release. */}}
{{- define "canarybot.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains "canarybot" .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-canarybot" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "canarybot.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "canarybot.name" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The labels that select the pods. They can never change. */}}
{{- define "canarybot.selector" -}}
app.kubernetes.io/name: canarybot
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The version of the image: its tag. A digest alone names none. */}}
{{- define "canarybot.version" -}}
{{- if or .Values.image.tag (not .Values.image.digest) -}}
{{- .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimAll "-_." -}}
{{- end -}}
{{- end -}}

{{/* The labels of an object, each key once: the chart's own win over commonLabels, for the selector is among them. */}}
{{- define "canarybot.labels" -}}
{{- $own := include "canarybot.selector" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_.") -}}
{{- with include "canarybot.version" . -}}
{{- $_ := set $own "app.kubernetes.io/version" . -}}
{{- end -}}
{{- toYaml (merge $own (.Values.commonLabels | default dict)) -}}
{{- end -}}

{{/* The annotations of an object, each key once: root, and own, which are the object's. */}}
{{- define "canarybot.annotations" -}}
{{- with merge (dict) (.own | default dict) (.root.Values.commonAnnotations | default dict) }}
annotations: {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "canarybot.metadata" -}}
name: {{ .name | default (include "canarybot.name" .root) }}
namespace: {{ .namespace | default .root.Release.Namespace }}
labels: {{- toYaml (merge (include "canarybot.labels" .root | fromYaml) (.labels | default dict)) | nindent 2 }}
{{- include "canarybot.annotations" (dict "root" .root "own" .annotations) }}
{{- end -}}

{{/* The port of the API; empty: there is none. */}}
{{- define "canarybot.apiPort" -}}
{{- if hasKey .Values.config "api" -}}
{{- dig "api" "listen" ":8090" .Values.config | toString | regexFind "[0-9]+$" -}}
{{- end -}}
{{- end -}}

{{- define "canarybot.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Whether the cluster, or --api-versions, has the kinds of the Prometheus operator. */}}
{{- define "canarybot.operator" -}}
{{- if or (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1/PrometheusRule") -}}
true
{{- end -}}
{{- end -}}

{{/*
The objects of each service, as the bot reads them from the configuration: its own key, else that of defaults, else what
follows from other names. As JSON: {services: [{name, namespace, stable, canary, ...}]}. A test holds it against config.
*/}}
{{- define "canarybot.services" -}}
{{- $all := list -}}
{{- $defaults := .Values.config.defaults | default dict -}}
{{- range $name, $own := .Values.config.services -}}
{{- $own = $own | default dict -}}
{{- $stable := $own.stable | default $defaults.stable | default $name -}}
{{- $canary := $own.canary | default $defaults.canary | default (printf "%s-canary" $stable) -}}
{{- $route := $own.route | default dict -}}
{{- $common := $defaults.route | default dict -}}
{{- $kind := $route.kind | default $common.kind -}}
{{- $root := "" -}}
{{- if eq (toString $kind) "TrafficSplit" -}}
{{- $root = $route.service | default $common.service | default $name -}}
{{- end -}}
{{- $from := eq (toString $kind) "HTTPRoute" | ternary ($route.from | default $common.from | default "") "" -}}
{{- $create := kindIs "bool" $route.create | ternary $route.create $common.create -}}
{{- $all = append $all (dict
  "name" $name "namespace" ($own.namespace | default $defaults.namespace) "stable" $stable "canary" $canary
  "stableService" ($own.stable_service | default $defaults.stable_service | default $stable)
  "canaryService" ($own.canary_service | default $defaults.canary_service | default $canary)
  "root" $root "kind" $kind "route" ($route.name | default $common.name) "from" (and $create $from | default "")
  "create" (and (or $root $from) $create | default false)) -}}
{{- end -}}
{{- dict "services" $all | toJson -}}
{{- end -}}
