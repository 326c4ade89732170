package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

const (
	// fewChecks is how many checks have a line each on the card whatever they say, and manyLines how many different
	// lines there are before there is not room for each.
	fewChecks, manyLines = 6, 15
	// namesInLine is how many checks share a line that say the same, and briefsInLine how many that have only their names
	// and values there.
	namesInLine, briefsInLine = 20, 10
)

// checkBlocks are the card's lines of checks: those that do not pass as text, those that pass in small print. Of many
// checks those that say the same share a line, and those that pass have only their values.
func checkBlocks(v rollout.Verdict) []slack.Block {
	sorted := worstFirst(v.Evidence)
	first := slices.IndexFunc(sorted, func(e rollout.Evidence) bool { return e.Result == rollout.Pass })
	if first < 0 {
		first = len(sorted)
	}
	pressing, passing := sorted[:first], sorted[first:]
	if len(sorted) <= fewChecks {
		return append(list(checkLines(pressing)), smallPrint(checkLines(passing))...)
	}
	small := briefly(passing, 2*maxContext)
	lines, room := sharedLines(pressing, len(sorted)), roomForList-min(len(passing), 1)*2*maxContext
	if len(lines) > manyLines || utf8.RuneCountInString(paragraph(lines...)) > room {
		lines = everyCheck(pressing, checkLine, room)
	}
	return append(list(lines), smallPrint(small)...)
}

// smallPrint has the lines in small print, in as many blocks as they need.
func smallPrint(lines []string) []slack.Block {
	var blocks []slack.Block
	for _, part := range parts(lines, maxContext) {
		blocks = append(blocks, context(part))
	}
	return blocks
}

// everyCheck returns a text for each check, which are sorted by how bad they are: in full while there is room for all
// that follow, then a line each, then their names and values alone. None is left out.
func everyCheck(sorted []rollout.Evidence, full func(rollout.Evidence) string, room int) []string {
	var all []string
	after := 0
	for _, e := range sorted {
		after += briefSize(e)
	}
	for i, e := range sorted {
		after -= briefSize(e)
		text := full(e)
		if utf8.RuneCountInString(text)+after > room {
			text = checkLine(e)
		}
		if utf8.RuneCountInString(text)+after > room {
			return append(all, briefly(sorted[i:], room)...)
		}
		room -= utf8.RuneCountInString(text) + 1
		all = append(all, text)
	}
	return all
}

// briefly names checks with their values: a line for those that fail, one for those that are unknown, one for those that
// pass, or more where a line would be too long. Where there are more than anybody reads the last line counts the rest.
func briefly(all []rollout.Evidence, room int) []string {
	var lines []string
	left := len(all)
	for _, result := range []rollout.Result{rollout.Fail, rollout.Unknown, rollout.Pass} {
		var names []string
		for _, e := range all {
			if e.Result == result || result == rollout.Unknown && icon(e.Result) == iconUnknown {
				names = append(names, nameAndValue(e))
			}
		}
		for some := range slices.Chunk(names, briefsInLine) {
			line := icon(result) + " " + strings.Join(some, " · ")
			if room -= utf8.RuneCountInString(line) + 1; room < briefSize(rollout.Evidence{}) {
				return append(lines, fmt.Sprintf("… and %s.", plural(left, "more check", "more checks")))
			}
			lines = append(lines, line)
			left -= len(some)
		}
	}
	return lines
}

// nameAndValue is a check's name with the canary's value, where there is one.
func nameAndValue(e rollout.Evidence) string {
	name := nameOf(e) + onPart(e)
	if e.Canary == nil || e.Why == rollout.WhyNoShare {
		return name
	}
	return name + " " + strings.ReplaceAll(amountOf(*e.Canary, e.Unit, measured).String(), " ", nbsp)
}

// briefSize is how many characters that takes in a line, with what is between two.
func briefSize(e rollout.Evidence) int { return utf8.RuneCountInString(nameAndValue(e)) + len(" · ") }

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
		names[l] = append(names[l], nameOf(e)+onPart(e))
	}
	var lines []string
	for _, l := range order {
		if len(names[l]) == of {
			lines = append(lines, fmt.Sprintf("%s *all %d checks*%s", l.icon, of, l.says))
			continue
		}
		for some := range slices.Chunk(names[l], namesInLine) {
			lines = append(lines, l.icon+" *"+strings.Join(some, ", ")+"*"+l.says)
		}
	}
	return lines
}
