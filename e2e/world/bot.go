package world

import (
	"os/exec"
	"testing"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/e2e/chart"
	"canarybot.io/e2e/process"
)

// Grant installs what a chart grants, and nothing else of it, and returns the path of a kubeconfig with
// those rights: that of the chart's one service account. Namespaces in which it grants must exist.
func (w *World) Grant(t testing.TB, folder string, release chart.Release, values map[string]any) string {
	t.Helper()
	rendered, err := chart.Render(folder, release, values)
	if err != nil {
		t.Fatal(err)
	}
	w.AddNamespace(t, release.Namespace)
	w.Apply(t, chart.OfKinds(rendered, chart.Rights()...))
	accounts := chart.OfKinds(rendered, "ServiceAccount")
	if len(accounts) != 1 {
		t.Fatalf("chart %s has %d service accounts, want one", folder, len(accounts))
	}
	token, err := w.Cluster.ServiceAccountToken(t.Context(), accounts[0].GetNamespace(), accounts[0].GetName())
	if err != nil {
		t.Fatal(err)
	}
	path, err := w.Cluster.WriteKubeconfig(release.Name, token)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// AddNamespace creates a namespace unless it exists.
func (w *World) AddNamespace(t testing.TB, name string) {
	t.Helper()
	namespace := &core.Namespace{ObjectMeta: meta.ObjectMeta{Name: name}}
	_, err := w.Cluster.Kube.CoreV1().Namespaces().Create(t.Context(), namespace, meta.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// Run runs a program, such as the bot, until the test ends. Its output is kept under its name, also over
// several runs, and shown when the test fails. A test may kill it and run it again.
func (w *World) Run(t testing.TB, name string, command *exec.Cmd) *process.Process {
	t.Helper()
	running, err := process.Start(w.dir, name, command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	return running
}
