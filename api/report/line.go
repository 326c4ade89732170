package report

import (
	"fmt"
	"strings"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

// Change is what has to differ for a line to be said anew. What grows with time alone is not in it.
type Change struct {
	seq, weight, step int
	phase, ends       string
	results           string
	goes              bool
}

// ChangeOf returns what the rollout has of it.
func ChangeOf(r api.Rollout) Change {
	var results strings.Builder
	for _, c := range r.Checks {
		fmt.Fprintf(&results, "%s=%s,", c.Name, c.Result)
	}
	return Change{seq: r.Seq, weight: r.Weight, step: r.Step, phase: r.Phase, ends: r.Outcome, results: results.String(), goes: r.Go}
}

// Line says in one line how the rollout is.
func Line(r api.Rollout) string { return Inert(string(r.ID) + " · " + state(r)) }

// state is the server's sentence, which says the outcome, the traffic and the step too.
func state(r api.Rollout) string {
	if r.Status != "" {
		return r.Status
	}
	return strings.ReplaceAll(r.Phase, "_", " ")
}

// Plain is a line of a log.
func Plain(at time.Time, text string) string {
	return at.UTC().Format("2006-01-02T15:04:05Z") + " " + text
}

// Verdict says in one sentence how it ended and why, or that it goes on.
func Verdict(r api.Rollout) string {
	text := fmt.Sprintf("%s %s: %s", r.Service, r.Version, state(r))
	if r.Outcome == "" || r.Status == "" {
		text = fmt.Sprintf("%s %s %s", r.Service, r.Version, ending(r))
	}
	return Inert(strings.TrimRight(text, ".") + ".")
}

// ending says how it ended, or how it goes on, in words of ours alone.
func ending(r api.Rollout) string {
	switch r.Ending() {
	case rollout.Succeeded:
		return "succeeded"
	case rollout.RolledBack:
		return "was rolled back"
	case rollout.Cancelled:
		return "was cancelled"
	case rollout.Abandoned:
		return "was abandoned"
	}
	if r.Go {
		return "may go to everyone"
	}
	return "goes on"
}

// Card is the rollout as several lines.
func Card(r api.Rollout) string {
	var b strings.Builder
	line := func(text string) {
		if text = Inert(text); text != "" {
			b.WriteString(text + "\n")
		}
	}
	head := fmt.Sprintf("🐤 %s · %s · ", r.Service, r.Environment)
	if r.From != "" {
		head += short(r.From) + " → "
	}
	line(head + r.Version)
	line(state(r))
	if len(r.Steps) > 0 {
		b.WriteString(steps(r) + "\n")
	}
	for _, c := range r.Checks {
		line(mark(c.Result) + " " + c.Text)
	}
	for _, p := range r.Problems {
		line("• " + p)
	}
	if r.Waits != "" {
		line("Next: " + r.Waits)
	}
	foot := r.By
	if r.Reason != "" {
		foot += " \"" + r.Reason + "\""
	}
	line(strings.TrimPrefix(foot+" · "+string(r.ID), " · "))
	return b.String()
}

// short is what people call an image, as its tag.
func short(image string) string {
	if strings.ContainsAny(image, ":@/") {
		return rollout.ShortVersion(image)
	}
	return image
}

// steps is the line of the plan: what is behind, where the rollout is, what is to come.
func steps(r api.Rollout) string {
	all := make([]string, len(r.Steps))
	for i, s := range r.Steps {
		sign := "○"
		switch {
		case r.Ending() == rollout.Succeeded || i+1 < r.Step:
			sign = "✅"
		case i+1 == r.Step && r.Outcome == "":
			sign = "⏳"
		case i+1 == r.Step:
			sign = "⏪"
		}
		all[i] = fmt.Sprintf("%s %d %% · %s", sign, s.Weight, Inert(bake(s.Bake)))
	}
	return strings.Join(all, "   ")
}

// bake is how long a step takes, as Go writes it, without zeros at its end.
func bake(text string) string {
	if rest, ok := strings.CutSuffix(text, "m0s"); ok {
		text = rest + "m"
	}
	if rest, ok := strings.CutSuffix(text, "h0m"); ok {
		text = rest + "h"
	}
	return text
}

// mark is the sign of a check's result.
func mark(result string) string {
	switch result {
	case "pass":
		return "✅"
	case "fail":
		return "❌"
	}
	return "❔"
}
