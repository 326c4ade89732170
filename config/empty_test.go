package config_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"canarybot.io/config"
)

// place is a key of a configuration: its path, as problems name it, and how to find it in a tree.
type place struct {
	path string
	at   []int // positions in Content
}

// places lists every key below the node.
func places(n *yaml.Node, path string, at []int) []place {
	var all []place
	for i := range n.Content {
		inner := append(slices.Clone(at), i)
		switch {
		case n.Kind == yaml.SequenceNode:
			all = append(all, places(n.Content[i], fmt.Sprintf("%s[%d]", path, i), inner)...)
		case n.Kind == yaml.MappingNode && i%2 == 1:
			name := n.Content[i-1].Value
			if path != "" {
				name = path + "." + name
			}
			all = append(append(all, place{name, inner}), places(n.Content[i], name, inner)...)
		}
	}
	return all
}

// emptied returns the configuration with another value at the place, and the line of its key.
func emptied(t *testing.T, data []byte, p place, value yaml.Node) (text []byte, line int) {
	t.Helper()
	tree := func(data []byte) *yaml.Node {
		var doc yaml.Node
		if err := yaml.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		return doc.Content[0]
	}
	root := tree(data)
	n := root
	for _, i := range p.at {
		n = n.Content[i]
	}
	*n = value
	text, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	parent := tree(text)
	for _, i := range p.at[:len(p.at)-1] {
		parent = parent.Content[i]
	}
	return text, parent.Content[p.at[len(p.at)-1]-1].Line
}

// mayBeEmpty lists the keys for which an empty text, list or mapping means something that is documented.
var mayBeEmpty = map[string]string{
	`checks.orders.traffic ""`:                 "requests are not counted",
	"checks []":                                "",
	"services.checkout.links {}":               "leads nowhere, whatever the defaults say",
	"defaults.route {}":                        "each service has its own, or lacks one",
	"services.checkout.canary_labels {}":       "no labels of its own",
	"prometheus.http {}":                       "as Prometheus's own http_config",
	"prometheus.http.tls_config {}":            "as Prometheus's own http_config",
	"defaults.plans []":                        "no other plan",
	"slack.notify []":                          "mentions nobody",
	"services.checkout.notify []":              "mentions nobody",
	"services.checkout.notify.rolled_back []":  "mentions nobody",
	"services.checkout.notify.waits []":        "mentions nobody",
	"defaults {}":                              "no defaults",
	"at_once {}":                               "no limit",
	"queue {}":                                 "the default",
	"digests []":                               "no digests",
	"calendar.windows {}":                      "no windows",
	"calendar.freezes []":                      "no freezes",
	"calendar.holidays []":                     "no holidays",
	"calendar {}":                              "nothing is ever closed",
	"plans {}":                                 "the built-in ones",
	"checks {}":                                "the named ones",
	"checks.latency_p99 {}":                    "as it is",
	"checks.success_rate {}":                   "as it is",
	"store {}":                                 "the default path",
	"api {}":                                   "it is the API with its defaults",
	"pipelines []":                             "nobody may ask then",
	"slack {}":                                 "a channel may stand with each service",
	`services.checkout.canary_labels.track ""`: "a label may be empty",
	`services.checkout.canary_labels.example.com/arm ""`: "a label may be empty",
}

// Whatever key is left without a value, commented out or emptied, is told by its name and line: nothing else takes its
// place without a word.
func TestEmptyKeys(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	empty := map[string]yaml.Node{
		"~":  {Kind: yaml.ScalarNode, Tag: "!!null", Value: "~"},
		`""`: {Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle},
		"[]": {Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle},
		"{}": {Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle},
	}
	all := places(doc.Content[0], "", nil)
	if len(all) < 80 {
		t.Fatalf("only %d keys", len(all))
	}
	for _, p := range all {
		for shown, value := range empty {
			text, line := emptied(t, data, p, value)
			_, err := config.Parse(text)
			var wrong *config.Error
			errors.As(err, &wrong)
			if _, ok := mayBeEmpty[p.path+" "+shown]; ok {
				continue
			}
			told := func(w config.Problem) bool {
				return w.Key == p.path && w.Line == line || strings.HasPrefix(w.Key, p.path+".") || // what is missing in it
					w.Key == "prometheus.http" && strings.HasPrefix(p.path, w.Key) // in Prometheus's own words
			}
			if wrong == nil || !slices.ContainsFunc(wrong.Problems, told) {
				t.Errorf("%s: %s (line %d): got %v", p.path, shown, line, err)
			}
		}
	}
}
