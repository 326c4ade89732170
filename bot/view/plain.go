package view

import (
	"html"
	"regexp"
	"strings"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

var (
	groupToken  = regexp.MustCompile(`<!subteam\^([A-Z0-9]+)>`)
	personToken = regexp.MustCompile(`<@([A-Z0-9]+)>`)
	hrefToken   = regexp.MustCompile(`<(https?:[^|>]*)\|([^>]*)>`)
)

// Plain undoes Slack's markup, for whoever reads none: a terminal, a log, a pipeline. Times are in UTC, a link is its label
// and its address. Code keeps its marks: they say what is to be typed or changed.
func Plain(mrkdwn string) string {
	s := dateToken.ReplaceAllString(mrkdwn, "$1")
	s = groupToken.ReplaceAllString(s, "@$1")
	s = personToken.ReplaceAllString(s, "@$1")
	s = hrefToken.ReplaceAllString(s, "$2 ($1)")
	parts := strings.Split(s, "`")
	for i := 0; i < len(parts); i += 2 { // the others are code
		parts[i] = strings.ReplaceAll(parts[i], "*", "")
	}
	return html.UnescapeString(strings.Join(parts, "`"))
}

// Word is one line of text from outside, clipped, for a log: without control characters.
func Word(s string) string { return clip(s, maxWord) }

// Plain returns the whole message without markup, a line for each of its lines. Buttons are left out.
func (m Message) Plain() string {
	var lines []string
	add := func(t *slack.TextBlockObject) {
		if t != nil {
			lines = append(lines, Plain(t.Text))
		}
	}
	for _, b := range m.Blocks {
		switch b := b.(type) {
		case *slack.SectionBlock:
			add(b.Text)
		case *slack.ContextBlock:
			for _, e := range b.ContextElements.Elements {
				if t, ok := e.(*slack.TextBlockObject); ok {
					add(t)
				}
			}
		}
	}
	return strings.Join(lines, "\n")
}

// Told is a rollout in plain sentences, the same that its card has.
type Told struct {
	Status string // what it does now, or how it ended and why
	Next   string // what happens next without a decision, and when; empty: nothing does
	By     string // who asked for it
	// Checks are what each check says, without a sign for its result.
	Checks []string
	// Problems are why it did not start, what it left behind, and what keeps it from going on.
	Problems []string
}

// Tell returns what a card says about the rollout. Checks are in the order of the verdict's evidence.
func Tell(r rollout.Rollout) Told {
	by := r.Request.By
	by.Link = "" // it stands by itself
	t := Told{Status: Plain(status(r)), Next: Plain(next(r, anybody)), By: Plain(actorName(by))}
	for _, e := range r.Verdict.Evidence {
		t.Checks = append(t.Checks, Plain(checkWords(e)))
	}
	for _, p := range r.Ending.Left {
		t.Problems = append(t.Problems, Plain(Problem(p)))
	}
	for _, e := range r.Ending.Checks {
		t.Problems = append(t.Problems, Plain(StableProblem(e)))
	}
	if r.Terminal() {
		return t
	}
	for _, p := range []rollout.Problem{r.Unseen, r.Trouble} {
		if !p.IsZero() {
			t.Problems = append(t.Problems, Plain(Problem(p)))
		}
	}
	return t
}

// Actions returns what people and pipelines may decide about the rollout now: what its card has buttons for.
func Actions(r rollout.Rollout) []rollout.Action {
	var all []rollout.Action
	for _, b := range buttons(r, CardOptions{}) {
		if b.action != Recheck { // that decides nothing
			all = append(all, b.action)
		}
	}
	return all
}
