package config_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	httpconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/storage/remote/azuread"
	"github.com/prometheus/sigv4"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// The schema is held against the parser by asking both: whatever the schema refuses the parser refuses, and whatever the
// parser refuses the schema refuses, but for what only a program can know. A key that one of them lacks fails here, with
// the place in config/schema.json where it belongs.

// problems returns what the parser says.
func problems(text []byte) []config.Problem {
	_, err := config.Parse(text)
	var wrong *config.Error
	errors.As(err, &wrong)
	if wrong == nil {
		return nil
	}
	return wrong.Problems
}

// Every place has the keys that the parser has there, and each of them says what it is for.
func TestSchemaHasTheKeys(t *testing.T) {
	t.Parallel()
	root := part(t)
	list := regexp.MustCompile(`this key is unknown; known: (.+)$`)
	seen := 0
	for _, s := range spots(root, root) {
		known, closed := s.keys()
		if len(s.path) > 0 && !slices.ContainsFunc(s.facets, func(f schema) bool { return f["description"] != nil }) {
			t.Errorf("config/schema.json: %s has no description", s)
		}
		if !closed || slices.Contains(foreign, s.String()) {
			continue
		}
		seen++
		_, text := written(t, 1, append(slices.Clone(s.path), "xyzzy_xyzzy"))
		var found []string
		for _, p := range problems(text) {
			if m := list.FindStringSubmatch(p.Text); m != nil && strings.HasSuffix(p.Key, "xyzzy_xyzzy") {
				found = regexp.MustCompile(`, | and `).Split(m[1], -1)
			}
		}
		slices.Sort(found)
		if diff := cmp.Diff(found, known); diff != "" {
			t.Errorf("the keys of %q (- as the parser has them, + as config/schema.json has them):\n%s", s, diff)
		}
	}
	if seen < 15 {
		t.Errorf("only %d mappings were compared", seen)
	}
}

// probes are values of every shape.
func probes() []any {
	return []any{
		nil, true, 0, 7, -1, 0.25, 1000.5, "", " ", "x", "xyzzy", "two words", "0", "10m", "-5m", "16MiB", "1TiB", "#deploys", "/canary", ":9090",
		"http://host:1", "https://user:word@host", "registry.example.com/shop/checkout:v1", "U024BE7LH", strings.Repeat("a", 64),
		[]any{}, []any{"x", "x"}, []any{7}, []any{"U024BE7LH"}, map[string]any{}, map[string]any{"xyzzy": 1}, map[string]any{"Not a name": "x"},
	}
}

// beyond are sentences about what no schema can know: a query's grammar, what exists, and how values fit each other.
var beyond = regexp.MustCompile(`has no value|did you mean|is written twice|known word|is not a (single selector|list of matchers|plan|check)|comment is not|` +
	`selects the same series|is also|cannot be told apart|no bake ever ends|fewer than two intervals|whole number of seconds|too small|is missing|` +
	`contradicts|is not beyond|is not more than|nothing is compared|must provide an Azure|is no service|no service's team|time zone|cron expression|no such (day|time)|that comes again|is not a window|known: checkout|has more than a path|in clear text|unencrypted|whether GitHub or GitLab runs there|in this address is a secret`)

// What the schema refuses the parser refuses, and the other way round. The words of closed sets are the same. All places of
// one depth get the same value at once, which takes a twentieth of the time; where that makes a difference a place is asked alone.
func TestSchemaRefusesWhatTheParserRefuses(t *testing.T) {
	t.Parallel()
	root, valid := part(t), compiled(t)
	byDepth := map[int][]spot{}
	for _, s := range spots(root, root) {
		if len(s.path) > 0 && (s.path[0] != "defaults" || len(s.path) < 3) { // the rest is as below services
			byDepth[len(s.path)] = append(byDepth[len(s.path)], s)
		}
	}
	compared, told := 0, map[string]int{}
	for _, all := range byDepth {
		for _, value := range probes() {
			several := ask(t, valid, value, all...)
			for _, s := range all {
				compared++
				if several.differs(s) == "" || told[s.String()] > 2 {
					continue
				}
				if differs := ask(t, valid, value, s).differs(s); differs != "" {
					told[s.String()]++
					t.Errorf("%s: %#v %s", s, value, differs)
				}
			}
		}
	}
	if compared < 2500 {
		t.Errorf("only %d values were compared", compared)
	}
}

