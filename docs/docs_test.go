// Package docs_test keeps the documentation honest: what it names has to exist, what it quotes has to be what the
// program says, and what it offers for copying has to be taken by the program.
//
// A comment before a fenced block says what the block is: configuration (a whole file), configuration part (laid over
// the least one, by top-level key), values (of the chart), golden: FILE and code: FILE (its lines stand in that file,
// one after another), workflow (checked in lint/workflows), gitlab and manifest: KIND (see ci_test.go). A recipe's blocks are marked RECIPE: FILE, below: LINE; see follow_test.go.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"canarybot.io/bot/command"
	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// read returns a file of the repository, by its path from the root.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages returns every page by its path from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"../*.md", "*.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no pages: %v", err)
		}
		for _, path := range paths {
			name := filepath.ToSlash(filepath.Join("docs", path))
			all[name] = read(t, name)
		}
	}
	return all
}

// block is a fenced piece of a page.
type block struct {
	page, mark, language, text string
}

var fence = regexp.MustCompile("(?m)(?:^<!-- ([^\n]+) -->\n)?^( *)```(\\w*)\n((?s:.*?))^ *```$")

func blocks(t *testing.T) []block {
	t.Helper()
	var all []block
	for page, text := range pages(t) {
		for _, m := range fence.FindAllStringSubmatch(text, -1) {
			all = append(all, block{page: page, mark: m[1], language: m[3], text: strings.ReplaceAll("\n"+m[4], "\n"+m[2], "\n")[1:]})
		}
	}
	return all
}

var span = regexp.MustCompile("`([^`\n]+)`")

// code returns the lines of a page that are meant word for word: code spans, and the lines of fenced blocks without
// their comments.
func code(page string) []string {
	var all []string
	for _, m := range fence.FindAllStringSubmatch(page, -1) {
		for _, line := range strings.Split(m[4], "\n") {
			line, _, _ = strings.Cut(line, "  #")
			all = append(all, strings.TrimLeft(line, "# \t"))
		}
	}
	for _, m := range span.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		all = append(all, m[1])
	}
	return all
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchors returns what the headings of a page are called in links.
func anchors(page string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		name := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
		all = append(all, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(name, ""))
	}
	return all
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for page, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			file := page
			if target != "" {
				file = filepath.ToSlash(filepath.Join(filepath.Dir(page), target))
			}
			if _, err := os.Stat(filepath.Join("..", file)); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, file)), anchor) {
				t.Errorf("%s links to %s, where no heading is called that", page, m[1])
			}
		}
	}
}

var repositoryPath = regexp.MustCompile(`^(?:actions|api|app|bot|charts|cmd|config|docs|e2e|rollout|store|\.ci)(?:/[\w.-]+)+/?$`)

func TestFilesThatAreNamedExist(t *testing.T) {
	t.Parallel()
	for page, text := range pages(t) {
		for _, word := range strings.Fields(strings.Join(code(text), "\n")) {
			word = strings.TrimRight(word, ".,;:")
			if !repositoryPath.MatchString(word) || strings.Contains(word, "NAME") {
				continue
			}
			if _, err := os.Stat(filepath.Join("..", word)); err != nil {
				t.Errorf("%s names %s, which does not exist", page, word)
			}
		}
	}
}

func TestMakeTargetsExist(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`^(?:\w+=\S+ )*make ([a-z0-9]+)`)
	makefile := read(t, "Makefile")
	for page, text := range pages(t) {
		for _, line := range code(text) {
			if m := named.FindStringSubmatch(line); m != nil && !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s names make %s, which does not exist", page, m[1])
			}
		}
	}
}

