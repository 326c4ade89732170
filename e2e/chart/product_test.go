package chart_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/lint"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"canarybot.io/config"
	"canarybot.io/rollout"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// everything switches on all that is off by default.
const everything = `
owners: [argocd]
image: {repository: registry.example.com/tools/canarybot, tag: v0.2.0-rc.1}
tokens: {secret: slack-bot, appSecret: slack-app}
commonLabels: {team: platform}
commonAnnotations: {contact: platform}
podLabels: {sidecar: "off"}
podAnnotations: {contact: on-call}
serviceAccount: {annotations: {role: canarybot}}
persistence: {storageClass: fast, accessMode: ReadWriteOncePod, annotations: {backup: daily}}
service: {enabled: true, port: 80, labels: {tier: tools}, annotations: {contact: nobody}}
serviceMonitor: {enabled: true, labels: {prometheus: main}}
prometheusRule: {enabled: true, labels: {prometheus: main}}
dashboard: {enabled: true, namespace: grafana, annotations: {folder: Tools}}
networkPolicy: {enabled: true, from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}], extraEgress: [{ports: [{port: 3128}]}]}
extraEnvFrom: [{secretRef: {name: proxy}}]
imagePullSecrets: [{name: registry}]
nodeSelector: {disk: local}
tolerations: [{key: tools, operator: Exists}]
affinity: {nodeAffinity: {}}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app.kubernetes.io/name: canarybot}}}]
priorityClassName: system-cluster-critical
config:
  api: {listen: ":8091"}
  pipelines: [{name: job, kubernetes: {namespace: ci, service_account: deployer}}, {name: gitlab, issuer: "https://gitlab.example.com:8443", claims: {project_path: acme/shop}}]
`

// Helm's own lint finds nothing, with the values of the shop and with everything on.
func TestLint(t *testing.T) {
	t.Parallel()
	for _, lines := range []string{"{}", strings.ReplaceAll(everything, "enabled: true, labels: {prometheus", "enabled: false, labels: {prometheus")} {
		result := lint.All(product, shop(t, product+"/ci/shop-values.yaml", lines), "canarybot", true)
		for _, m := range result.Messages {
			if m.Severity > 1 { // 1 asks for an icon
				t.Errorf("%s: %v", m.Path, m.Err)
			}
		}
	}
}

// typed is the type of each kind that Kubernetes itself has: a key that it lacks is an error of ours.
func typed(kind string) any {
	switch kind {
	case "Deployment":
		return &apps.Deployment{}
	case "ConfigMap":
		return &core.ConfigMap{}
	case "Service":
		return &core.Service{}
	case "ServiceAccount":
		return &core.ServiceAccount{}
	case "PersistentVolumeClaim":
		return &core.PersistentVolumeClaim{}
	case "Role":
		return &rbac.Role{}
	case "RoleBinding":
		return &rbac.RoleBinding{}
	case "ClusterRole":
		return &rbac.ClusterRole{}
	case "ClusterRoleBinding":
		return &rbac.ClusterRoleBinding{}
	case "NetworkPolicy":
		return &networking.NetworkPolicy{}
	}
	return nil
}

// Every object is of its type, no key is there twice, and the whole is the golden file.
func TestTemplate(t *testing.T) {
	t.Parallel()
	made, err := installed(t, everything)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, text := range documents(made.Manifest) {
		var object map[string]any
		if err := yaml.UnmarshalStrict([]byte(text), &object); err != nil {
			t.Errorf("%v in\n%s", err, text)
			continue
		}
		kind := object["kind"].(string)
		seen[kind] = true
		if into := typed(kind); into != nil {
			strict(t, object, into)
		}
	}
	for _, kind := range []string{"Deployment", "ServiceMonitor", "PrometheusRule", "NetworkPolicy", "Service", "Role", "PersistentVolumeClaim", "ClusterRole"} {
		if !seen[kind] {
			t.Errorf("there is no %s", kind)
		}
	}
	golden(t, "testdata/everything.golden", withoutFiles(made.Manifest)+"\n--- NOTES\n"+made.Info.Notes)
}

func strict(t *testing.T, object map[string]any, into any) {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Errorf("%s: %v", object["kind"], err)
	}
}

