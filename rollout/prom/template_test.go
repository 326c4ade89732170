package prom_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

func TestParseQuery(t *testing.T) {
	t.Parallel()
	words := map[prom.Word]string{
		prom.Namespace: "shop", prom.Service: "checkout", prom.Stable: "checkout-stable", prom.Canary: "checkout-canary",
		prom.Arm: "canary", prom.Select: `version="canary"`, prom.Window: "300s",
	}
	tests := map[string]struct {
		text string
		want string // the expansion, or part of the error
		twin bool
		bad  bool
	}{
		"no word":                     {text: `up`, want: `up`},
		"a select":                    {text: `rate(x{{{.Select}}}[{{.Window}}])`, want: `rate(x{version="canary"}[300s])`, twin: true},
		"a select beside a matcher":   {text: `x{code="500",{{.Select}}}`, want: `x{code="500",version="canary"}`, twin: true},
		"spaces around a select":      {text: `x{ {{.Select}} }`, want: `x{ version="canary" }`, twin: true},
		"names in quotes":             {text: `x{a="{{.Namespace}}/{{.Service}}",b='{{.Stable}}',c=~"{{.Canary}}-.+"}`, want: `x{a="shop/checkout",b='checkout-stable',c=~"checkout-canary-.+"}`},
		"an arm":                      {text: `x{version="{{.Arm}}"}`, want: `x{version="canary"}`, twin: true},
		"an arm in a metric's name":   {text: `requests_{{.Arm}}_total`, want: `requests_canary_total`, twin: true},
		"a word in a comment":         {text: "up # {{.Service}}'s }", want: "up # checkout's }"},
		"a brace in a string":         {text: `x{a="{"} + y{b='}'}`, want: `x{a="{"} + y{b='}'}`},
		"two braces closed in quotes": {text: `x{a="}}"}`, want: `x{a="}}"}`},
		"an escaped quote":            {text: `x{a="\"{{.Arm}}"}`, want: `x{a="\"canary"}`, twin: true},

		"empty":                      {text: " \n", want: "it is empty", bad: true},
		"an unknown word":            {text: `x{v="{{.Version}}"}`, want: "{{.Version}} is not a known word here; known are {{.Namespace}} {{.Service}} {{.Stable}} {{.Canary}} {{.Arm}} {{.Deployment}} {{.Backend}} {{.Select}} {{.Pods}} {{.Window}}", bad: true},
		"another case":               {text: `x{{{.select}}}`, want: "{{.select}} is not a known word here", bad: true},
		"spaces in a word":           {text: `x{{{ .Select }}}`, want: "{{ .Select }} is not a known word here", bad: true},
		"no dot":                     {text: `x{{{Select}}}`, want: "{{Select}} is not a known word here", bad: true},
		"a pipeline":                 {text: `x{a="{{.Service | quote}}"}`, want: "{{.Service | quote}} is not a known word here", bad: true},
		"a word that does not end":   {text: `x{a="{{.Service}"}`, want: `"{{.Service}\"…" is not part of a word`, bad: true},
		"braces that begin no word":  {text: `{{`, want: `"{{" is not part of a word`, bad: true},
		"braces that end no word":    {text: `x{a="b"}}`, want: "}} is not part of a word", bad: true},
		"a select without braces":    {text: `x + {{.Select}}`, want: "{{.Select}} must be between a selector's braces, for example up{{{.Select}}}", bad: true},
		"a select in quotes":         {text: `x{a="{{.Select}}"}`, want: "must be between", bad: true},
		"a name without quotes":      {text: `x_{{.Service}}_total`, want: `{{.Service}} must be inside quotes, for example "{{.Service}}"`, bad: true},
		"a window in quotes":         {text: `x{a="{{.Window}}"}`, want: "must be outside of quotes", bad: true},
		"a word behind a backslash":  {text: `x{a="\{{.Service}}"}`, want: "follows a backslash", bad: true},
		"a brace that is not closed": {text: `x{a="b"`, want: "a { is not closed", bad: true},
		"a brace that is not opened": {text: `x}`, want: "a } has no {", bad: true},
		"a brace within braces":      {text: `x{ { }`, want: "a { is inside another", bad: true},
		"a quote that is not closed": {text: `x{a="b}`, want: "a quote is not closed", bad: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := prom.ParseQuery(tt.text)
			if tt.bad {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("%s: got error %v, want one with %q", tt.text, err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Expand(words)); diff != "" {
				t.Errorf("expansion (-want +got):\n%s", diff)
			}
			if got.Twin() != tt.twin {
				t.Errorf("twin: got %t, want %t", got.Twin(), tt.twin)
			}
		})
	}
}

func TestParseSelectRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                "it is empty",
		`version="{{.Window}}"`:           "{{.Window}} is not a known word here; known are {{.Namespace}} {{.Service}} {{.Stable}} {{.Canary}} {{.Arm}}",
		`{{.Select}}`:                     "{{.Select}} is not a known word here",
		`version="canary"} or up{job="x"`: "a } is outside of quotes",
		`version="canary`:                 "a quote is not closed",
		`version={{.Service}}`:            "must be inside quotes",
		`version="canary" # or`:           "a comment is not allowed here",
		"a=\"b\" # x\n":                   "a comment is not allowed here",
		`{version="canary"}`:              "a { is outside of quotes",
		`version="canary"}{`:              "a } is outside of quotes",
	} {
		if _, err := prom.ParseSelect(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", text, err, want)
		}
	}
}

func TestSelector(t *testing.T) {
	t.Parallel()
	n := prom.Names{Namespace: "shop", Service: "checkout", Stable: "checkout", Canary: "checkout-canary"}
	for _, tt := range []struct {
		sel  string
		arm  prom.Side
		want string
	}{
		{"", prom.StableArm, `namespace="shop",pod=~"checkout-[4-9bcdf]{1,10}-[bcdfghjklmnpqrstvwxz2456789]{5}"`},
		{"", prom.CanaryArm, `namespace="shop",pod=~"checkout-canary-[4-9bcdf]{1,10}-[bcdfghjklmnpqrstvwxz2456789]{5}"`},
		{`version="{{.Arm}}"`, prom.CanaryArm, `version="canary"`},
		{`app="{{.Service}}",ns='{{.Namespace}}',v="{{.Arm}}"`, prom.StableArm, `app="checkout",ns='shop',v="stable"`},
	} {
		got, err := prom.Selector(tt.sel, n, tt.arm)
		if err != nil || got != tt.want {
			t.Errorf("%q of %s: got %s (%v), want %s", tt.sel, tt.arm, got, err, tt.want)
		}
	}
}

// The named checks, word for word.
func TestNamedChecks(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"error_rate":   `(sum(rate(http_5xx_total{S}[W])) or vector(0)) / sum(rate(http_requests_total{S}[W])) less_than 0.01 ratio`,
		"success_rate": `(sum(rate(http_2xx_total{S}[W])) or vector(0)) / sum(rate(http_requests_total{S}[W])) greater_than 0.99 ratio`,
		"latency_p99":  `histogram_quantile(0.99, sum by (le) (rate(http_duration_bucket{S}[W]))) less_than 0.5 seconds`,
		"memory_usage": `max(last_over_time(container_memory_working_set_bytes{S}[W]) and container_memory_working_set_bytes{S}) less_than 5.36870912e+08 bytes`,
	}
	for _, c := range prom.Named(prom.Plain()) {
		query, err := prom.ParseQuery(c.Query)
		if err != nil {
			t.Fatal(err)
		}
		v := c.Threshold
		got := strings.Join([]string{query.Expand(map[prom.Word]string{prom.Select: "S", prom.Window: "W"}), string(c.Comparison), show(&v), string(c.Unit)}, " ")
		if want[c.Name] == "" {
			continue // a later one's words are for its own test
		}
		if got != want[c.Name] {
			t.Errorf("%s:\n got %s\nwant %s", c.Name, got, want[c.Name])
		}
		if counted := c.Traffic == `sum(increase(http_requests_total{{{.Select}}}[{{.Window}}]))`; counted == (c.Signal == rollout.MemorySignal) {
			t.Errorf("%s: traffic %q", c.Name, c.Traffic)
		}
	}
}
