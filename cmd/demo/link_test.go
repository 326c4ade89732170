package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestLinksNoKubernetes keeps the quick start quick: the demo's own packages import no client of the Kubernetes API.
// Prometheus's engine and storage are an exception. They import a corner of client-go (for a type in a logger and for
// metrics of service discovery), which this repository cannot change; any import beyond that corner, or from anywhere
// else, fails.
func TestLinksNoKubernetes(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{$p := .ImportPath}}{{range .Imports}}{{$p}} {{.}}{{"\n"}}{{end}}`, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	foreign := func(path string) bool {
		return strings.HasPrefix(path, "k8s.io/") || strings.HasPrefix(path, "sigs.k8s.io/")
	}
	allowed := []string{
		"github.com/prometheus/prometheus/util/logging", "github.com/prometheus/prometheus/discovery",
	}
	for line := range strings.Lines(string(out)) {
		from, to, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case strings.HasPrefix(to, "canarybot.io/rollout/kube"), strings.HasPrefix(to, "canarybot.io/rollout/traffic"):
			t.Errorf("%s imports %s, which speaks to Kubernetes", from, to)
		case to == "k8s.io/client-go/kubernetes", to == "k8s.io/client-go/dynamic", strings.HasPrefix(to, "k8s.io/client-go/informers"):
			t.Errorf("%s imports %s, a client of the API", from, to)
		case foreign(to) && !foreign(from) && strings.HasPrefix(to, "k8s.io/client-go") && !slices.Contains(allowed, from):
			t.Errorf("%s imports %s", from, to)
		}
	}
}