// withoutFiles leaves out the documents that are files of the chart, word for word.
func withoutFiles(manifest string) string {
	var kept []string
	for _, text := range documents(manifest) {
		if !strings.Contains(text, "kind: PrometheusRule") && !strings.Contains(text, "canarybot.json") {
			kept = append(kept, text)
		}
	}
	slices.Sort(kept) // Helm orders by kind, and not always the same within one
	return strings.Join(kept, "\n---")
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("%s, got before want (go test ./chart -update rewrites it):\n%s", path, diff)
	}
}

// An upgrade from the version before changes nothing that Kubernetes refuses to change, keeps every object that must
// not be lost, and takes the values of before.
func TestUpgradeFromTheVersionBefore(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"canarybot", "birds"} {
		values := func() map[string]any { return shop(t, "testdata/before/values.yaml", "{}") }
		h := newHelm()
		old, err := h.install(before, name, values())
		if err != nil {
			t.Fatal(err)
		}
		made, err := h.upgrade(product, name, values())
		if err != nil {
			t.Fatal(err)
		}
		was, is := fixed(t, old.Manifest), fixed(t, made.Manifest)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("an upgrade of %s changes what stays, before and after:\n%s", name, diff)
		}
		if made.Version != 2 || made.Info.Status != "deployed" {
			t.Errorf("the release is number %d, %s", made.Version, made.Info.Status)
		}
	}
}

// fixed returns, of every object, its name and what of it can never change.
func fixed(t *testing.T, manifest string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, text := range documents(manifest) {
		var object struct {
			Kind     string
			Metadata struct {
				Name, Namespace string
				Annotations     map[string]string
			}
			Spec    map[string]any
			RoleRef map[string]any
		}
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			t.Fatal(err)
		}
		var stays any
		switch object.Kind {
		case "Deployment":
			stays = []any{object.Spec["selector"], object.Spec["strategy"], object.Spec["replicas"]}
		case "PersistentVolumeClaim":
			stays = []any{object.Spec, object.Metadata.Annotations["helm.sh/resource-policy"]}
		case "RoleBinding":
			stays = object.RoleRef
		}
		all[object.Kind+" "+object.Metadata.Namespace+"/"+object.Metadata.Name] = stays
	}
	return all
}

