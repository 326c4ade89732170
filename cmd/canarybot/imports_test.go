package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// pkg is what `go list` reports of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
}

func list(t *testing.T, patterns ...string) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports,Deps,Standard"}, patterns...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

const module = "canarybot.io/"

// layers lists which of this module's packages each package may import, and why. It may import no others; NAME/* covers
// the packages of a folder without an entry.
var layers = map[string]struct {
	may []string
	why string
}{
	"rollout":               {nil, "the domain imports the standard library only"},
	"rollout/engine":        {[]string{"rollout"}, "the engine knows ports, no technology"},
	"rollout/calendar":      {[]string{"rollout"}, "time is pure: no clock, no store"},
	"rollout/judge":         {[]string{"rollout", "rollout/judge/bet", "rollout/judge/pack", "rollout/judge/series", "rollout/judge/sign", "rollout/judge/trial"}, "judging is pure"},
	"rollout/judge/bet":     {[]string{"rollout/judge/pack"}, "a bet knows numbers only, and how they are rounded to be stored"},
	"rollout/judge/pack":    {nil, "packing knows bytes only"},
	"rollout/judge/series":  {[]string{"rollout"}, "counting knows samples only"},
	"rollout/judge/sign":    {[]string{"rollout", "rollout/judge/bet"}, "signs know values only"},
	"rollout/judge/trial":   {[]string{"rollout/judge/bet", "rollout/judge/pack"}, "a trial knows numbers only, and how they are rounded to be stored"},
	"rollout/prom":          {[]string{"rollout", "secret"}, "adapters never import each other"},
	"rollout/kube":          {[]string{"rollout", "rollout/kube/object"}, "adapters never import each other"},
	"rollout/kube/object":   {[]string{"rollout"}, "what routers share with the cluster adapter"},
	"rollout/kube/kubetest": {[]string{"rollout", "rollout/kube/object"}, "an API server for tests"},
	"rollout/traffic":       {[]string{"rollout", "rollout/kube/object"}, "what the routers share"},
	"rollout/traffic/*":     {[]string{"rollout", "rollout/traffic", "rollout/kube/object"}, "routers never import each other"},
	"rollout/registry":      {[]string{"rollout", "secret"}, "adapters never import each other"},
	"rollout/git":           {[]string{"rollout", "rollout/git/edit", "rollout/git/forge", "secret"}, "adapters never import each other"},
	"rollout/git/edit":      {[]string{"rollout"}, "editing knows text, no Git"},
	"rollout/git/forge":     {nil, "a forge's API knows nothing of rollouts"},
	"rollout/sim":           {[]string{"rollout"}, "a cluster in memory, without Kubernetes' types"},
	"rollout/rollouttest":   {[]string{"rollout"}, "suites know the ports only"},
	"store":                 {[]string{"rollout"}, "what the stores share"},
	"store/*":               {[]string{"rollout", "store", "store/audit"}, "stores never import each other"},
	"store/audit":           {[]string{"rollout"}, "a chain knows bytes, no disk"},
	"store/storetest":       {[]string{"rollout", "store", "store/audit"}, "suites know the ports only"},
	"bot":                   {[]string{"rollout", "rollout/calendar", "bot/cards", "bot/command", "bot/slack", "bot/view"}, "the bot reaches the engine through its own port"},
	"bot/cards":             {[]string{"rollout", "bot/slack", "bot/view"}, "cards follow commits; what people do about them is the bot's"},
	"bot/slack":             {nil, "the connection knows nothing of rollouts"},
	"bot/command":           {[]string{"rollout", "rollout/calendar"}, "parsing is pure, times too"},
	"bot/chart":             {[]string{"bot/view"}, "drawing knows what the view shows, and nothing else"},
	"bot/view":              {[]string{"rollout", "bot/command"}, "rendering is pure: blocks, no client, no clock"},
	"bot/view/storybook":    {nil, "stories are data"},
	"bot/slacksim":          {[]string{"bot/slacksim/blockkit", "bot/slacksim/memnet"}, "the judge knows nothing of the judged"},
	"bot/slacksim/blockkit": {nil, "the judge knows nothing of the judged"},
	"bot/slacksim/memnet":   {nil, "a network in memory"},
	"api":                   {[]string{"rollout", "api/who", "bot/view"}, "the API reaches the engine through its own port, and says the view's sentences"},
	"api/who":               {[]string{"rollout", "secret"}, "whose a token is has nothing to do with rollouts"},
	"webhook":               {[]string{"rollout", "secret"}, "telling others knows neither Slack nor Kubernetes, and is given its sentences"},
	"api/client":            {[]string{"api", "rollout", "secret"}, "the client knows the API's bodies and how to read a token"},
	"api/report":            {[]string{"api", "rollout"}, "rendering is pure: what the API says, as a pipeline shows it"},
	"secret":                {nil, "a file knows nothing of who reads it"},
	"config":                {[]string{"rollout", "rollout/calendar", "rollout/git", "rollout/git/forge", "rollout/prom", "rollout/registry", "api/who", "secret", "webhook"}, "the configuration names checks, how to reach Prometheus, Git and registries, which pipelines may ask, and whom to tell"},
	"app":                   {[]string{"api", "rollout", "rollout/calendar", "rollout/engine", "rollout/judge", "bot", "bot/cards", "bot/slack", "bot/view", "webhook"}, "composes ports, makes no clients"},
	"docs":                  {nil, "holds tests of the documentation only"},
	"charts":                {nil, "holds tests of the chart only"},
}