// answers is what the schema and the parser say of a value at some places.
type answers struct {
	schema []string // the places that it refuses
	parser []config.Problem
	alone  bool // about one place; a name in it that is refused has no place of its own
}

func ask(t *testing.T, valid *jsonschema.Schema, value any, at ...spot) answers {
	t.Helper()
	var paths [][]string
	for _, s := range at {
		paths = append(paths, s.path)
	}
	tree, text := written(t, value, paths...)
	var refused *jsonschema.ValidationError
	errors.As(valid.Validate(tree), &refused)
	return answers{refusedAt(refused), problems(text), len(at) == 1}
}

// refusedAt lists the places of an error and its causes.
func refusedAt(e *jsonschema.ValidationError) []string {
	if e == nil {
		return nil
	}
	all := []string{strings.Join(e.InstanceLocation, ".")}
	for _, cause := range e.Causes {
		all = append(all, refusedAt(cause)...)
	}
	return all
}

var lists = regexp.MustCompile(`^"xyzzy" is unknown; known: (.+)$`)

// differs returns how the two differ about a place; empty: they do not.
func (a answers) differs(s spot) string {
	at := func(place string) bool { return place == s.String() || strings.HasPrefix(place, s.String()+".") }
	var told []config.Problem
	for _, p := range a.parser {
		if at(regexp.MustCompile(`\[(\d+)\]`).ReplaceAllString(p.Key, ".$1")) {
			told = append(told, p)
		}
	}
	byShape := func(p config.Problem) bool { return !beyond.MatchString(p.Text) }
	refused := slices.ContainsFunc(a.schema, at) || a.alone && a.schema != nil
	switch {
	case refused && told == nil:
		return "is refused by config/schema.json alone"
	case !refused && slices.ContainsFunc(told, byShape):
		return fmt.Sprintf("is refused by the parser alone: %v", told)
	}
	for _, p := range told {
		if m := lists.FindStringSubmatch(p.Text); m != nil && byShape(p) {
			words := regexp.MustCompile(`, | and `).Split(m[1], -1)
			slices.Sort(words)
			if diff := cmp.Diff(words, s.words()); diff != "" {
				return "the words (- as the parser has them, + as config/schema.json has them):\n" + diff
			}
		}
	}
	return ""
}

// What has to be there for the one has to be there for the other, but for a service's keys, which may stand in defaults.
func TestSchemaMissesWhatTheParserMisses(t *testing.T) {
	t.Parallel()
	root, valid := part(t), compiled(t)
	for _, s := range spots(root, root) {
		if len(s.path) == 0 || position.MatchString(s.path[len(s.path)-1]) || len(s.path) > 2 && s.path[0] == "services" || s.path[0] == "defaults" {
			continue
		}
		tree, text := written(t, absent{}, s.path)
		refused, told := valid.Validate(tree), problems(text)
		if missing := told != nil && s.String() != "slack.channel" && s.String() != "slack"; (refused != nil) != missing { // each service may name one
			t.Errorf("without %s: the schema says %v, the parser %v", s, refused, told)
		}
	}
}

// Each default changes nothing when it is written, and another value does.
func TestSchemaHasTheDefaults(t *testing.T) {
	t.Parallel()
	root := part(t)
	resolved := func(path []string, value any) config.Config {
		_, text := written(t, value, path)
		c, err := config.Parse(text)
		if err != nil {
			t.Errorf("%s: %v: %v", strings.Join(path, "."), value, err)
		}
		return c
	}
	seen := 0
	for _, s := range spots(root, root) {
		value, ok := s.own["default"]
		if !ok {
			continue
		}
		seen++
		without := resolved(s.path, absent{})
		same := func(other any) string {
			return cmp.Diff(without, resolved(s.path, other), cmpopts.IgnoreUnexported(httpconfig.ProxyConfig{}))
		}
		if diff := same(value); diff != "" {
			t.Errorf("%s: %v is not its default:\n%s", s, value, diff)
		}
		other := slices.IndexFunc(candidates(s), func(v any) bool { return !reflect.DeepEqual(v, value) && same(v) != "" })
		if other < 0 && s.String() != "prometheus.insecure" { // it only lets things pass
			t.Errorf("%s: no other value changes anything; write one into its examples", s)
		}
	}
	if seen < 30 {
		t.Errorf("only %d defaults were compared", seen)
	}
}

// candidates returns values that may stand at a place.
func candidates(s spot) []any {
	examples, _ := s.own["examples"].([]any)
	for _, w := range s.words() {
		examples = append(examples, w)
	}
	return examples
}