// The Roles name exactly what the bot reads from the same configuration, whatever its defaults are.
func TestRolesNameWhatTheConfigurationNames(t *testing.T) {
	t.Parallel()
	for name, services := range map[string]string{
		"names that follow from the service's": `
config: {services: {checkout: {namespace: shop, image: a, route: {kind: HTTPRoute, name: web}}}}
namespaces: [{name: shop, create: true, routes: [HTTPRoute]}]`,
		"names of its own": `
config: {services: {checkout: {namespace: shop, image: a, stable: web, canary: bird, stable_service: web-main, canary_service: bird-svc, route: {kind: TrafficSplit, name: split, service: root, create: true}}}}
namespaces: [{name: shop, create: true, routes: [TrafficSplit]}]`,
		"names that follow from others": `
config: {services: {checkout: {namespace: shop, image: a, stable: web, stable_service: pods, route: {kind: TrafficSplit, name: split}}}}
namespaces: [{name: shop, create: false, routes: [TrafficSplit, HTTPRoute]}]`,
		"names from the defaults": `
config: {defaults: {namespace: shop, stable_service: pods, route: {kind: TrafficSplit, name: split, create: true}}, services: {checkout: {image: a, route: {service: root}}}}
namespaces: [{name: shop, create: true, routes: [TrafficSplit]}]`,
		"its own over the defaults": `
config: {defaults: {namespace: shop, canary: bird}, services: {checkout: {canary: own, image: a, route: {kind: HTTPRoute, name: web, create: false}}}}
namespaces: [{name: shop, create: true, routes: [HTTPRoute]}]`,
		"two services of a namespace, and a third": `
config: {services: {checkout: {namespace: shop, image: a, route: {kind: HTTPRoute, name: web}}, search: {namespace: shop, image: a, route: {kind: HTTPRoute, name: search}}, ledger: {namespace: bank, image: a, route: {kind: HTTPRoute, name: ledger}}}}
namespaces: [{name: shop, create: true, routes: [HTTPRoute]}, {name: bank, create: false, routes: [HTTPRoute]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := shop(t, "testdata/least.yaml", services)
			text, err := yaml.Marshal(values["config"])
			if err != nil {
				t.Fatal(err)
			}
			c, err := config.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			made, err := newHelm().install(product, "canarybot", values)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(named(t, made.Manifest), wanted(c, values)); diff != "" {
				t.Errorf("the Roles before what the bot touches:\n%s", diff)
			}
		})
	}
}

// named returns "NAMESPACE VERB RESOURCE/NAME" of every rule with names, sorted.
func named(t *testing.T, manifest string) []string {
	t.Helper()
	var all []string
	for _, text := range documents(manifest) {
		var role rbac.Role
		if !strings.Contains(text, "kind: Role\n") {
			continue
		}
		if err := yaml.Unmarshal([]byte(text), &role); err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			for _, verb := range rule.Verbs {
				for _, name := range rule.ResourceNames {
					all = append(all, role.Namespace+" "+verb+" "+rule.Resources[0]+"/"+name)
				}
				free := []string{"list", "watch", "create"}
				if looked := rule.Resources[0]; len(rule.ResourceNames) == 0 && !slices.Contains(free, verb) &&
					!slices.Contains([]string{"persistentvolumeclaims", "horizontalpodautoscalers", "scaledobjects"}, looked) {
					t.Errorf("in %s anything of %s may be changed by %s", role.Namespace, looked, verb)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// wanted returns the same of a configuration.
func wanted(c config.Config, values map[string]any) []string {
	creates := map[string]bool{}
	for _, n := range values["namespaces"].([]any) {
		n := n.(map[string]any)
		creates[n["name"].(string)] = n["create"].(bool)
	}
	var all []string
	for _, s := range c.Services {
		o := s.Spec.Objects
		add := func(resource string, verbs string, names ...string) {
			for _, verb := range strings.Fields(verbs) {
				for _, name := range names {
					if name != "" {
						all = append(all, o.Namespace+" "+verb+" "+resource+"/"+name)
					}
				}
			}
		}
		routes := map[string]string{config.HTTPRoute: "httproutes", config.TrafficSplit: "trafficsplits"}[o.Route.Kind]
		add("deployments", "get patch", o.Stable, o.Canary)
		add("services", "get", o.StableService, o.CanaryService, o.Route.Service)
		add(routes, "get patch", o.Route.Name)
		if creates[o.Namespace] {
			add("deployments", "delete", o.Canary)
			add("services", "delete", o.CanaryService)
			if o.Route.Create {
				add(routes, "delete", o.Route.Name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// The bot takes the configuration that the chart makes of the values.
func TestConfigurationArrives(t *testing.T) {
	t.Parallel()
	made, err := installed(t, "{}")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range documents(made.Manifest) {
		var object core.ConfigMap
		if !strings.Contains(text, "kind: ConfigMap") {
			continue
		}
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			t.Fatal(err)
		}
		c, err := config.Parse([]byte(object.Data["canarybot.yaml"]))
		if err != nil {
			t.Fatal(err)
		}
		if c.Services[rollout.ServiceName("search")].Spec.Objects.StableService != "search-stable" {
			t.Errorf("got %+v", c.Services)
		}
	}
}

// Pull secrets are read only where the configuration says so: those that it names, or all.
func TestRolesReadPullSecretsWhereAllowed(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"{}":                           "",
		"{resolve: off}":               "",
		"{pull_secrets: refused}":      "",
		"{pull_secrets: allowed}":      "- apiGroups:\n  - \"\"\n  resources:\n  - secrets\n  verbs:\n  - get\n",
		"{pull_secrets: [pull, more]}": "- apiGroups:\n  - \"\"\n  resourceNames:\n  - pull\n  - more\n  resources:\n  - secrets\n  verbs:\n  - get\n",
	} {
		values := shop(t, "testdata/least.yaml", `
config: {registry: `+setting+`, services: {checkout: {namespace: shop, image: a, route: {kind: HTTPRoute, name: web}}}}
namespaces: [{name: shop, create: true, routes: [HTTPRoute]}]`)
		made, err := newHelm().install(product, "canarybot", values)
		if err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(made.Manifest, "- secrets\n"); has != (want != "") || !strings.Contains(made.Manifest, want) {
			t.Errorf("%s: the Roles lack %q:\n%s", setting, want, made.Manifest)
		}
	}
}
