{{/*
What the values say that cannot work together, all of it in one failure. What one value may be is the schema's to say.
*/}}
{{- define "canarybot.check" -}}
{{- $wrong := concat
  (include "canarybot.check.namespaces" . | fromJsonArray) (include "canarybot.check.tokens" . | fromJsonArray)
  (include "canarybot.check.operator" . | fromJsonArray) (include "canarybot.check.pod" . | fromJsonArray) -}}
{{- with $wrong -}}
{{- fail (printf "\n\n* %s\n" (join "\n* " .)) -}}
{{- end -}}
{{- end -}}

{{/* Each service's namespace gets what the service needs, and no other namespace gets anything. */}}
{{- define "canarybot.check.namespaces" -}}
{{- $wrong := list -}}
{{- $granted := dict -}}
{{- $used := dict -}}
{{- range .Values.namespaces -}}
{{- if hasKey $granted .name -}}
{{- $wrong = append $wrong (printf "namespaces: %s is listed twice. Make one entry of both." .name) -}}
{{- end -}}
{{- $_ := set $granted .name . -}}
{{- end -}}
{{- range (include "canarybot.services" . | fromJson).services -}}
{{- if .namespace -}}
{{- $_ := set $used .namespace true -}}
{{- $grant := get $granted .namespace -}}
{{- if not $grant -}}
{{- $wrong = append $wrong (printf "config.services.%s works in the namespace %s, where the bot would have no rights. Add to namespaces: {name: %s, create: true, routes: [%s]}" .name .namespace .namespace (.kind | default "HTTPRoute")) -}}
{{- else if and .kind (not (has .kind $grant.routes)) -}}
{{- $wrong = append $wrong (printf "config.services.%s steers the %s %s, and the namespace %s lists only %s. Add %s to its routes." .name .kind .route .namespace (join ", " $grant.routes) .kind) -}}
{{- else if and .create (not $grant.create) -}}
{{- $wrong = append $wrong (printf "config.services.%s has route.create, and in the namespace %s the bot may create nothing. Write create: true there, or make the %s yourself." .name .namespace .kind) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if .Values.rbac.resourceNames -}}
{{- range .Values.namespaces -}}
{{- if not (hasKey $used .name) -}}
{{- $wrong = append $wrong (printf "namespaces lists %s, where no service of the configuration works. Take it out. If it has rollouts that still have to end, set rbac.resourceNames to false until they have." .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not .Values.namespaces -}}
{{- $wrong = append $wrong "namespaces is empty. List each namespace of the configuration's services, for example {name: shop, create: true, routes: [HTTPRoute]}." -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end -}}

{{/* Each token comes from one place. */}}
{{- define "canarybot.check.tokens" -}}
{{- $wrong := list -}}
{{- $t := .Values.tokens -}}
{{- if not (or $t.secret $t.botFile) -}}
{{- $wrong = append $wrong "Slack's bot token comes from nowhere. Name an existing Secret in tokens.secret, or in tokens.botFile the file that another program puts into the pod." -}}
{{- end -}}
{{- if not (or $t.secret $t.appSecret $t.appFile) -}}
{{- $wrong = append $wrong "Slack's app-level token comes from nowhere. Name an existing Secret in tokens.secret or tokens.appSecret, or in tokens.appFile the file that another program puts into the pod." -}}
{{- end -}}
{{- if and $t.botFile $t.secret (or $t.appFile $t.appSecret) -}}
{{- $wrong = append $wrong "tokens names a Secret that gives no token: tokens.botFile, and tokens.appFile or tokens.appSecret, take the place of tokens.secret. Write one of them." -}}
{{- end -}}
{{- if and $t.appFile $t.appSecret -}}
{{- $wrong = append $wrong "tokens.appFile and tokens.appSecret both give the app-level token. Write one of them." -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end -}}

{{/* What the Prometheus operator reads, and reads once. */}}
{{- define "canarybot.check.operator" -}}
{{- $wrong := list -}}
{{- range $key, $kind := dict "serviceMonitor" "ServiceMonitor" "podMonitor" "PodMonitor" "prometheusRule" "PrometheusRule" -}}
{{- if and (get $.Values $key).enabled (not (include "canarybot.operator" $)) -}}
{{- $wrong = append $wrong (printf "%s.enabled needs the kind %s, which the cluster does not have. Install the Prometheus operator first. For `helm template` say --api-versions monitoring.coreos.com/v1." $key $kind) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- $wrong = append $wrong "serviceMonitor and podMonitor would both scrape the pod. Enable one of them." -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end -}}

{{/* Nothing in the pod is named twice, and its labels select it. */}}
{{- define "canarybot.check.pod" -}}
{{- $wrong := list -}}
{{- if not (or .Values.serviceAccount.create .Values.serviceAccount.name) -}}
{{- $wrong = append $wrong "serviceAccount.create is false. Name the existing ServiceAccount in serviceAccount.name." -}}
{{- end -}}
{{- range $key, $value := include "canarybot.selector" . | fromYaml -}}
{{- range $values := list "podLabels" "commonLabels" -}}
{{- if hasKey (get $.Values $values | default dict) $key -}}
{{- $wrong = append $wrong (printf "%s: %s is the chart's own: it selects the pod. Take it out." $values $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $values, $key := dict "extraEnv" "name" "extraVolumes" "name" "extraVolumeMounts" "mountPath" -}}
{{- $seen := dict -}}
{{- range get $.Values $values -}}
{{- $name := get . $key -}}
{{- if hasKey $seen $name -}}
{{- $wrong = append $wrong (printf "%s has %s twice." $values $name) -}}
{{- end -}}
{{- $_ := set $seen $name true -}}
{{- end -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end -}}