// Every line that begins with the slash command is a form of the grammar, as help prints it, or is understood.
func TestCommandsAreUnderstood(t *testing.T) {
	t.Parallel()
	known := command.Known{Services: []rollout.ServiceName{"checkout", "search", "api", "web"}, Teams: []string{"payments"}}
	inThread := command.Known{Services: known.Services, Thread: "checkout-42", Message: true}
	forms := map[string]bool{"/canary": true, "/canary deploy": true} // the second opens a form
	for _, f := range command.Forms() {
		forms[strings.TrimSpace("/canary "+string(f.Verb)+" "+f.Args)] = true
	}
	check := func(page, line string, where command.Known) {
		if _, err := command.Parse(line, where); err != nil && !forms[line] {
			t.Errorf("%s: %q is not understood: %v", page, line, err)
		}
	}
	slash := regexp.MustCompile("/canary(?: [^`]*)?")
	for page, text := range pages(t) {
		for _, line := range code(text) {
			switch {
			case strings.HasPrefix(line, "@canary "):
				check(page, strings.TrimPrefix(line, "@canary "), inThread)
			case strings.HasPrefix(line, "/canary ") || strings.Contains(line, "`/canary "):
				check(page, strings.TrimSpace(slash.FindString(line)), known)
			}
		}
	}
}

// least is the smallest configuration, over which parts are laid.
const least = `
environment: production
slack: {channel: "#deploys"}
prometheus: {url: "http://prometheus.monitoring:9090"}
services:
  checkout: {namespace: shop, image: registry.example.com/shop/checkout, route: {kind: HTTPRoute, name: checkout}}
`

