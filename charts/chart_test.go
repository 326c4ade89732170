// Package charts_test holds the chart against what it promises, as text: no Helm is needed. What Helm makes of it, and the upgrade from the
// version before, is tested in e2e/chart; that a real API server takes all of it, and that its pod passes the restricted
// standard, in e2e.
package charts_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func file(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"canarybot"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The restricted standard admits the pod, there is only one, and its liveness depends on nothing outside.
func TestDeploymentKeepsItsPromises(t *testing.T) {
	t.Parallel()
	text := strings.Join(strings.Fields(file(t, "templates", "deployment.yaml")), " ")
	text = strings.Replace(text, `(dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault"))`, "runAsNonRoot: true seccompProfile: type: RuntimeDefault", 1)
	for _, line := range []string{
		"replicas: 1 ", "strategy: type: Recreate", "runAsNonRoot: true", "seccompProfile: type: RuntimeDefault",
		"allowPrivilegeEscalation: false", "readOnlyRootFilesystem: true", "capabilities: drop: [ALL]",
		"livenessProbe: httpGet: {path: /healthz, port: http}", "readinessProbe: httpGet: {path: /readyz, port: http}",
		"containerPort: 8080", "terminationGracePeriodSeconds:", "persistentVolumeClaim:", "startupProbe: httpGet: {path: /healthz, port: http}",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the Deployment lacks %q", line)
		}
	}
	for _, word := range []string{"hostPath", "hostNetwork", "hostPID", "privileged: true"} {
		if strings.Contains(text, word) {
			t.Errorf("the Deployment has %q", word)
		}
	}
}

// Nothing reads Secrets, nothing is granted by wildcard, nothing outside the namespaces that are listed.
func TestRightsAreNarrow(t *testing.T) {
	t.Parallel()
	rights := file(t, "files", "rights.yaml")
	for _, word := range []string{"*", "resources: [secrets]", "escalate", "impersonate"} {
		if strings.Contains(rights, word) {
			t.Errorf("the rights hold %q", word)
		}
	}
	templates, err := filepath.Glob("canarybot/templates/*")
	if err != nil || len(templates) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	for _, path := range templates {
		text := file(t, "templates", filepath.Base(path))
		for _, kind := range []string{"kind: ClusterRole", "kind: Secret"} {
			if filepath.Base(path) == "tokenreview.yaml" && kind == "kind: ClusterRole" {
				if strings.Count(text, "verbs: ") != 1 || !strings.Contains(text, "\n- {apiGroups: [authentication.k8s.io], resources: [tokenreviews], verbs: [create]}\n") {
					t.Errorf("%s grants more than to ask whose a token is", path)
				}
				continue
			}
			if strings.Contains(text, kind) {
				t.Errorf("%s has %q", path, kind)
			}
		}
	}
}

// schema is the part of a JSON schema that names and explains keys.
type schema struct {
	Description          string            `json:"description"`
	Enum                 []string          `json:"enum"`
	Properties           map[string]schema `json:"properties"`
	AdditionalProperties *additional       `json:"additionalProperties"`
	Items                *schema           `json:"items"`
}

// additional is whether a mapping takes other keys than those of its schema.
type additional struct{ closed bool }

// UnmarshalJSON reads false, true, or a schema for the others.
func (a *additional) UnmarshalJSON(text []byte) error {
	a.closed = string(text) == "false"
	return nil
}

// Every value that is written down is known to the schema, and the schema refuses others.
func TestSchemaKnowsTheValues(t *testing.T) {
	t.Parallel()
	var known schema
	if err := json.Unmarshal([]byte(file(t, "values.schema.json")), &known); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"values.yaml", "ci/shop-values.yaml"} {
		var values map[string]any
		if err := yaml.UnmarshalStrict([]byte(file(t, name)), &values); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		known.check(t, name, values)
	}
	if a := known.AdditionalProperties; a == nil || !a.closed {
		t.Error("the schema takes unknown keys")
	}
}

// check reports keys that the schema does not know, wherever it is closed.
func (s schema) check(t *testing.T, path string, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if s.Items != nil {
				s.Items.check(t, path+"[]", item)
			}
		}
	case map[string]any:
		for key, value := range v {
			next, ok := s.Properties[key]
			if !ok && s.AdditionalProperties != nil && s.AdditionalProperties.closed {
				t.Errorf("%s.%s is not in the schema", path, key)
			}
			next.check(t, path+"."+key, value)
		}
	}
}
