package docs_test

import (
	"regexp"
	"strings"
	"testing"
)

// What the table of buttons says is what stands on the cards.
func TestButtonsAreTrue(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/use.md")
	label := regexp.MustCompile(`\[ ([^\]]+) \]`)
	for state, cards := range map[string][]string{
		"queued":                      {"queued"},
		"starting, shifting, baking":  {"preparing", "shifting", "baking"},
		"waiting for a person":        {"awaiting"},
		"promoting, finishing":        {"promoting", "returning"},
		"paused":                      {"preparing_paused", "shifting_paused", "baking_paused", "awaiting_paused"},
		"held in doubt":               {"doubt_baking", "doubt_awaiting", "doubt_promoting"},
		"held by drift":               {"preparing_drift", "baking_drift", "promoting_drift"},
		"left behind by a lost store": {"orphan"},
		"stuck":                       {"stuck_and_drift_and_paused"},
		"rolling back, removing the canary, ended": {"rolling_back", "cleaning", "releasing", "succeeded", "rolled_back"},
	} {
		for _, card := range cards {
			first, _, _ := strings.Cut(read(t, "bot/view/testdata/card_"+card+".golden"), "\n\n[ ") // dialogs follow
			var all []string
			for _, m := range label.FindAllStringSubmatch(first, -1) {
				all = append(all, m[1])
			}
			shown := strings.Join(all, ", ")
			if len(all) == 0 {
				shown = "none"
			}
			found := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(state) + ` \| ([^|;]+)`).FindStringSubmatch(page)
			if found == nil {
				t.Fatalf("docs/use.md has no row for %s", state)
			}
			if told := strings.TrimSpace(strings.ReplaceAll(found[1], "**", "")); told != shown {
				t.Errorf("%s: the table says %q, the card %s has %q", state, told, card, shown)
			}
		}
	}
}
