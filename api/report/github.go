package report

import (
	"fmt"
	"strings"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

// Markdown is the rollout as a summary of GitHub has it, which other forges show too: the verdict, the card, the checks.
func Markdown(r api.Rollout) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s %s %s\n\n", sign(r), Code(fmt.Sprintf("%s %s", r.Service, r.Version)), ending(r))
	fmt.Fprintf(&b, "<pre>%s</pre>\n\n", strings.ReplaceAll(entities(strings.TrimRight(Card(withoutChecks(r)), "\n")), "&#10;", "\n"))
	if len(r.Checks) > 0 {
		b.WriteString("| check | result | canary | stable | limit | |\n|---|---|---:|---:|---:|---|\n")
		for _, c := range r.Checks {
			fmt.Fprintf(&b, "| %s | %s %s | %s | %s | %s | %s |\n", Code(c.Name), mark(c.Result), Code(c.Result),
				number(c.Canary, c.Unit), number(c.Stable, c.Unit), number(c.Limit, c.Unit), Code(c.Text))
		}
		b.WriteString("\n")
	}
	if Link(r.Card) != "" {
		fmt.Fprintf(&b, "%s\n", anchor(string(r.ID)+" in Slack", r.Card))
	}
	return b.String()
}

// Refusal is the summary where nothing was started: what was asked for, and the sentence that says why not.
func Refusal(what, why string) string { return notStarted("❌", what, why) }

// Nothing is the summary where nothing was to be started.
func Nothing(what, why string) string { return notStarted("✅", what, why) }

func notStarted(sign, what, why string) string {
	return fmt.Sprintf("### %s %s was not started\n\n<pre>%s</pre>\n", sign, Code(what), strings.ReplaceAll(entities(Lines(why)), "&#10;", "\n"))
}

func withoutChecks(r api.Rollout) api.Rollout {
	r.Checks = nil
	return r
}

// sign is the mark of how it ended.
func sign(r api.Rollout) string {
	switch r.Ending() {
	case rollout.Succeeded:
		return "✅"
	case rollout.RolledBack:
		return "↩️"
	case rollout.Cancelled, rollout.Abandoned:
		return "❌"
	}
	if r.Go {
		return "✅"
	}
	return "⏳"
}

// number is a value of a check in a cell.
func number(v *float64, unit string) string {
	if v == nil {
		return ""
	}
	return Code(fmt.Sprintf("%.4g %s", *v, unit))
}

// Outputs are the lines that GITHUB_OUTPUT takes. No value has a line break, so none begins another output.
func Outputs(r api.Rollout) string {
	var b strings.Builder
	for _, o := range outputs(r) {
		fmt.Fprintf(&b, "%s=%s\n", o.name, o.value)
	}
	return b.String()
}

// output is one value that later steps and jobs take.
type output struct{ name, value string }

func outputs(r api.Rollout) []output {
	outcome := r.Outcome
	if outcome == "" && r.Go {
		outcome = "go"
	}
	return []output{
		{"rollout", Inert(string(r.ID))}, {"outcome", Inert(outcome)}, {"version", Inert(r.Version)},
		{"image", Inert(r.Image)}, {"card", Link(r.Card)},
	}
}

// Annotation is a line that GitHub shows beside the run: an error or a notice.
func Annotation(failed bool, title, text string) string {
	kind := "notice"
	if failed {
		kind = "error"
	}
	title = strings.NewReplacer(":", "%3A", ",", "%2C").Replace(property(Inert(title)))
	return fmt.Sprintf("::%s title=%s::%s", kind, title, property(Lines(text)))
}

// Group begins a group of lines in GitHub's log, which EndGroup ends.
func Group(title string) string { return "::group::" + property(Inert(title)) }

// EndGroup ends it.
const EndGroup = "::endgroup::"
