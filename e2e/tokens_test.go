package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/e2e/cluster"
	"canarybot.io/e2e/install"
	"canarybot.io/e2e/issuer"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// refusal is a token that proves nobody, and why.
type refusal struct{ token, code string }

func refusals(t *testing.T, i *issuer.Issuer, others *issuer.Issuer) map[string]refusal {
	t.Helper()
	now := time.Now()
	sign := func(claims issuer.Claims) string { return i.Sign(t, i.Job().With(claims)) }
	foreign := issuer.NewKey(t, issuer.RSA)
	return map[string]refusal{
		"none":                            {"", "token_missing"},
		"no token":                        {"hello", "token_unknown"},
		"of another issuer":               {others.Sign(t, others.Job()), "token_issuer"},
		"of one that calls itself ours":   {others.Sign(t, i.Job()), "token_signature"},
		"for another audience":            {sign(issuer.Claims{"aud": "https://github.com/acme"}), "token_audience"},
		"of a fork":                       {sign(issuer.Claims{"repository": "acme/shop-fork"}), "token_claims"},
		"of another branch":               {sign(issuer.Claims{"ref": "refs/heads/main-2"}), "token_claims"},
		"without the claim":               {sign(issuer.Claims{"ref": nil}), "token_claims"},
		"of last night, replayed":         {sign(issuer.Claims{"iat": now.Add(-9 * time.Hour).Unix(), "nbf": now.Add(-9 * time.Hour).Unix(), "exp": now.Add(-8 * time.Hour).Unix()}), "token_expired"},
		"of tomorrow":                     {sign(issuer.Claims{"nbf": now.Add(time.Hour).Unix(), "exp": now.Add(2 * time.Hour).Unix()}), "token_early"},
		"signed by nothing":               {issuer.Unsigned(t, i.Job()), "token_algorithm"},
		"signed by the public key":        {i.Key().SignedByPublicKey(t, i.Job()), "token_algorithm"},
		"signed by a key of nobody":       {foreign.Sign(t, i.Job()), "token_signature"},
		"signed by a key under ours's id": {foreign.As(i.Key()).Sign(t, i.Job()), "token_signature"},
		"cut off":                         {i.Sign(t, i.Job())[:200], "token_unknown"},
	}
}

