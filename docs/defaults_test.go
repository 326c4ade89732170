package docs_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// row is a line of a table of keys: the key, and a default that is a value to write.
var row = regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| `([^`]+)`[^|]*\\|")

// What the reference says is the default changes nothing when it is written out.
func TestDefaultsAreTrue(t *testing.T) {
	t.Parallel()
	before, rest, _ := strings.Cut(read(t, "docs/configuration.md"), "`route` has these keys:")
	_, after, _ := strings.Cut(rest, "\n\nTwo services must not share") // that table has no defaults
	page := before + after
	page, webhooks, _ := strings.Cut(page, "## Webhooks")
	_, environment, _ := strings.Cut(webhooks, "## Environment")
	page += environment
	want := resolved(t, complete(t, ""))
	written := 0
	for _, m := range row.FindAllStringSubmatch(page, -1) {
		key, value := m[1], m[2]
		part, want := "", want
		switch at := strings.Index(page, m[0]); {
		case slices.Contains([]string{"slack.channel", "slack.notify", "slack.quiet", "calendar.zone", "slack.ends_channel"}, value) || key == "plans" || key == "unit": // names another key; a plan; depends on the check
			continue
		case strings.HasPrefix(key, "api."): // off unless the key is there
			part, want = nested(strings.Split(key, "."), value), resolved(t, complete(t, "api: {}\n"))
		case key == "audience" || key == "may": // of a pipeline
			const pipeline = "api: {}\npipelines: [{name: job, kubernetes: {namespace: ci, service_account: deployer}%s}]\n"
			part, want = fmt.Sprintf(pipeline, ", "+key+": "+value), resolved(t, complete(t, fmt.Sprintf(pipeline, "")))
		case at < strings.Index(page, "## A service"), strings.HasPrefix(key, "registry."), strings.HasPrefix(key, "calendar."):
			part = nested(strings.Split(key, "."), value)
			if strings.HasPrefix(key, "slack.") { // a part replaces the whole of a top-level key
				part = strings.Replace(part, "{slack: {", `{slack: {channel: "#deploys", `, 1)
			}
			part = strings.Replace(part, "{prometheus: {", `{prometheus: {url: "http://prometheus.monitoring:9090", `, 1)
		case at < strings.Index(page, "## Checks"):
			part = nested([]string{"defaults", key}, value)
		case at > strings.Index(page, "## The judge"):
			part = nested(append([]string{"defaults", "judge"}, strings.Split(key, ".")...), value)
		case at > strings.Index(page, "## Signals"):
			part = nested([]string{"defaults", "signals", key}, value)
		default:
			part = nested([]string{"checks", rollout.ErrorRate, key}, value)
		}
		written++
		if diff := cmp.Diff(want, resolved(t, complete(t, part)), cmpopts.IgnoreFields(config.Config{}, "Prometheus")); diff != "" {
			t.Errorf("%s is not the default of %s:\n%s", value, key, diff)
		}
	}
	if written < 12 {
		t.Errorf("only %d defaults were read from the tables", written)
	}
}

// So it is for a target that is told.
func TestDefaultsOfWebhooksAreTrue(t *testing.T) {
	t.Parallel()
	_, page, _ := strings.Cut(read(t, "docs/configuration.md"), "## Webhooks")
	written := 0
	for _, m := range row.FindAllStringSubmatch(page, -1) {
		target := `type: webhook, url: "https://ci.example.com"`
		switch m[1] {
		case "mode":
			target = `type: cdevents, url: "https://ci.example.com"`
		case "ref", "environment":
			target = `type: github, repository: acme/shop, token_file: /token`
		}
		told := func(more string) config.Config {
			return resolved(t, complete(t, "webhooks: [{"+target+more+"}]"))
		}
		written++
		if diff := cmp.Diff(told(""), told(fmt.Sprintf(", %s: %q", m[1], m[2])), cmpopts.IgnoreFields(config.Config{}, "Prometheus")); diff != "" {
			t.Errorf("%s is not the default of %s:\n%s", m[2], m[1], diff)
		}
	}
	if written < 6 {
		t.Errorf("only %d defaults were read from the table", written)
	}
}

func nested(keys []string, value string) string {
	text := fmt.Sprintf("%q", value)
	if regexp.MustCompile(`^[0-9.]+$`).MatchString(value) {
		text = value
	}
	for i := len(keys) - 1; i >= 0; i-- {
		text = "{" + keys[i] + ": " + text + "}"
	}
	return text
}

func resolved(t *testing.T, text []byte) config.Config {
	t.Helper()
	c, err := config.Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return c
}

// The table of the named checks has their limits, and the plan that exists without being written is as it is written.
func TestNamedChecksAndThePlanAreTrue(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/configuration.md")
	for _, c := range prom.Named(prom.Plain()) {
		side, limit, ceiling := "below", fmt.Sprint(c.Threshold), "none"
		if c.Comparison == rollout.GreaterThan {
			side = "above"
		}
		if c.Unit == rollout.Bytes {
			limit = fmt.Sprintf("%.0f (%.0f MiB)", c.Threshold, c.Threshold/(1<<20))
		}
		if c.Ceiling != nil {
			ceiling = fmt.Sprint(*c.Ceiling)
		}
		if line := fmt.Sprintf("| `%s` | %s %s | %s | %s |", c.Name, side, limit, ceiling, c.Unit); !strings.Contains(page, line) {
			t.Errorf("the table of checks lacks this line: %s", line)
		}
	}
	for _, b := range blocks(t) {
		var written map[string]map[string]any
		if b.page != "docs/configuration.md" || yaml.Unmarshal([]byte(b.text), &written) != nil || written["plans"]["standard"] == nil {
			continue
		}
		with := resolved(t, complete(t, b.text))
		if diff := cmp.Diff(config.Standard(), with.Services["checkout"].Spec.Plan); diff != "" {
			t.Errorf("the plan standard is not the one that exists:\n%s", diff)
		}
		return
	}
	t.Error("the plan standard is not shown")
}
