package main

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"canarybot.io/cmd/judgebench/tuning"
)

// What is reported is not what was tuned on: neither package knows the other.
func TestReportAndTuningAreApart(t *testing.T) {
	t.Parallel()
	for from, other := range map[string]string{"report": "judgebench/tuning", "tuning": "judgebench/report", "world": "judgebench/tuning"} {
		files, err := filepath.Glob(from + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no files: %v", from, err)
		}
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range f.Imports {
				if strings.Contains(i.Path.Value, other) {
					t.Errorf("%s imports %s", name, i.Path.Value)
				}
			}
		}
	}
	for _, f := range tuning.Healthy() {
		if w, _ := f.Draw(1); !w.Healthy {
			t.Errorf("%s is not healthy", f.Name)
		}
	}
	for _, f := range tuning.Faults() {
		if f.Draw(1).Healthy {
			t.Errorf("%s is healthy", f.Name)
		}
	}
}
