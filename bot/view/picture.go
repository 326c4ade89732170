package view

import (
	"fmt"
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// pictured is how many checks a picture shows over time: as many as a phone shows at once.
const pictured = 4

// maxAlt is how long the words in a picture's place may be, below Slack's 1000.
const maxAlt = 900

// Picture has charts, one below the other, for where Slack draws none.
type Picture struct {
	// Name is the file's.
	Name string
	// Text stands beside it, and Alt in its place for whoever does not see it: it has the numbers.
	Text, Alt string
	Charts    []Chart
}

// PictureOf returns the picture that belongs to an entry: canary against stable with the limits, as its reply has it, and
// the canary's traffic up to then. Before has the entries before it. ok is false for an entry whose reply has no chart.
func PictureOf(r rollout.Rollout, before []rollout.Entry, e rollout.Entry) (p Picture, ok bool) {
	evidence := judgedIn(r, e)
	sorted := worstFirst(evidence)
	p.Charts = charts(sorted, pictured)
	if len(p.Charts) == 0 {
		return Picture{}, false
	}
	var lines []string
	for _, one := range sorted {
		lines = append(lines, unmarked(checkLine(one), maxTitle))
	}
	weight, said := weightChart(r, before, e)
	if said != "" {
		p.Charts = append(p.Charts, weight)
		lines = slices.Insert(lines, 0, said)
	}
	p.Name = fmt.Sprintf("%s-%d.png", fileName(string(r.ID)), e.Seq)
	p.Text = fmt.Sprintf("Chart for step %d of %s: canary against stable.", e.Step+1, fullName(r))
	p.Alt = altText(p.Text, lines)
	return p, true
}

// judgedIn returns the evidence that an entry's reply draws; none for the others.
func judgedIn(r rollout.Rollout, e rollout.Entry) []rollout.Evidence {
	t := threadReply{r: r, e: e}
	switch why := e.Data.Reason; {
	case e.Kind == rollout.EntryStep && e.Data.Verdict != nil && t.currentStep().DemandsEvidence():
		return e.Data.Verdict.Evidence
	case e.Kind == rollout.EntryPhase && e.Data.To == rollout.RollingBack && byItself(why) && why.Evidence != nil:
		return []rollout.Evidence{*why.Evidence}
	}
	return nil
}

// weightChart draws the canary's traffic from the start up to the entry, and says it; empty where it had none.
func weightChart(r rollout.Rollout, before []rollout.Entry, until rollout.Entry) (c Chart, said string) {
	c = Chart{Shape: Steps, Title: "Traffic to the canary", Unit: "%", Across: "minutes"}
	weights := Series{Name: "canary"}
	add := func(e rollout.Entry, weight rollout.Weight) {
		minutes := e.At.Sub(r.Request.At).Minutes()
		c.Labels, c.At = append(c.Labels, fmt.Sprintf("%.0f", minutes)), append(c.At, minutes)
		weights.Values = append(weights.Values, float64(weight))
	}
	var words []string
	for _, e := range before {
		if e.Kind == rollout.EntryPhase && e.Data.To == rollout.Baking && e.Step >= 0 && e.Step < len(r.Spec.Plan.Steps) {
			add(e, r.Spec.Plan.Steps[e.Step].Weight)
			words = append(words, fmt.Sprintf("%s after %s", r.Spec.Plan.Steps[e.Step].Weight, span(e.At.Sub(r.Request.At))))
		}
	}
	if len(words) == 0 {
		return Chart{}, ""
	}
	add(until, rollout.Weight(weights.Values[len(words)-1]))
	c.Series = []Series{weights}
	c, ok := c.drawable()
	if !ok {
		return Chart{}, ""
	}
	return c, "Traffic to the canary: " + strings.Join(words, ", ") + "."
}

// altText joins what there is to say, as far as Slack takes it, and counts the rest.
func altText(head string, lines []string) string {
	text := Plain(head)
	for i, line := range lines {
		more := fmt.Sprintf(" … and %d more in the text.", len(lines)-i)
		if len(text)+len(line)+len(more)+2 > maxAlt {
			return text + more
		}
		text += "\n" + line
	}
	return text
}

// fileName keeps of a name what every system takes in a file's.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, s)
}
