package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// advised are what the page tells to add to owners' own objects, as the preflight says it.
var advised = map[string]rollout.Problem{
	"Application":   {Object: rollout.ObjectRef{Kind: "Deployment", Name: "checkout"}, Names: []string{"/spec/template/spec/containers/0/image"}},
	"Kustomization": {Object: rollout.ObjectRef{Kind: "Deployment", Name: "checkout"}, Names: []string{"/spec/template/spec/containers/0/image"}},
	"HelmRelease":   {Object: rollout.ObjectRef{Kind: "HTTPRoute", Name: "checkout"}, Names: []string{"/spec/rules"}},
}

// Every YAML on the page about GitOps is marked, and is what its mark says. Configuration is checked with all other pages'.
func TestGitOpsPage(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/gitops.md")
	seen := map[string]int{}
	for _, m := range regexp.MustCompile("(?ms)^(?:<!-- ([^\n]*) -->\n)?```yaml\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		mark, about, _ := strings.Cut(m[1], ": ")
		seen[mark]++
		switch mark {
		case "configuration part":
		case "values part":
			var values struct{ Owners []string }
			if err := yaml.UnmarshalStrict([]byte(m[2]), &values); err != nil || len(values.Owners) == 0 {
				t.Errorf("%v: %s", err, m[2])
			}
		case "manifest":
			manifests(t, m[2], strings.Fields(about))
		case "owner":
			advice(t, about, m[2])
		default:
			t.Errorf("nobody checks this, by its mark %q:\n%s", m[1], m[2])
		}
	}
	for mark, least := range map[string]int{"configuration part": 5, "values part": 1, "manifest": 3, "owner": len(advised)} {
		if seen[mark] < least {
			t.Errorf("%d blocks are marked %s, want %d", seen[mark], mark, least)
		}
	}
}

// manifests checks that a block has these kinds of objects, that a Job runs what the program has, and that what depends on
// another object names one of the block.
func manifests(t *testing.T, text string, kinds []string) {
	t.Helper()
	var got, names []string
	for _, document := range strings.Split(text, "\n---\n") {
		var o struct {
			APIVersion, Kind string
			Metadata         struct{ Name, GenerateName, Namespace string }
			Spec             struct {
				DependsOn []struct{ Name string }
				Template  struct {
					Spec struct{ Containers []struct{ Args []string } }
				}
			}
		}
		if err := yaml.Unmarshal([]byte(document), &o); err != nil || o.APIVersion == "" || o.Metadata.Namespace == "" {
			t.Errorf("%v: %s", err, document)
		}
		got, names = append(got, o.Kind), append(names, o.Metadata.Name)
		for _, on := range o.Spec.DependsOn {
			if !slices.Contains(names, on.Name) {
				t.Errorf("%s depends on %s, which is not before it", o.Metadata.Name, on.Name)
			}
		}
		for _, c := range o.Spec.Template.Spec.Containers {
			if len(c.Args) < 4 || c.Args[0] != "deploy" || !slices.Contains(c.Args, "--wait") {
				t.Errorf("the Job runs %q", c.Args)
			}
			for _, arg := range c.Args {
				if name, ok := strings.CutPrefix(arg, "--"); ok && !strings.Contains(sourceOf(t, "cmd/canarybot"), `, "`+strings.Split(name, "=")[0]+`", `) {
					t.Errorf("canarybot has no flag %s", arg)
				}
			}
		}
	}
	if diff := cmp.Diff(got, kinds); diff != "" {
		t.Errorf("kinds, got before want:\n%s", diff)
	}
}

// advice checks that the block says what the preflight says to add to the owner's object.
func advice(t *testing.T, kind, text string) {
	t.Helper()
	p := advised[kind]
	p.Other.Kind = kind
	var got, want any
	if err := yaml.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(view.OwnerYAML(p)), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s, page before preflight:\n%s", kind, diff)
	}
}
