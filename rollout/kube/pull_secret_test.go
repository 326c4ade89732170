package kube_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"canarybot.io/rollout/kube/kubetest"
)

// pullSecret is a Secret of the type with this under the key.
func pullSecret(name, kind, key, value string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: shop}\ntype: %s\ndata: {%s: %s}\n",
		name, kind, key, base64.StdEncoding.EncodeToString([]byte(value)))
}

// The pods' pull secrets are those of stable's template and those that a service account brought to its pods; both types are
// read as one, and only what is allowed.
func TestPullSecrets(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", strings.Join([]string{
			kubetest.Shop, stableSet,
			pullSecret("template", "kubernetes.io/dockerconfigjson", ".dockerconfigjson", `{"auths":{"a":{}}}`),
			pullSecret("account", "kubernetes.io/dockercfg", ".dockercfg", `{"b":{}}`),
			pullSecret("broken", "kubernetes.io/dockercfg", ".dockercfg", `{`),
			pullSecret("other", "Opaque", ".dockerconfigjson", `{"auths":{"c":{}}}`),
			pullSecret("stranger", "kubernetes.io/dockerconfigjson", ".dockerconfigjson", `{"auths":{"d":{}}}`),
			strings.NewReplacer("track: canary", "track: stable", "uid: ,", "uid: uid-4,", "spec: {",
				"spec: {imagePullSecrets: [{name: template}, {name: account}, {name: broken}, {name: other}, {name: gone}, {}], ").Replace(pod("a", "checkout-now", running(""))),
		}, "\n---\n"))
		s.Edit("helm", "deployments", "shop", "checkout", func(d kubetest.Object) {
			spec(d)["template"].(kubetest.Object)["spec"].(kubetest.Object)["imagePullSecrets"] = []any{kubetest.Object{"name": "template"}}
		})
		c := connect(t, s)
		for _, tt := range []struct {
			names []string
			want  []string
		}{
			{nil, []string{`{"auths":{"a":{}}}`, `{"auths":{"b":{}}}`}},
			{[]string{"account", "stranger"}, []string{`{"auths":{"b":{}}}`}},
			{[]string{"stranger"}, nil},
		} {
			all, err := c.PullSecrets(t.Context(), kubetest.Rollout(), tt.names)
			var got []string
			for _, config := range all {
				got = append(got, string(config))
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%q: got %q, %v, want %q", tt.names, got, err, tt.want)
			}
		}
		s.Fail(func(r *http.Request) int {
			if strings.HasSuffix(r.URL.Path, "/secrets/template") {
				return http.StatusForbidden
			}
			return 0
		})
		all, err := c.PullSecrets(t.Context(), kubetest.Rollout(), nil)
		if err == nil || len(all) != 1 || strings.Contains(err.Error(), "auths") {
			t.Errorf("one that may not be read: got %d, %v", len(all), err)
		}
		s.Delete("deployments", "shop", "checkout")
		if _, err := c.PullSecrets(t.Context(), kubetest.Rollout(), nil); err == nil {
			t.Error("without stable nothing is wrong")
		}
	})
}
