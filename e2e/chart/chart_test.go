package chart_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/e2e/chart"
)

func TestRender(t *testing.T) {
	t.Parallel()
	release := chart.Release{Name: "bird", Namespace: "tools"}
	values := map[string]any{"namespaces": []any{"shop", "bank"}, "replicas": 3}
	objects, err := chart.Render("testdata/toy", release, values)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, object := range objects {
		got = append(got, object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName())
	}
	want := []string{
		"ServiceAccount tools/bird",
		"Role shop/bird",
		"Role bank/bird",
		"RoleBinding shop/bird",
		"RoleBinding bank/bird",
		"Deployment tools/bird",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("objects, got before want:\n%s", diff)
	}
	if left := chart.OfKinds(objects, "Deployment"); len(left) != 1 {
		t.Errorf("got %d Deployments, want 1", len(left))
	}
}

func TestRenderRefusesAFolderWithoutAChart(t *testing.T) {
	t.Parallel()
	_, err := chart.Render("testdata/none", chart.Release{}, nil)
	if err == nil {
		t.Fatal("got no error for a folder without a chart")
	}
}
