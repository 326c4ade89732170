package view_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// Each problem of the cluster in its sentence.
func TestClusterSentences(t *testing.T) {
	var text strings.Builder
	for _, p := range clusterProblems() {
		fmt.Fprintf(&text, "%s\n    %s\n", p.Code, view.Problem(p))
	}
	golden(t, "problems_cluster.golden", []byte(text.String()))
}

// Each code that is declared has one sentence in this table alone, and a sample whose fields fill it.
func TestClusterSentencesAreFilled(t *testing.T) {
	codes, table := declared(t, "../../rollout/problem_cluster.go"), view.ClusterSentences()
	for _, code := range codes {
		if table[code] == "" {
			t.Errorf("%s has no sentence", code)
		}
		if !slices.ContainsFunc(clusterProblems(), func(p rollout.Problem) bool { return p.Code == code }) {
			t.Errorf("%s has no sample", code)
		}
	}
	if len(table) != len(codes) {
		t.Errorf("%d codes are declared, and %d have sentences", len(codes), len(table))
	}
	all := view.Sentences()
	mayBeEmpty := []string{"{line}", "{route}", "{more}"}
	for _, p := range clusterProblems() {
		if all[p.Code] != table[p.Code] {
			t.Errorf("%s has two sentences", p.Code)
		}
		for _, name := range regexp.MustCompile(`\{[a-z]+\}`).FindAllString(table[p.Code], -1) {
			if got := view.Fill(p, name); got == name || got == "" && !slices.Contains(mayBeEmpty, name) {
				t.Errorf("%s: %s is filled with %q by %+v", p.Code, name, got, p)
			}
		}
	}
}
