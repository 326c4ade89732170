package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The tour has a place with a picture for every command, every button and field, and every kind of view; and no picture is
// left over, or as heavy as that nobody waits for the page.
func TestTheTourIsWhole(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/tour.md")
	for _, m := range regexp.MustCompile("(?m)^`/canary (\\w+)").FindAllStringSubmatch(read(t, "bot/view/testdata/answer_help_all.golden"), -1) {
		if !regexp.MustCompile("(?m)^[^!\n]*/canary " + m[1] + "\\b.*\n\n!\\[").MatchString(page) {
			t.Errorf("the tour has no picture under a paragraph with /canary %s", m[1])
		}
	}
	var shown []string
	for _, m := range regexp.MustCompile(`\(pictures/(\w+)\.png\)`).FindAllStringSubmatch(page, -1) {
		shown = append(shown, m[1])
	}
	told := map[string]bool{} // every action, and every kind of story
	for _, path := range glob(t, "../bot/view/storybook/stories/*.json") {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		for _, action := range actionsIn(t, path) {
			told[action] = told[action] || slices.Contains(shown, name)
		}
		if kind, _, of := strings.Cut(name, "_"); of && kind != "problems" {
			told["a "+kind] = told["a "+kind] || slices.Contains(shown, name)
		}
	}
	for what, is := range told {
		if !is {
			t.Errorf("no picture of the tour has %s", what)
		}
	}
	size := int64(0)
	for _, path := range append(glob(t, "pictures/*.png"), "card.png") {
		if name := strings.TrimSuffix(filepath.Base(path), ".png"); name != "card" && !slices.Contains(shown, name) {
			t.Errorf("nothing shows %s", path)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > 1_500_000 {
		t.Errorf("the pictures have %d bytes together", size)
	}
}

// actionsIn returns what the buttons and fields of a story do, without the service or the version in it.
func actionsIn(t *testing.T, path string) []string {
	t.Helper()
	story, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile(`"action_id":"(canary\.\w+)`).FindAllStringSubmatch(string(story), -1) {
		all = append(all, m[1])
	}
	return all
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no file is called %s (%v)", pattern, err)
	}
	return paths
}
