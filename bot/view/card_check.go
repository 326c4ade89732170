package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// fewChecks is how many checks have a line each on the card whatever they say.
const fewChecks = 6

// checkBlocks are the card's lines of checks: those that do not pass as text, those that pass in small print. Of many
// checks those that say the same share a line, and those that pass are only counted.
func checkBlocks(v rollout.Verdict) []slack.Block {
	sorted := worstFirst(v.Evidence)
	first := slices.IndexFunc(sorted, func(e rollout.Evidence) bool { return e.Result == rollout.Pass })
	if first < 0 {
		first = len(sorted)
	}
	pressing, passing := sorted[:first], sorted[first:]
	lines, small := checkLines(pressing), paragraph(checkLines(passing)...)
	if len(sorted) > fewChecks {
		lines, small = sharedLines(pressing, len(sorted)), iconDone+" "+plural(len(passing), "check passes", "checks pass")
	}
	blocks := list(lines)
	if len(passing) > 0 {
		blocks = append(blocks, context(small))
	}
	return blocks
}

// worstFirst orders evidence: what fails, what is unknown, what passes, and of each what decides first.
func worstFirst(all []rollout.Evidence) []rollout.Evidence {
	rank := func(e rollout.Evidence) int {
		at := 2
		switch e.Result {
		case rollout.Fail:
			at = 0
		case rollout.Pass:
			at = 4
		case rollout.Unknown:
		}
		if e.DryRun {
			at++
		}
		return at
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b rollout.Evidence) int { return cmp.Compare(rank(a), rank(b)) })
	return sorted
}

// checkLines has a line for each check.
func checkLines(all []rollout.Evidence) []string {
	lines := make([]string, len(all))
	for i, e := range all {
		lines[i] = checkLine(e)
	}
	return lines
}

// sharedLines has one line for all checks that say the same, as when Prometheus cannot be asked. Of is how many checks
// there are.
func sharedLines(all []rollout.Evidence, of int) []string {
	type line struct{ icon, says string }
	names := map[line][]string{}
	var order []line
	for _, e := range all {
		l := line{icon(e.Result), says(e)}
		if names[l] == nil {
			order = append(order, l)
		}
		names[l] = append(names[l], nameOf(e))
	}
	lines := make([]string, len(order))
	for i, l := range order {
		who := strings.Join(names[l], ", ")
		if len(names[l]) == of {
			who = fmt.Sprintf("all %d checks", of)
		}
		lines[i] = l.icon + " *" + who + "*" + l.says
	}
	return lines
}
