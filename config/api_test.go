package config_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/api/who"
	"canarybot.io/config"
	"canarybot.io/rollout"
)

// Everything about pipelines is read, what is not written has its default, and each service's policy has those that it is for.
func TestPipelinesAreRead(t *testing.T) {
	t.Parallel()
	c, err := config.Load("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const sum = "2e09b9db60b3ec29fd74d3c1ff4a1dcbd9b3fcb0ae4bdb9a4d4d3c6ea0eae9e"
	all := []rollout.Action{rollout.Deploy, rollout.Promote, rollout.Rollback, rollout.Pause, rollout.Resume}
	usual := []rollout.Action{rollout.Deploy, rollout.Rollback}
	want := []who.Pipeline{
		{Name: "github", Issuer: "https://token.actions.githubusercontent.com", Audience: "canarybot-eu-1", May: all, Services: []rollout.ServiceName{"checkout"},
			Claims: map[string][]string{"repository": {"acme/shop"}, "ref": {"refs/heads/main", "refs/heads/next"}, "repository_id": {"812"}},
			Links:  []string{"https://ci.example.com/job/", "http://ci.example.com:8080/"}},
		{Name: "gitlab", Issuer: "https://gitlab.example.com", Audience: "canarybot", May: usual, CAFile: filepath.Join("testdata", "good", "ca.pem"),
			Claims: map[string][]string{"project_path": {"acme/shop"}, "ref_protected": {"true"}}},
		{Name: "job", Account: who.Account{Namespace: "ci", Name: "deployer"}, Audience: "canarybot", May: usual, Services: []rollout.ServiceName{"checkout"}},
		{Name: "jenkins", Tokens: []string{"0" + sum, "1" + sum}, May: []rollout.Action{rollout.Rollback}},
	}
	if diff := cmp.Diff(want, c.Pipelines); diff != "" {
		t.Errorf("pipelines (-want +got):\n%s", diff)
	}
	api := config.API{Listen: "127.0.0.1:9001", CertFile: filepath.Join("testdata", "good", "tls", "tls.crt"), KeyFile: "/etc/tls/tls.key"}
	if c.API != api {
		t.Errorf("api: got %+v, want %+v", c.API, api)
	}
	everywhere := map[string][]rollout.Action{"gitlab": usual, "jenkins": {rollout.Rollback}}
	checkout := map[string][]rollout.Action{"gitlab": usual, "jenkins": {rollout.Rollback}, "github": all, "job": usual}
	for what, got := range map[string]map[string][]rollout.Action{"cart": c.Services["cart"].Policy.Pipelines, "no service": c.Policy.Pipelines} {
		if diff := cmp.Diff(everywhere, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if diff := cmp.Diff(checkout, c.Services["checkout"].Policy.Pipelines); diff != "" {
		t.Errorf("checkout (-want +got):\n%s", diff)
	}
}

// Without its key there is no API, and nobody may ask.
func TestTheAPIIsOff(t *testing.T) {
	t.Parallel()
	c, err := config.Load("testdata/good/least.yaml")
	if err != nil || c.API != (config.API{}) || c.Pipelines != nil {
		t.Errorf("%v: %+v %+v", err, c.API, c.Pipelines)
	}
	if may := c.Services["checkout"].Policy.Pipelines; slices.Contains(may["ci"], rollout.Deploy) || may != nil {
		t.Errorf("some pipeline may %v", may)
	}
}
