package main

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Through an API server that uses Authorization up, as Kubernetes's does, with the kubeconfig of the caller; and what is said
// where it forbids that.
func TestThroughKubernetes(t *testing.T) {
	bot := newFakeBot()
	r := example()
	bot.rollouts[r.ID] = &r
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		inner, ok := strings.CutPrefix(request.URL.Path, "/api/v1/namespaces/tools/services/canarybot:8090/proxy")
		if !ok || request.Header.Get("Authorization") != "Bearer of-the-cluster" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"kind":"Status","status":"Failure","message":"services \"canarybot\" is forbidden","code":403}`)
			return
		}
		request.URL.Path = inner
		request.Header.Del("Authorization")
		bot.ServeHTTP(w, request)
	}))
	defer server.Close()
	kubeconfig := func(token string) string {
		path := filepath.Join(t.TempDir(), "config")
		text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`, server.URL, base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), token)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	env := map[string]string{"CANARYBOT_SERVER": "", "CANARYBOT_VIA": "kubernetes:tools/canarybot:8090"}
	t.Setenv("KUBECONFIG", kubeconfig("of-the-cluster"))
	c := execute(t, t.Context(), nil, env, "status", "checkout-42")
	if c.code != 0 || !strings.Contains(c.out.String(), "checkout-42") {
		t.Errorf("code %d: %s", c.code, c.errors.String())
	}
	if len(bot.tokens) == 0 || bot.tokens[0] != "secret-token" {
		t.Errorf("the bot got the tokens %q", bot.tokens)
	}
	c = execute(t, t.Context(), nil, env, "status", "--via", "kubernetes:other/canarybot:8090")
	if c.code != 2 || !strings.Contains(c.errors.String(), `Kubernetes refuses the way to Canarybot: services "canarybot" is forbidden`) {
		t.Errorf("code %d: %s", c.code, c.errors.String())
	}
	t.Setenv("KUBECONFIG", kubeconfig("another"))
	if c = execute(t, t.Context(), nil, env, "rollback", "checkout-42"); c.code != 2 || bot.state("checkout-42").Phase != "baking" {
		t.Errorf("code %d: %s", c.code, c.errors.String())
	}
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	if c = execute(t, t.Context(), nil, env, "status"); c.code != 2 || !strings.Contains(c.errors.String(), "There is no way to Kubernetes") {
		t.Errorf("code %d: %s", c.code, c.errors.String())
	}
}
