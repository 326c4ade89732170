package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The table in the docs is of these scenarios and these algorithms, and keeps every promise.
func TestTableInTheDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/judge.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	var names []string
	for _, c := range contenders() {
		names = append(names, c.name)
	}
	if head := "| scenario | requests/s | " + strings.Join(names, " | ") + " |"; strings.Count(text, head) != 2 {
		t.Errorf("the tables have other columns than %s", head)
	}
	for _, s := range scenarios() {
		if row := fmt.Sprintf("\n| %s | %.0f | ", s.name, s.rps); !strings.Contains(text, row) {
			t.Errorf("the tables lack %q at %v requests a second", s.name, s.rps)
		}
	}
	kept := strings.Count(text, "| yes |\n")
	if promised := promises(play(7, 1, 1)); kept != len(promised) || strings.Contains(text, "| **no** |") {
		t.Errorf("the docs show %d promises kept, there are %d", kept, len(promised))
	}
}
