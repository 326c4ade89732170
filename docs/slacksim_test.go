package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The page about the simulated Slack names every method, event, violation, and whatever a test may ask or change.
func TestSlacksimIsDescribedWhole(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/slacksim.md")
	for _, row := range []struct {
		what, file, from string
		item             *regexp.Regexp
	}{
		{"method", "bot/slacksim/api.go", "func methods()", regexp.MustCompile(`(?m)^\t\t"([a-zA-Z.]+)":`)},
		{"event", "bot/slacksim/scope.go", "func AllEvents()", regexp.MustCompile(`"([a-z_.]+)"`)},
		{"violation", "bot/slacksim/violation.go", "const (", regexp.MustCompile(`Kind = "([a-z_]+)"`)},
		{"read", "bot/slacksim/control.go", ") reads()", regexp.MustCompile(`(?m)^\t\t"([a-z]+)":`)},
		{"change", "bot/slacksim/control.go", ") changes()", regexp.MustCompile(`(?m)^\t\t"([a-z]+)":`)},
		{"field of a fault", "bot/slacksim/control.go", "type controlFault struct", regexp.MustCompile("json:\"([a-z_]+)\"")},
		{"field of a person", "bot/slacksim/options.go", "type User struct", regexp.MustCompile("json:\"([a-z_]+)\"")},
		{"field of a channel", "bot/slacksim/options.go", "type Channel struct", regexp.MustCompile("json:\"([a-z_]+)\"")},
		{"flag", "cmd/slacksim/main.go", "func run(", regexp.MustCompile(`flags\.\w+\("([a-z]+)"`)},
	} {
		_, rest, found := strings.Cut(read(t, filepath.FromSlash(row.file)), row.from)
		if !found {
			t.Fatalf("%s has no %q", row.file, row.from)
		}
		body, _, _ := strings.Cut(rest, "\n}\n")
		names := row.item.FindAllStringSubmatch(body, -1)
		if len(names) == 0 {
			t.Errorf("%s has no %s", row.file, row.what)
		}
		for _, m := range names {
			if !regexp.MustCompile("[`|,. -]"+regexp.QuoteMeta(m[1])+"[`?]").MatchString(page) && !strings.Contains(page, "`-"+m[1]+" ") {
				t.Errorf("docs/slacksim.md does not name the %s %s", row.what, m[1])
			}
		}
	}
}
