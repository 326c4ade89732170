package view

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"canarybot.io/rollout"
)

// The emoji. Each is always next to a word.
const (
	iconCanary  = "🐤"
	iconDone    = "✅"
	iconGoing   = "⏳"
	iconAhead   = "○"
	iconPaused  = "⏸"
	iconFrozen  = "🧊"
	iconLocked  = "🔒"
	iconWarning = "⚠️"
	iconBack    = "⏪"
	iconBad     = "❌"
	iconUnknown = "❓"
	iconQuiet   = "🌙"
)

func environment(r rollout.Rollout) string {
	if e := word(r.Spec.Environment); e != "" {
		return e
	}
	return "no environment"
}

// actorName names an actor.
func actorName(a rollout.Actor) string {
	switch a.Kind {
	case rollout.Person:
		return mention(a.ID)
	case rollout.Pipeline:
		return pipelineName(a)
	case rollout.Kube:
		return "somebody with rights on the cluster"
	case rollout.Bot:
		return "Canarybot"
	}
	return "somebody"
}

// pipelineName names a pipeline: by what of it decided, with the link to read it, else by its name in the configuration.
func pipelineName(a rollout.Actor) string {
	run := word(a.Run)
	if run == "" {
		return joined(" ", "the pipeline", word(a.ID))
	}
	if linked := anchor(a.Link, run); linked != "" {
		run = linked
	}
	return run + " (pipeline " + word(a.ID) + ")"
}

// several names things, as many as there is room for: each whole, as names of one kind differ at the end.
func several(names []string, between string) string {
	var all []string
	room := maxWords
	for i, n := range names {
		n = word(n)
		if room -= utf8.RuneCountInString(n) + len(between); room < 0 && i > 0 {
			all = append(all, fmt.Sprintf("%d more", len(names)-i))
			break
		}
		all = append(all, n)
	}
	return strings.Join(all, between)
}

// mentions mentions people so that Slack notifies them; if there are many, only the first.
func mentions(ids []string) string {
	const most = 20
	var all []string
	for i, id := range ids {
		if i == most {
			all = append(all, fmt.Sprintf("and %d more", len(ids)-most))
			break
		}
		if m := mentionGroup(id); m != "" {
			all = append(all, m)
		}
	}
	return strings.Join(all, " ")
}

// quoted returns a person's words in quotes; empty for none. Quotes that they typed themselves are not doubled.
func quoted(s string) string { return quotedUpTo(s, maxWords) }

// quotedUpTo is quoted, of at most so many characters.
func quotedUpTo(s string, most int) string {
	s = escape(strings.Trim(oneLine(s), "\"'“”„‟‘’«» "), most)
	if s == "" {
		return ""
	}
	return `"` + s + `"`
}

// reasonSuffix renders a person's reason as the end of a sentence.
func reasonSuffix(s string) string {
	if q := quoted(s); q != "" {
		return ": " + q
	}
	return ""
}

// capitalize makes the first letter of a sentence upper case.
func capitalize(s string) string {
	for i, r := range s {
		return s[:i] + strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}

// fullStop ends a sentence that may end with quoted text.
func fullStop(s string) string {
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "…") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// lower makes the first letter lower case, for use within a sentence.
func lower(s string) string {
	for i, r := range s {
		return s[:i] + strings.ToLower(string(r)) + s[i+len(string(r)):]
	}
	return s
}
