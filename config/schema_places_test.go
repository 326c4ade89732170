package config_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"canarybot.io/config"
)

// compiled returns the schema as a validator.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", part(t)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// schema is a part of a JSON schema.
type schema = map[string]any

func part(t testing.TB) schema {
	t.Helper()
	var all schema
	if err := json.Unmarshal([]byte(config.Schema()), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// facets returns what holds at a place: the part itself and what it refers to.
func facets(root, s schema) []schema {
	all := []schema{s}
	if ref, ok := s["$ref"].(string); ok {
		named, _ := root["definitions"].(schema)[strings.TrimPrefix(ref, "#/definitions/")].(schema)
		all = append(all, facets(root, named)...)
	}
	for _, word := range []string{"anyOf", "allOf"} {
		alternatives, _ := s[word].([]any)
		for _, one := range alternatives {
			all = append(all, facets(root, one.(schema))...)
		}
	}
	return all
}

// spot is a place in the configuration that the schema describes.
type spot struct {
	path   []string // "0" is the first item of a list
	own    schema
	facets []schema
}

func (s spot) String() string { return strings.Join(s.path, ".") }

// keys returns the keys that may stand here, and whether others may too.
func (s spot) keys() (known []string, closed bool) {
	for _, f := range s.facets {
		properties, _ := f["properties"].(schema)
		known = slices.AppendSeq(known, maps.Keys(properties))
		closed = closed || f["additionalProperties"] == false
	}
	slices.Sort(known)
	return slices.Compact(known), closed
}

// words returns the words that may stand here; none: it is no closed set.
func (s spot) words() []string {
	var known []string
	for _, f := range s.facets {
		enum, _ := f["enum"].([]any)
		for _, w := range append(enum, f["const"]) {
			if word, ok := w.(string); ok {
				known = append(known, word)
			}
		}
	}
	slices.Sort(known)
	return known
}

// foreign are the places whose keys are Prometheus's own.
var foreign = []string{"prometheus.http", "prometheus.sigv4", "prometheus.azuread", "prometheus.google_iam"}

// spots lists the places below a part, but for those that are Prometheus's own.
func spots(root, s schema, path ...string) []spot {
	at := spot{path: path, own: s, facets: facets(root, s)}
	all := []spot{at}
	if slices.Contains(foreign, at.String()) {
		return all
	}
	below := map[string]schema{}
	for _, f := range at.facets {
		properties, _ := f["properties"].(schema)
		others, open := f["additionalProperties"].(schema)
		for key, inner := range properties {
			if !open { // else they only complete names
				below[key] = inner.(schema)
			}
		}
		if open {
			below[ofOnesOwn(path)] = others
		}
		if inner, ok := f["items"].(schema); ok {
			below["0"] = inner
			for i, one := range kinds(root, inner) {
				below[strconv.Itoa(i)] = one
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(below)) {
		all = append(all, spots(root, below[key], append(slices.Clone(path), key)...)...)
	}
	return all
}

// kinds returns the alternatives of a part that are told apart by their key type, each of which the base has at its place in a
// list.
func kinds(root, s schema) []schema {
	all, _ := s["oneOf"].([]any)
	var kinds []schema
	var types []any
	for _, one := range all {
		for _, f := range facets(root, one.(schema)) {
			properties, _ := f["properties"].(schema)
			if typ, ok := properties["type"].(schema); ok {
				kinds, types = append(kinds, f), append(types, typ["const"])
			}
		}
	}
	for _, kind := range kinds {
		kind["properties"].(schema)["type"] = schema{"description": "One of the kinds.", "enum": types}
	}
	return kinds
}

// ofOnesOwn returns a name in a mapping of names that people choose.
func ofOnesOwn(path []string) string {
	if len(path) > 0 && path[len(path)-1] == "services" {
		return "checkout"
	}
	return "own"
}

// base is a valid configuration in which each place may be written.
const base = `
environment: staging
slack: {channel: "#deploys"}
prometheus: {url: https://prometheus.example.com}
plans: {own: {steps: [{weight: 5, bake: 10m, gate: auto}]}}
checks:
  own: {query: 'max(a{ {{.Select}} })', comparison: less_than, threshold: 1, traffic: 'b{ {{.Select}} }'}
api: {}
git: [{host: git.example.com, token_file: token, forge: github, key_file: key, known_hosts_file: hosts}]
pipelines: [{name: own, token: "sha256:02e09b9db60b3ec29fd74d3c1ff4a1dcbd9b3fcb0ae4bdb9a4d4d3c6ea0eae9e"}]
calendar:
  windows: {own: {open: "0 9 * * *", for: 8h}, office: {open: "0 9 * * *", for: 8h}}
  freezes: [{name: own, from: 2026-12-20 18:00, until: 2027-01-02 08:00}]
digests: [{schedule: "0 9 * * *", channel: "#releases"}]
webhooks:
  - {type: webhook, url: https://ci.example.com}
  - {type: cdevents, url: https://ci.example.com}
  - {type: grafana, url: https://ci.example.com, token_file: token, dashboard: shop}
  - {type: github, token_file: token, repository: acme/shop}
  - {type: kubernetes}
services:
  checkout:
    namespace: shop
    image: registry.example.com/shop/checkout
    route: {kind: TrafficSplit, name: checkout, service: root}
    stable_service: side
    promote: {by: git, repo: "https://git.example.com/acme/deploys", path: shop/values.yaml}
`

// written returns the base with a value at some places, or without anything there.
func written(t *testing.T, value any, paths ...[]string) (tree map[string]any, text []byte) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(base), &tree); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		makeRoom(tree, path)
		put(tree, path, value)
	}
	text, err := yaml.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return tree, text
}

// makeRoom sees to it that what is written at a place is read.
func makeRoom(tree map[string]any, path []string) {
	if len(path) > 1 && path[0] == "defaults" { // they are read where a service does not say
		service, _ := tree["services"].(map[string]any)["checkout"].(map[string]any)
		if own, ok := service[path[1]]; ok {
			tree["defaults"] = map[string]any{path[1]: own}
			delete(service, path[1])
		}
	}
	if len(path) > 2 && path[0] == "pipelines" {
		makeRoomInPipeline(tree["pipelines"].([]any)[0].(map[string]any), path[2])
	}
	if len(path) > 2 && path[0] == "webhooks" && path[2] == "url_file" {
		target, _ := tree["webhooks"].([]any)
		i, _ := strconv.Atoi(path[1])
		delete(target[i].(map[string]any), "url")
	}
	if len(path) > 3 && path[1] == "freezes" && (path[3] == "every" || path[3] == "for") {
		tree["calendar"].(map[string]any)["freezes"] = []any{map[string]any{"name": "own", "every": "0 9 * * *", "for": "8h"}}
	}
	if slices.Contains(path, "margin") {
		tree["checks"].(map[string]any)["own"].(map[string]any)["compare"] = "stable"
	}
}

// makeRoomInPipeline has a pipeline known by what the key is about.
func makeRoomInPipeline(pipeline map[string]any, key string) {
	switch key {
	case "issuer", "claims", "ca_file", "audience":
		delete(pipeline, "token")
		pipeline["issuer"], pipeline["claims"] = "https://issuer.example.com", map[string]any{"sub": "own"}
	case "kubernetes":
		delete(pipeline, "token")
		pipeline["kubernetes"] = map[string]any{"namespace": "shop", "service_account": "ci"}
	}
}

// absent is no value.
type absent struct{}

var position = regexp.MustCompile(`^\d+$`)

func put(tree map[string]any, path []string, value any) {
	key := path[0]
	switch {
	case len(path) == 1 && value == (absent{}):
		delete(tree, key)
	case len(path) == 1:
		tree[key] = value
	case position.MatchString(path[1]):
		list, _ := tree[key].([]any)
		i, _ := strconv.Atoi(path[1])
		if len(list) == 0 {
			list = []any{map[string]any{}}
		}
		tree[key] = list
		if len(path) == 2 {
			list[i] = value
			return
		}
		put(list[i].(map[string]any), path[2:], value)
	default:
		inner, ok := tree[key].(map[string]any)
		if !ok {
			if value == (absent{}) {
				return
			}
			inner = map[string]any{}
			tree[key] = inner
		}
		put(inner, path[1:], value)
	}
}