// Below prometheus stand Prometheus's own keys, as its own code has them, without those that are refused here.
func TestSchemaHasPrometheusKeys(t *testing.T) {
	t.Parallel()
	root := part(t)
	left := []string{ // secrets, what stands for a secret, and what only a secret's place would be
		"password", "credentials", "bearer_token", "client_secret", "client_certificate_key", "key", "secrets", "secret_key",
		"certificate_password", "oauth", "proxy_connect_header",
		"username_ref", "password_ref", "credentials_ref", "client_secret_ref", "client_certificate_key_ref", "ca_ref", "cert_ref", "key_ref",
	}
	for at, v := range map[string]any{
		"http": httpconfig.HTTPClientConfig{}, "sigv4": sigv4.SigV4Config{}, "azuread": azuread.AzureADConfig{}, "google_iam": prom.GoogleIAM{},
	} {
		where := root["properties"].(schema)["prometheus"].(schema)["properties"].(schema)[at].(schema)
		sameKeys(t, root, where, "prometheus."+at, reflect.TypeOf(v), left)
	}
}

// sameKeys compares the keys of a part with those of a type, and what is below them.
func sameKeys(t *testing.T, root, s schema, path string, typ reflect.Type, left []string) {
	t.Helper()
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	at := spot{path: []string{path}, own: s, facets: facets(root, s)}
	known, closed := at.keys()
	theirs := map[string]reflect.Type{}
	yamlKeys(typ, theirs)
	for _, key := range left {
		delete(theirs, key)
	}
	if !closed || typ.Kind() != reflect.Struct || len(theirs) == 0 {
		return
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(theirs)), known); diff != "" {
		t.Errorf("the keys of %s (- as Prometheus has them, + as config/schema.json has them):\n%s", path, diff)
	}
	for _, f := range at.facets {
		properties, _ := f["properties"].(schema)
		for key, inner := range properties {
			if theirs[key] != nil {
				sameKeys(t, root, inner.(schema), path+"."+key, theirs[key], left)
			}
		}
	}
}

// yamlKeys collects the keys that a type is read from.
func yamlKeys(typ reflect.Type, into map[string]reflect.Type) {
	if typ.Kind() != reflect.Struct {
		return
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			yamlKeys(f.Type, into)
		case name != "" && name != "-":
			into[name] = f.Type
		}
	}
}

// Every good file passes; a bad one that is wrong by its shape does not.
func TestSchemaTakesTheGoodFiles(t *testing.T) {
	t.Parallel()
	valid := compiled(t)
	for _, file := range files(t, "testdata/good/*.yaml") {
		if err := valid.Validate(tree(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, file := range files(t, "testdata/bad/*.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tree any
		if yaml.Unmarshal(data, &tree) != nil {
			continue // no editor reads it either
		}
		byShape := slices.ContainsFunc(problems(data), func(p config.Problem) bool {
			return regexp.MustCompile(`this key is unknown|is unknown;|this must be|is not a valid name`).MatchString(p.Text)
		})
		if byShape && valid.Validate(tree) == nil {
			t.Errorf("%s is wrong by its shape, and the schema takes it", file)
		}
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(pattern)
	if err != nil || len(all) == 0 {
		t.Fatalf("no files: %v", err)
	}
	return all
}

func tree(t *testing.T, file string) (tree any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

// Beside a reference stand only words for people, which draft-07 leaves out: a rule there would never hold.
func TestSchemaHidesNoRule(t *testing.T) {
	t.Parallel()
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case schema:
			_, refers := v["$ref"].(string)
			for key, inner := range v {
				if refers && !slices.Contains([]string{"$ref", "description", "default", "examples"}, key) {
					t.Errorf("%s: %s stands beside $ref", at, key)
				}
				walk(at+"/"+key, inner)
			}
		case []any:
			for i, inner := range v {
				walk(at+"/"+strconv.Itoa(i), inner)
			}
		}
	}
	walk("", part(t))
}

// The checks that the schema names exist.
func TestSchemaNamesWhatIsBuiltIn(t *testing.T) {
	t.Parallel()
	checks := part(t)["properties"].(schema)["checks"].(schema)["properties"].(schema)
	for name := range checks {
		if _, ok := rollout.Named(name); !ok {
			t.Errorf("there is no check %s by name", name)
		}
	}
	if len(checks) < 4 {
		t.Errorf("only %d checks are named", len(checks))
	}
}
