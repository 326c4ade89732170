package view_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

var personID = regexp.MustCompile(`\b[UWS]0[A-Z0-9]{6,}`)

// unreplied are entries without a reply, and some with one.
func unreplied() map[string]rollout.Entry {
	all := map[string]rollout.Entry{
		"requested": {Kind: rollout.EntryRequested},
		"closed":    {Kind: rollout.EntryGit, Data: rollout.Data{Wish: rollout.WantPromotion, Commit: &rollout.GitCommit{Asked: true, Declined: true}}},
		"started":   entries()["started"],
		"step":      entries()["step"],
		"rollback":  entries()["rollback"],
	}
	for _, p := range rollout.Phases() {
		e := entries()["rolling_back"]
		e.Data.To, e.Data.Reason = p, rollout.Reason{Code: rollout.ReasonPerson}
		e.Actor = person("U0G9QF9C6")
		all["phase_"+p.String()] = e
	}
	return all
}

// Every entry has a line of plain text. The golden file is to be read.
func TestLines(t *testing.T) {
	t.Parallel()
	plain := func(name string, e rollout.Entry) string {
		line := view.Line(baking(), e, false)
		for _, markup := range []string{"<@", "<!", "<h", "&amp;", "&lt;", "*", "\n"} {
			if line == "" || strings.Contains(line, markup) {
				t.Errorf("%s has %q: %s", name, markup, line)
			}
		}
		if hidden := view.Line(baking(), e, true); personID.MatchString(hidden) {
			t.Errorf("%s names somebody: %s", name, hidden)
		}
		return line
	}
	for name, e := range entries() {
		plain(name, e)
	}
	var out strings.Builder
	all := unreplied()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&out, "%s: %s\n", name, plain(name, all[name]))
	}
	golden(t, "lines.golden", []byte(out.String()))
}

// What people write stays text, whatever it looks like: nobody is mentioned by it, and nothing of it is hidden.
func TestLinesOfHostileText(t *testing.T) {
	t.Parallel()
	r := baking()
	r.Request.Text = hostile
	line := view.Line(r, rollout.Entry{Kind: rollout.EntryRequested}, true)
	if !strings.Contains(line, "<@U0HOSTILE>") || strings.ContainsAny(line, "\n\r") {
		t.Errorf("got %s", line)
	}
}