func TestWhoImportsWhom(t *testing.T) {
	for _, p := range list(t, module+"...") {
		name := strings.TrimPrefix(p.ImportPath, module)
		if strings.HasPrefix(name, "cmd/") {
			continue // composers may import everything
		}
		rule, ok := layers[name]
		if !ok {
			rule, ok = layers[path.Dir(name)+"/*"]
		}
		if !ok {
			t.Errorf("%s is in no layer: say in this table what it may import, and why", name)
			continue
		}
		for _, imported := range p.Imports {
			inner, is := strings.CutPrefix(imported, module)
			if is && !slices.Contains(rule.may, inner) {
				t.Errorf("%s imports %s: %s", name, inner, rule.why)
			}
		}
	}
}

// linked lists what must not be linked into a package, and why.
func TestWhatIsNotLinked(t *testing.T) {
	for _, tt := range []struct{ root, not, why string }{
		{"rollout", "github.com/", "the domain imports the standard library only"},
		{"cmd/canarybot", "github.com/prometheus/prometheus/promql", "Prometheus's engine is for the demo and tests; of Prometheus only signing in at Azure is linked"},
		{"cmd/canarybot", "github.com/prometheus/prometheus/tsdb", "Prometheus's storage is for the demo and tests"},
		{"cmd/canarybot", "github.com/prometheus/prometheus/model", "Prometheus's own types are for the demo and tests"},
		{"cmd/canarybot", "google.golang.org/grpc", "signing in at Google needs none of it: 4 MB"},
		{"cmd/canarybot", "k8s.io/client-go/kubernetes", "it registers every kind of Kubernetes: 14 MB of binary, 11 MB of memory; rollout/kube has a client for the few that are used"},
		{"cmd/canarybot", "k8s.io/client-go/discovery", "it links client-go/kubernetes; rollout/traffic has the one request that is used"},
		{"cmd/canarybot", "github.com/docker/", "credentials are read from the files that are named; no program that a Docker configuration names is run"},
		{"cmd/canarybot", "github.com/google/go-containerregistry", "its registry in memory is for tests; its client links Docker's own configuration, and runs credential helpers"},
		{"cmd/canarybot", "github.com/ProtonMail", "go-git's own commits can be signed: a second library of cryptography; rollout/git reads and writes objects itself"},
		{"cmd/canarybot", module + "bot/slacksim", "production talks to the real Slack"},
		{"cmd/canarybot", module + "rollout/sim", "production talks to a real cluster"},
		{"cmd/demo", module + "rollout/kube", "the demo needs no Kubernetes; Prometheus's engine links a corner of client-go by itself"},
		{"bot/view", "github.com/slack-go/slack/socketmode", "rendering knows blocks, no client"},
		{"bot/slack", module, "the connection imports no other package of the bot"},
		{"rollout/judge", "net/http", "judging is pure"},
	} {
		for _, p := range list(t, module+tt.root) {
			if i := slices.IndexFunc(p.Deps, func(d string) bool { return strings.HasPrefix(d, tt.not) }); i >= 0 {
				t.Errorf("%s links %s: %s", tt.root, p.Deps[i], tt.why)
			}
		}
	}
}
