package view

import (
	"fmt"
	"strings"

	"canarybot.io/rollout"
)

// The emoji. Each is always next to a word.
const (
	iconCanary  = "🐤"
	iconDone    = "✅"
	iconGoing   = "⏳"
	iconAhead   = "○"
	iconPaused  = "⏸"
	iconWarning = "⚠️"
	iconBack    = "⏪"
	iconBad     = "❌"
	iconUnknown = "❓"
)

// version returns the short name of an image.
func version(image string) string { return word(rollout.ShortVersion(image)) }

// foundVersion returns the version that the rollout found; empty until it has read the cluster.
func foundVersion(r rollout.Rollout) string {
	if r.From() == "" {
		return ""
	}
	return version(r.From())
}

// oldVersion is foundVersion with a placeholder for use in a sentence.
func oldVersion(r rollout.Rollout) string {
	if v := foundVersion(r); v != "" {
		return v
	}
	return "the version before"
}

// change returns what the rollout does to the version: "v1.2.3 → v1.2.4".
func change(r rollout.Rollout) string {
	if v := foundVersion(r); v != "" {
		return v + " → " + version(r.Image)
	}
	return "→ " + version(r.Image)
}

// fullName names a rollout outside of its own thread: "checkout v1.2.4 (production)".
func fullName(r rollout.Rollout) string {
	return fmt.Sprintf("%s %s (%s)", word(string(r.Service)), version(r.Image), environment(r))
}

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
		return joined(" ", "the pipeline", word(a.ID))
	case rollout.Kube:
		return "somebody with rights on the cluster"
	case rollout.Bot:
		return "Canarybot"
	}
	return "somebody"
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
		if m := mention(id); m != "" {
			all = append(all, m)
		}
	}
	return strings.Join(all, " ")
}

// quoted returns a person's words in quotes; empty for none. Quotes that they typed themselves are not doubled.
func quoted(s string) string {
	s = words(strings.Trim(oneLine(s), "\"'“”„‟‘’«» "))
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
