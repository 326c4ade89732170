package charts_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// What the parser takes, the chart's values take as their config.
func TestTheChartTakesWhatTheParserTakes(t *testing.T) {
	t.Parallel()
	c := jsonschema.NewCompiler()
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(file(t, "values.schema.json")))
	if err == nil {
		err = c.AddResource("values.schema.json", parsed)
	}
	if err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	good, err := filepath.Glob("../config/testdata/good/*.yaml")
	if err != nil || len(good) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	texts := map[string]string{"promoted by others": `
environment: production
prometheus: {url: "http://prometheus.monitoring:9090"}
slack: {channel: "#deploys"}
git: [{host: git.example.com, token_file: /etc/git/token, forge: gitlab}]
services:
  checkout: {promote: {by: git, repo: "https://git.example.com/acme/deploys.git", branch: release/1.x, path: apps/shop/values.yaml,
    edit: helm-values, key: image.tag, push: pull-request, author: "Canary Bot <bot@example.com>", wait: 2h}}
  cart: {promote: gate}
`}
	for _, path := range good {
		texts[path] = file(t, "..", path)
	}
	for path, text := range texts {
		var config map[string]any
		if err := yaml.Unmarshal([]byte(text), &config); err != nil {
			t.Fatal(err)
		}
		delete(config, "store") // where the chart says it
		delete(config, "listen")
		if api, ok := config["api"].(map[string]any); ok {
			delete(api, "listen")
			delete(api, "tls")
		}
		if err := schema.Validate(map[string]any{
			"tokens": map[string]any{"secret": "slack"}, "namespaces": []any{map[string]any{"name": "shop", "create": true, "routes": []any{"HTTPRoute"}}}, "config": config,
		}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
