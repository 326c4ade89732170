package charts_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"canarybot.io/config"
)

var update = flag.Bool("update", false, "rewrite README.md of the chart")

// The README of the chart says of each value what the schema says of it, and which default values.yaml has.
func TestReadmeSaysWhatTheSchemaSays(t *testing.T) {
	t.Parallel()
	var known schema
	if err := json.Unmarshal([]byte(file(t, "values.schema.json")), &known); err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.UnmarshalStrict([]byte(file(t, "values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(file(t, "README.md"), tableHead)
	if !ok {
		t.Fatalf("README.md has no table that begins with %s", tableHead)
	}
	want := head + tableHead + strings.Join(known.rows("", values), "")
	for _, row := range known.rows("", values) {
		if strings.HasSuffix(row, "|  |\n") {
			t.Errorf("the schema does not explain %s", row)
		}
	}
	if *update {
		if err := os.WriteFile("canarybot/README.md", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(file(t, "README.md"), want); diff != "" {
		t.Errorf("README.md, got before want (make golden rewrites it):\n%s", diff)
	}
}

const tableHead = "| value | default | meaning |\n|---|---|---|\n"

// rows returns a row for each value below path, in the order of their names.
func (s schema) rows(path string, values map[string]any) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		p, name := s.Properties[key], path+key
		inner, isMap := values[key].(map[string]any)
		switch {
		case key == "global":
		case isMap && p.AdditionalProperties != nil && p.AdditionalProperties.closed:
			all = append(all, p.rows(name+".", inner)...)
		default:
			text, _ := json.Marshal(values[key]) // it came from YAML
			all = append(all, fmt.Sprintf("| `%s` | `%s` | %s |\n", name, text, p.meaning()))
		}
	}
	return all
}

// meaning returns the description, and the words that are allowed where there are few.
func (s schema) meaning() string {
	var words []string
	for _, w := range s.Enum {
		words = append(words, fmt.Sprintf("`%s`", w))
	}
	return strings.Join(slices.DeleteFunc([]string{strings.Join(words, ", "), s.Description}, func(s string) bool { return s == "" }), "; ")
}

// The chart's schema has the keys and words of the configuration's own, so that a wrong one is told before anything is
// changed. Patterns are left out, because Helm quotes what does not match them, and a secret in the wrong place would get
// into a log; prometheus, where most secrets belong, is the chart's own.
func TestSchemaHasTheConfiguration(t *testing.T) {
	t.Parallel()
	var own map[string]any
	if err := json.Unmarshal([]byte(config.Schema()), &own); err != nil {
		t.Fatal(err)
	}
	delete(own, "$schema")
	own["properties"].(map[string]any)["prometheus"] = map[string]any{}
	for _, name := range []string{"http", "tls", "sigv4", "azuread"} {
		delete(own["definitions"].(map[string]any), name)
	}
	text, err := json.Marshal(map[string]any{"configuration": plain(own)})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("  %s%s\n}\n", definitions, text)
	got := file(t, "values.schema.json")
	head, _, ok := strings.Cut(got, "  "+definitions)
	if !ok {
		t.Fatalf("values.schema.json does not end with %s", definitions)
	}
	if *update {
		if err := os.WriteFile("canarybot/values.schema.json", []byte(head+want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(file(t, "values.schema.json"), head+want); diff != "" {
		t.Errorf("values.schema.json, got before want (make golden rewrites it):\n%s", diff)
	}
}

const definitions = `"definitions": `

// plain returns a schema without patterns, and without what only editors show.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for key, inner := range v {
			text, isText := inner.(string)
			_, isMapping := inner.(map[string]any) // then it may be a property that is called so
			switch {
			case key == "$ref" && isText:
				v[key] = strings.Replace(text, "#/", "#/definitions/configuration/", 1)
			case slices.Contains([]string{"pattern", "description", "examples", "default", "title"}, key) && !isMapping, key == "propertyNames":
				delete(v, key)
			default:
				v[key] = plain(inner)
			}
			if inner, is := v[key].(map[string]any); key == "not" && is && len(inner) == 0 { // it would forbid everything
				delete(v, key)
			}
		}
	}
	return v
}
