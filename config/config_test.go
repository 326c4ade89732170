package config_test

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	httpconfig "github.com/prometheus/common/config"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
	"canarybot.io/rollout/prom"
	"canarybot.io/webhook"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata/bad")

func load(t *testing.T, name string) config.Config {
	t.Helper()
	c, err := config.Load(filepath.Join("testdata", "good", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func check(t *testing.T, name string) rollout.Check {
	t.Helper()
	for _, c := range prom.Named(prom.Plain()) {
		if c.Name == name {
			c.OnDoubt = rollout.AskOnDoubt
			return c
		}
	}
	t.Fatalf("no check %s", name)
	return rollout.Check{}
}

// defaultChecks are the named checks of a service that lists none.
func defaultChecks(t *testing.T) []rollout.Check {
	t.Helper()
	var all []rollout.Check
	for _, c := range rollout.NamedChecks() {
		if !c.Optional {
			all = append(all, check(t, string(c.Name)))
		}
	}
	return all
}

func TestTheExampleOfTheDesign(t *testing.T) {
	t.Parallel()
	got := load(t, "design")
	errors := check(t, "error_rate")
	errors.Threshold = 0.02
	want := config.Config{
		Environment: "production",
		Slack:       config.Slack{Command: "/canary", Channel: "#deploys", Pictures: true},
		Prometheus:  prom.Default("http://prometheus.monitoring:9090"),
		Store:       config.Store{Path: "/var/lib/canarybot/canarybot.db", Limit: 256 << 20},
		Listen:      ":8080",
		Calendar:    &calendar.Calendar{Zone: time.UTC, Windows: map[string]calendar.Window{}, QuietHours: map[rollout.ServiceName]calendar.Recurrence{}},
		Patience:    rollout.Patience,
		Webhooks:    byDefault(),
		Policy:      rollout.Policy{Deployers: []string{"U024BE7LH"}, Approvers: []string{"U0G9QF9C6"}, Rollback: []string{"everyone"}},
		Services: map[rollout.ServiceName]rollout.Service{"checkout": {
			Name:    "checkout",
			Channel: "#deploys",
			Policy:  rollout.Policy{Deployers: []string{"U024BE7LH"}, Approvers: []string{"U0G9QF9C6"}, Rollback: []string{"everyone"}},
			Spec: rollout.Spec{
				Environment: "production",
				Repository:  "registry.example.com/shop/checkout",
				Objects: rollout.Objects{
					Namespace: "shop", Stable: "checkout-stable", Canary: "checkout-canary", Containers: rollout.Containers{"checkout"},
					StableService: "checkout-stable", CanaryService: "checkout-canary",
					Route: rollout.RouteRef{Kind: "HTTPRoute", Name: "checkout"},
				},
				Plan: rollout.Plan{Name: "standard", Steps: []rollout.Step{
					{Weight: 5, Bake: 10 * time.Minute, Gate: rollout.Manual},
					{Weight: 50, Bake: 10 * time.Minute, Gate: rollout.Auto},
				}},
				Checks: []rollout.Check{errors, check(t, "latency_p99"), check(t, "success_rate"), check(t, "memory_usage")},
				Limits: limits(), Signals: prom.Plain(), Judging: judging(),
			},
		}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(httpconfig.ProxyConfig{})); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

// judging is how a service is judged that says nothing about it.
func judging() rollout.Judging {
	return rollout.Judging{
		Alpha: 0.01, ErrorRatio: 1.5, ErrorSlack: 0.001, LatencyRatio: 1.25, LatencySlack: 0.002,
		Interval: 15 * time.Second, Young: 3 * time.Minute, Dwell: 2 * time.Minute, Bake: 10 * time.Minute,
	}
}

// byDefault is who is told where the configuration says nothing about it.
func byDefault() []webhook.Settings {
	return []webhook.Settings{{Name: "kubernetes", Type: webhook.KubernetesType, Events: webhook.KindsOf(webhook.KubernetesType)}}
}

// limits are those of a service that says nothing about them.
func limits() rollout.Limits {
	return rollout.Limits{
		Interval: 15 * time.Second, Drain: 30 * time.Second, Wait: 2 * time.Hour, UnknownLimit: 15 * time.Minute,
		OnUnknown: rollout.Ask, Shift: 2 * time.Minute, Stuck: 2 * time.Minute, Remind: 30 * time.Minute,
	}
}

func TestTheLeastThatWorks(t *testing.T) {
	t.Parallel()
	got := load(t, "least")
	want := rollout.Service{
		Name:    "checkout",
		Channel: "#deploys",
		Policy:  rollout.Policy{Rollback: []string{"everyone"}},
		Spec: rollout.Spec{
			Environment: "staging",
			Repository:  "registry.example.com/shop/checkout",
			Objects: rollout.Objects{
				Namespace: "shop", Stable: "checkout", Canary: "checkout-canary",
				StableService: "checkout", CanaryService: "checkout-canary",
				Route: rollout.RouteRef{Kind: "HTTPRoute", Name: "checkout"},
			},
			Plan:   config.Standard(),
			Checks: defaultChecks(t),
			Limits: limits(), Signals: prom.Plain(), Judging: judging(),
		},
	}
	if diff := cmp.Diff(want, got.Services["checkout"]); diff != "" {
		t.Errorf("service (-want +got):\n%s", diff)
	}
	if got.Slack.Command != "/canary" || got.Listen != ":8080" || got.Store.Path != "/var/lib/canarybot/canarybot.db" {
		t.Errorf("got %+v %s %+v, want the defaults", got.Slack, got.Listen, got.Store)
	}
}

func TestEveryKey(t *testing.T) {
	t.Parallel()
	got := load(t, "full")
	fast := rollout.Plan{Name: "fast", Steps: []rollout.Step{
		{Weight: 20, Gate: rollout.Manual}, {Weight: 100, Bake: 90 * time.Minute, Gate: rollout.Auto},
	}}
	queue := rollout.Check{
		Name: "queue_length", Query: `max(queue_length{app="{{.Service}}",arm="{{.Arm}}"})`, Comparison: rollout.LessThan,
		Threshold: 1000, CeilingRequests: 20, Window: 5 * time.Minute, Interval: 10 * time.Second, Failures: 2, Unit: rollout.Number,
	}
	little := 0.1
	orders := rollout.Check{
		Name: "orders", Query: `sum(rate(orders_total{ {{.Select}} }[{{.Window}}]))`,
		Traffic:    `sum(increase(carts_total{ {{.Select}} }[{{.Window}}]))`,
		Comparison: rollout.GreaterThan, Threshold: 2, Ceiling: &little, CeilingRequests: 20, Window: 5 * time.Minute,
		Interval: 15 * time.Second, Failures: 2, MinRequests: 50, Unit: rollout.Number,
	}
	latency, two := check(t, "latency_p99"), 2.0
	latency.Threshold, latency.Bound, latency.Ceiling, latency.Failures, latency.MinRequests = 0.3, 0.3, &two, 3, 100
	latency.Window, latency.Interval, latency.OnDoubt = 2*time.Minute, 30*time.Second, rollout.RollbackOnDoubt
	waits := check(t, "error_rate")
	waits.OnDoubt = rollout.WaitOnDoubt

	checkout := rollout.Limits{
		Interval: 10 * time.Second, Wait: 30 * time.Minute, UnknownLimit: 5 * time.Minute, OnUnknown: rollout.RollbackOnUnk,
		Shift: 2 * time.Minute, Stuck: 2 * time.Minute, Remind: 30 * time.Minute,
	}
	cart := checkout
	cart.OnUnknown, cart.Drain = rollout.Ask, time.Minute
	const sel = `version="{{.Arm}}",app="{{.Service}}"`
	counted := prom.Plain()
	counted.Latency, counted.Memory = "", "" // no check asks about them
	want := map[rollout.ServiceName]rollout.Service{
		"checkout": {
			Name: "checkout", Team: "shop", DeployWindow: "office", Channel: "#checkout", EndsChannel: "#shipped", Notify: rollout.Notify{RolledBack: []string{"U024BE7LH", "S0BBBBBBB"}, Waits: []string{"S0614TZR7"}}, Plans: []rollout.Plan{config.Standard()},
			Links: []rollout.Link{
				{Name: "dashboard", Template: "https://grafana.example.com/d/canary?var-service={service}&from={since}&to={until}"},
				{Name: "what changed", Template: "https://git.example.com/shop/checkout/compare/{from}...{to}"},
			},
			Source: rollout.Source{Repository: "gitlab.com/acme/shop/checkout", Tag: "checkout/v{version}"},
			Policy: rollout.Policy{
				Deployers: []string{"U024BE7LH", "W0AAAAAAA"}, Approvers: []string{"U024BE7LH", "W0AAAAAAA"}, Rollback: []string{"U024BE7LH"},
			},
			Spec: rollout.Spec{
				Environment: "eu-1", Repository: "registry.example.com:5000/shop/checkout", Plan: fast, Select: sel, GitOps: true,
				Objects: rollout.Objects{
					Namespace: "shop", Stable: "checkout", Canary: "checkout-canary",
					StableService: "checkout", CanaryService: "checkout-canary",
					CanaryLabels: map[string]string{"track": "canary", "example.com/arm": "canary"},
					Route:        rollout.RouteRef{Kind: "TrafficSplit", Name: "checkout-split", Service: "checkout-root", Create: true},
				},
				Checks: []rollout.Check{queue, waits}, Limits: checkout, Signals: counted, Judging: judging(),
			},
		},
		"cart": {
			Name: "cart", Source: rollout.Source{Repository: "https://github.com/acme/cart.git"}, Team: "baskets-2", PromoteWindow: "night", Channel: "C024BE91L", EndsChannel: "C0SHIPPED1", Notify: rollout.Notify{RolledBack: []string{"S0614TZR7"}, Stuck: []string{"S0614TZR7"}, Waits: []string{"S0614TZR7"}}, Plans: []rollout.Plan{fast},
			Policy: rollout.Policy{Deployers: []string{"U0G9QF9C6"}, Rollback: []string{"everyone"}},
			Spec: rollout.Spec{
				Environment: "eu-1", Repository: "cart", Plan: config.Standard(), Select: sel, GitOps: true,
				Objects: rollout.Objects{
					Namespace: "basket", Stable: "cart-v1", Canary: "cart-v2", Containers: rollout.Containers{"app"},
					StableService: "cart-a", CanaryService: "cart-b", Route: rollout.RouteRef{Kind: "HTTPRoute", Name: "cart"},
				},
				Checks: []rollout.Check{check(t, "error_rate"), latency, check(t, "memory_usage"), queue, orders}, Limits: cart, Signals: prom.Plain(), Judging: judging(),
			},
		},
	}
	for name, s := range got.Services {
		s.Policy.Pipelines = nil // TestPipelinesAreRead has them
		got.Services[name] = s
	}
	if diff := cmp.Diff(want, got.Services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	told := []webhook.Settings{
		{
			Name: "ci", Type: webhook.PlainType, URL: "https://ci.example.com/hooks/canarybot", Services: []rollout.ServiceName{"checkout"},
			SecretFiles: []string{filepath.Join("testdata", "good", "keys", "new"), "/etc/canarybot/keys/old"}, Proxy: true,
			Events: []webhook.Kind{webhook.Started, webhook.Ended}, HidePeople: true, CAFile: filepath.Join("testdata", "good", "ca.pem"),
		},
		{
			Name: "cdevents", Type: webhook.CDEventsType, URLFile: filepath.Join("testdata", "good", "broker"), Structured: true, Insecure: true,
			Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fd00:ec2::/32")},
			Events:   webhook.KindsOf(webhook.CDEventsType),
		},
		{
			Name: "grafana", Type: webhook.GrafanaType, URL: "https://grafana.example.com", TokenFile: filepath.Join("testdata", "good", "grafana"),
			Tags: []string{"team:shop"}, Dashboard: "abc-DEF_1", Panel: 4, Events: webhook.KindsOf(webhook.GrafanaType),
		},
		{
			Name: "github", Type: webhook.GitHubType, TokenFile: filepath.Join("testdata", "good", "github"), Repository: "acme/shop",
			Ref: "checkout/v{version}", Prefix: "sha-", Environment: "{environment}/{service}", Deployments: true,
			Events: webhook.KindsOf(webhook.GitHubType),
		},
		{Name: "kubernetes", Type: webhook.KubernetesType, Events: []webhook.Kind{webhook.Started, webhook.Stuck}},
	}
	if diff := cmp.Diff(told, got.Webhooks, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
	http := got.Prometheus.HTTP
	if http.Authorization == nil || http.Authorization.CredentialsFile != filepath.Join("testdata", "good", "token") || http.TLSConfig.CAFile != "/etc/ca.pem" {
		t.Errorf("http: got %+v, want the token beside the file", http)
	}
}

// Each file in testdata/bad says at its end what Load should say.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, body := expectations(string(data))
			_, err = config.Load(file)
			if err == nil || rollout.CodeOf(err) != rollout.Invalid {
				t.Fatalf("got error %v, want an invalid configuration", err)
			}
			header, got, _ := strings.Cut(err.Error(), "\n")
			if header != file+" is not a valid configuration:" {
				t.Errorf("the error begins with %q", header)
			}
			got = strings.ReplaceAll(got, named(), "THE NAMED")
			if *update {
				writeExpectations(t, file, got, body)
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("sentences (-want +got):\n%s", diff)
			}
		})
	}
}

// named lists the named checks as sentences do, which one more of them must not change.
func named() string {
	var names []string
	for _, c := range rollout.NamedChecks() {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

const mark = "# want: "

// expectations returns the sentences behind the body. They stand at the end, where they move no line.
func expectations(data string) (want, body string) {
	body, rest, found := strings.Cut(data, mark)
	if !found {
		return "", data
	}
	lines := strings.Split(strings.TrimSuffix(rest, "\n"), "\n"+mark)
	return strings.Join(lines, "\n"), body
}

func writeExpectations(t *testing.T, file, got, body string) {
	t.Helper()
	text := body + mark + strings.ReplaceAll(got, "\n", "\n"+mark) + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSentencesForPeople(t *testing.T) {
	t.Parallel()
	_, err := config.Parse([]byte("environment: [x]\n"))
	if got := rollout.ProblemOf(err).Words; !strings.Contains(got, "environment: this must be text, not a list (line 1)") {
		t.Errorf("got %q", got)
	}
	if _, err := config.Load(filepath.Join(t.TempDir(), "absent.yaml")); rollout.CodeOf(err) != rollout.NotFound {
		t.Errorf("an absent file: got %v", err)
	}
}