// testTokensRefused sends tokens that prove nobody: each is refused by a sentence that says why, counted by its reason, and told to
// nobody else. One that is good is taken, also after the issuer changed its keys.
func testTokensRefused(t *testing.T, w *world.World) {
	app := shop.Checkout("ci-tokens")
	w.AddNamespace(t, app.Namespace)
	i, others := issuer.Start(t, issuer.RSA, time.Hour), issuer.Start(t, issuer.EC, time.Hour)
	var metrics string
	bot := install.Start(t, w, install.Options{
		Apps: []shop.App{app}, Pipelines: []any{shopPipeline(i, app)},
		Change: func(c map[string]any) {
			host, _, err := net.SplitHostPort(c["api"].(map[string]any)["listen"].(string))
			if err != nil {
				t.Fatal(err)
			}
			metrics = host + ":8080"
			c["listen"] = metrics
		},
	})
	if status, body := ask(t, "http://"+bot.API+"/v1/services", i.Sign(t, i.Job())); status != http.StatusOK || !strings.Contains(body, app.Name) {
		t.Fatalf("a good token: %d %s", status, body)
	}
	counted := map[string]int{}
	for name, r := range refusals(t, i, others) {
		counted[r.code]++
		status, body := ask(t, "http://"+bot.API+"/v1/services", r.token)
		var problem struct{ Code, Detail string }
		if err := json.Unmarshal([]byte(body), &problem); err != nil || problem.Code != r.code || problem.Detail == "" || status != http.StatusUnauthorized {
			t.Errorf("a token %s: %d %s, want %s", name, status, body, r.code)
		}
		if r.token != "" && strings.Contains(bot.Process.Tail(1000), r.token) {
			t.Errorf("the log has the token %s", name)
		}
	}
	_, exported := ask(t, "http://"+metrics+"/metrics", "")
	for code, n := range counted {
		if line := fmt.Sprintf("canary_api_refused_tokens_total{reason=%q} %d", code, n); !strings.Contains(exported, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	i.Rotate(t, issuer.EC)
	i.Withdraw()
	world.Eventually(t, 20*time.Second, func() error { // it was asked a moment ago, and is not asked for each token
		if status, body := ask(t, "http://"+bot.API+"/v1/services", i.Sign(t, i.Job())); status != http.StatusOK {
			return fmt.Errorf("a token by the new key: %d %s", status, body)
		}
		return nil
	})
	if cards := bot.Cards(); len(cards) > 0 {
		t.Errorf("there are %d cards, want none", len(cards))
	}
}

// ask asks with a token; an empty one is not sent.
func ask(t *testing.T, address, token string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// way is a Service in front of an address as pods have it, and an account that may ask there through the API server. The API
// server takes it for a way only where a pod has that address; nobody runs this one.
const way = `
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s}
---
apiVersion: v1
kind: Service
metadata: {namespace: %[1]s, name: %[2]s}
spec: {ports: [{name: api, port: %[4]s}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {namespace: %[1]s, name: %[2]s-1, labels: {kubernetes.io/service-name: %[2]s}}
addressType: IPv4
ports: [{name: api, port: %[4]s, protocol: TCP}]
endpoints: [{addresses: [%[3]s], conditions: {ready: true}, targetRef: {kind: Pod, namespace: %[1]s, name: %[2]s}}]
---
apiVersion: v1
kind: Node
metadata: {name: %[1]s-%[2]s}
---
apiVersion: v1
kind: Pod
metadata: {namespace: %[1]s, name: %[2]s}
spec:
  nodeName: %[1]s-%[2]s
  containers: [{name: bot, image: nobody/runs:it}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {namespace: %[1]s, name: deployer}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {namespace: %[1]s, name: %[2]s-way}
rules: [{apiGroups: [""], resources: [services/proxy], resourceNames: ["%[2]s:api"], verbs: [get, create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {namespace: %[1]s, name: %[2]s-way}
subjects: [{kind: ServiceAccount, namespace: %[1]s, name: deployer}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: %[2]s-way}
`

// layWay makes the way to an address by a Service of that name.
func layWay(t *testing.T, w *world.World, namespace, service, address string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := cluster.Parse(fmt.Appendf(nil, way, namespace, service, host, port))
	if err != nil {
		t.Fatal(err)
	}
	w.Apply(t, objects)
	status := fmt.Sprintf(`{"status": {"phase": "Running", "podIP": %q, "podIPs": [{"ip": %q}]}}`, host, host)
	if _, err := w.Cluster.Kube.CoreV1().Pods(namespace).Patch(t.Context(), service, types.MergePatchType, []byte(status), meta.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
}

// testPipelineThroughKubernetes has a Job's service account deploy through the API server's service proxy: its token for the API
// server is used up there, and its token for the bot arrives in a header of its own.
func testPipelineThroughKubernetes(t *testing.T, w *world.World) {
	app := shop.Checkout("ci-kubernetes")
	const ci = "ci-kubernetes-jobs" // apart, so that what is found in the shop is what was there
	w.Install(t, app)
	s := setOn(t, w, app, install.Options{Pipelines: []any{map[string]any{
		"name": "job", "kubernetes": map[string]any{"namespace": ci, "service_account": "deployer"}, "services": []any{app.Name},
	}}})
	layWay(t, w, ci, "bot", s.bot.API)
	usual, err := w.Cluster.ServiceAccountToken(t.Context(), ci, "deployer")
	if err != nil {
		t.Fatal(err)
	}
	own, err := w.Cluster.ServiceAccountToken(t.Context(), ci, "deployer", issuer.Audience)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := w.Cluster.WriteKubeconfig(ci+"-deployer", usual)
	if err != nil {
		t.Fatal(err)
	}
	arrives(t, w, ci, usual)

	through := func(token string) install.Environment {
		e := install.WithToken(t, token)
		e.Env = append(e.Env, "KUBECONFIG="+kubeconfig, "CANARYBOT_VIA=kubernetes:"+ci+"/bot:api")
		return e
	}
	wrong := s.bot.Pipeline(through(usual), "deploy", app.Name, next, "--wait")
	wrong.Ends(20*time.Second, 2)
	wrong.Says(time.Second, "audience")
	run := s.bot.Pipeline(through(own), "deploy", app.Name, next, "--wait")
	card := s.bot.CardOf(app.Name + "-1")
	card.ThreadShows(time.Minute, ci+"/deployer", "pipeline job")
	promote(card, next)
	run.Ends(10*time.Second, 0)
	s.before.restored(t, w, app, next)
	s.noRepeats(card)
	s.unharmed()
	t.Logf("the pipeline said:\n%s%s", run.Said(), run.Log())
}

// arrives shows what of a request comes through the service proxy.
func arrives(t *testing.T, w *world.World, namespace, token string) {
	t.Helper()
	listener, err := net.Listen("tcp", "198.18.254.250:0")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan http.Header, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header }))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	layWay(t, w, namespace, "mirror", listener.Addr().String())
	client, err := w.Cluster.Client(token)
	if err != nil {
		t.Fatal(err)
	}
	world.Eventually(t, 30*time.Second, func() error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			cluster.URL+"/api/v1/namespaces/"+namespace+"/services/mirror:api/proxy/v1/services", nil)
		if err != nil {
			return err
		}
		request.Header.Set("X-Canarybot-Token", "mine")
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the service proxy answers %s", response.Status)
		}
		return nil
	})
	if got := <-seen; got.Get("Authorization") != "" || got.Get("X-Canarybot-Token") != "mine" {
		t.Errorf("through the service proxy arrives %v", got)
	}
}