// complete lays a part over the least configuration.
func complete(t *testing.T, part string) []byte {
	t.Helper()
	whole := map[string]any{}
	for _, text := range []string{least, part} {
		if err := yaml.Unmarshal([]byte(text), &whole); err != nil {
			t.Fatal(err)
		}
	}
	text, err := yaml.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestConfigurationIsTaken(t *testing.T) {
	t.Parallel()
	seen, valid := 0, schema(t)
	for _, b := range blocks(t) {
		text := []byte(b.text)
		switch b.mark {
		case "configuration":
		case "configuration part":
			text = complete(t, b.text)
		case "values":
			text = configOf(t, b)
		default:
			continue
		}
		seen++
		if _, err := config.Parse(text); err != nil {
			t.Errorf("%s: this is refused: %v\n%s", b.page, err, b.text)
		}
		var tree any
		if err := yaml.Unmarshal(text, &tree); err != nil {
			t.Fatal(err)
		}
		if err := valid.Validate(tree); err != nil {
			t.Errorf("%s: the schema refuses this: %v\n%s", b.page, err, b.text)
		}
	}
	if seen == 0 {
		t.Error("no block is marked as configuration")
	}
}

// schema returns what editors hold a configuration against.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	tree, err := jsonschema.UnmarshalJSON(strings.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", tree); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The line by which an editor finds the schema names the file that the command before it writes.
func TestEditorsFindTheSchema(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/configuration.md")
	line := regexp.MustCompile(`(?m)^# yaml-language-server: \$schema=(\S+)$`).FindStringSubmatch(page)
	if line == nil || !strings.Contains(page, "\ncanarybot schema > "+line[1]+"\n") {
		t.Errorf("an editor is told %v, which no command of the page writes", line)
	}
}

// configOf returns the configuration in the values of the chart, whose other keys have to be the chart's.
func configOf(t *testing.T, b block) []byte {
	t.Helper()
	var values, defaults map[string]any
	if err := yaml.UnmarshalStrict([]byte(b.text), &values); err != nil {
		t.Fatalf("%s: %v", b.page, err)
	}
	if err := yaml.Unmarshal([]byte(read(t, "charts/canarybot/values.yaml")), &defaults); err != nil {
		t.Fatal(err)
	}
	for key := range values {
		if _, ok := defaults[key]; !ok {
			t.Errorf("%s: the chart has no value %q", b.page, key)
		}
	}
	text, err := yaml.Marshal(values["config"])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Every key that the parser knows has a place in the reference, and every check its query.
func TestConfigurationIsDescribedWhole(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/configuration.md")
	list := regexp.MustCompile(`this key is unknown; known: (.+?) \(line`)
	for _, odd := range []string{
		"xyzzy_xyzzy: 1", "policy: {xyzzy_xyzzy: 1}", "checks: {error_rate: {xyzzy_xyzzy: 1}}",
		"services: {checkout: {xyzzy_xyzzy: 1}}", "services: {checkout: {route: {xyzzy_xyzzy: 1}}}",
		"webhooks: [{type: cdevents, xyzzy_xyzzy: 1}]", "webhooks: [{type: grafana, xyzzy_xyzzy: 1}]", "webhooks: [{type: github, xyzzy_xyzzy: 1}]",
	} {
		_, err := config.Parse([]byte(odd))
		found := list.FindStringSubmatch(err.Error())
		if found == nil {
			t.Fatalf("the parser lists no known keys: %v", err)
		}
		for _, key := range regexp.MustCompile(`, | and `).Split(found[1], -1) {
			if !strings.Contains(page, "`"+key+"`") && !strings.Contains(page, "`"+key+".") && !strings.Contains(page, "| `"+key) {
				t.Errorf("the key %s is not described", key)
			}
		}
	}
	for _, c := range prom.Named(prom.Plain()) {
		for _, text := range []string{c.Name, c.Query, c.Traffic} {
			if !strings.Contains(page, text) {
				t.Errorf("the reference lacks this of %s: %s", c.Name, text)
			}
		}
	}
}

// Quotes are what the program says, and code is code that compiles.
func TestQuotesAreTrue(t *testing.T) {
	t.Parallel()
	quotes := 0
	for _, b := range blocks(t) {
		kind, file, ok := strings.Cut(b.mark, ": ")
		if !ok || kind != "golden" && kind != "code" {
			continue
		}
		quotes++
		if !strings.Contains("\n"+read(t, file), "\n"+strings.TrimRight(b.text, "\n")+"\n") {
			t.Errorf("%s: this does not stand in %s:\n%s", b.page, file, b.text)
		}
		if kind == "code" && strings.Count(b.text, "\n") >= 30 {
			t.Errorf("%s: the code from %s has thirty lines or more", b.page, file)
		}
	}
	if quotes == 0 {
		t.Error("nothing is quoted")
	}
}

// What the README says of the judge is what the report measured.
func TestReadmeQuotesTheReport(t *testing.T) {
	t.Parallel()
	said := regexp.MustCompile(`it rolled back ([0-9.]+) %`).FindStringSubmatch(read(t, "README.md"))
	measured := regexp.MustCompile(`\*\*healthy families together\*\* \| ([0-9.]+) %`).FindStringSubmatch(read(t, "docs/judge.md"))
	if said == nil || measured == nil || said[1] != measured[1] {
		t.Errorf("the README says %q, the report measured %q", said, measured)
	}
}

// The table of fuzz targets has each of them, and no other.
func TestFuzzTargetsAreListed(t *testing.T) {
	t.Parallel()
	page := read(t, "CONTRIBUTING.md")
	targets := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	found := 0
	for _, pattern := range []string{"../*/*_test.go", "../*/*/*_test.go", "../*/*/*/*_test.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			name := strings.TrimPrefix(filepath.ToSlash(path), "../")
			for _, m := range targets.FindAllStringSubmatch(read(t, name), -1) {
				found++
				if row := "| `" + filepath.ToSlash(filepath.Dir(name)) + "` " + m[1]; !strings.Contains(page, row+" |") && !strings.Contains(page, row+",") {
					t.Errorf("CONTRIBUTING.md does not list %s of %s", m[1], name)
				}
			}
		}
	}
	if rows := strings.Count(page, "` Fuzz"); rows != found {
		t.Errorf("CONTRIBUTING.md lists %d targets, and there are %d", rows, found)
	}
}
