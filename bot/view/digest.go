package view

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"canarybot.io/rollout"
)

// Digest is what a channel is told of a span of time.
type Digest struct {
	Environment string
	Scopes      []rollout.Scope // what it is about; none: everything
	Now         time.Time
	Period      rollout.Period
	// Failed are those of the period as far as they are shown, and Waiting the rollouts that wait for a person now.
	Failed, Waiting []rollout.Rollout
	Queue           rollout.Queue // the pending deploys
	// Closures are the freezes and locks that hold now or come soon, and Windows those that deploys go by.
	Closures []rollout.Closure
	Windows  []rollout.Opening
	// Links are the addresses of cards, as far as they are known.
	Links map[rollout.ID]string
}

// MostInDigest is how many lines each of its lists has, and roomInDigest how many characters.
const MostInDigest, roomInDigest = 10, 1200

// Digest renders a digest. It mentions nobody.
func (a Answers) Digest(d Digest) Message {
	p, head := d.Period, "Digest of "+d.about()
	lists := []string{
		titled("Deployed", d.deployed(), a.typed("history")),
		titled("Rolled back", d.failed(), a.typed("history")),
		titled("Incidents", d.incidents(), a.typed("audit")),
		titled("Waiting", d.waiting(), a.typed("status")+", "+a.typed("queue")),
		titled("Frozen and locked", d.closed(), a.typed("freeze")),
	}
	span := "from " + at(p.From) + " to " + at(p.To)
	if strings.Join(lists, "") == "" {
		line := fmt.Sprintf("%s %s: nothing was deployed or rolled back, nothing waits, and nothing is frozen or locked.", head, span)
		return message(line)
	}
	m := message("*"+head+"* "+span).withText("%s: %s.", head, d.counts())
	if p.Quiet() {
		m = m.withBlocks(section("Nothing was deployed or rolled back."))
	}
	lists = append(lists, titled("Windows", d.windows(), a.typed("services")))
	if !p.Quiet() {
		title := "In numbers"
		if p.Before != nil {
			title += ", beside the span before"
		}
		lists = append(lists, titled(title, d.numbers(), a.typed("report")))
	}
	for _, text := range lists {
		if text != "" {
			m = m.withBlocks(section(text))
		}
	}
	return m
}

// about says what the digest is about.
func (d Digest) about() string {
	var names []string
	for _, s := range d.Scopes {
		name := string(s.Service)
		if s.Team != "" {
			name = "team " + s.Team
		}
		names = append(names, name)
	}
	return joined(", ", word(d.Environment), several(names, ", "))
}

// counts says in a few words what is in it, for a lock screen.
func (d Digest) counts() string {
	p, waits := d.Period, len(d.waiting())
	parts := []string{plural(p.Report.Succeeded+p.Report.Undone, "deploy", "deploys"), fmt.Sprintf("%d rolled back", p.Report.RolledBack)}
	if p.Quiet() {
		parts = []string{"nothing was deployed or rolled back"}
	}
	if n := len(p.Incidents); n > 0 {
		parts = append(parts, plural(n, "incident", "incidents"))
	}
	if waits > 0 {
		parts = append(parts, fmt.Sprintf("%d waiting", waits))
	}
	return strings.Join(parts, ", ")
}

func (d Digest) deployed() (lines []string) {
	for _, one := range d.Period.Deployed {
		times, back := "", ""
		if one.Times > 1 {
			times = fmt.Sprintf("in %d deploys", one.Times)
		}
		if one.Back > 0 {
			back = plural(one.Back, "way back to the version before", "ways back to the version before")
		}
		r := rollout.Rollout{Service: one.Service, Image: one.New}
		r.Original.Stable.Image = one.Old
		lines = append(lines, dotted(fmt.Sprintf("%s *%s*", iconDone, word(string(one.Service))), change(r), joined(", ", times, back), d.link(one.Rollout)))
	}
	return lines
}

func (d Digest) failed() (lines []string) {
	for _, r := range d.Failed {
		what := ""
		if r.Ending.Outcome == rollout.Abandoned {
			what = "abandoned"
		}
		lines = append(lines, dotted(fmt.Sprintf("%s *%s*", iconBack, word(string(r.Service))), change(r), what, because(r, r.Ending.Reason, r.Ending.By), at(r.Ending.At), d.link(r.ID)))
	}
	for range len(d.Period.Failed) - len(d.Failed) { // they are counted
		lines = append(lines, "")
	}
	return lines
}

func (d Digest) incidents() (lines []string) {
	for _, e := range d.Period.Incidents {
		when := "reported " + at(e.At)
		if !e.Began.IsZero() {
			when = "began " + at(e.Began)
		}
		lines = append(lines, dotted(fmt.Sprintf("%s *%s*", iconBad, word(string(e.Service))), when, quoted(e.Text), d.link(e.Rollout)))
	}
	return lines
}

// waiting are the rollouts that wait for a person, and the deploys that are pending.
func (d Digest) waiting() (lines []string) {
	for _, r := range d.Waiting {
		lines = append(lines, dotted("*"+word(string(r.Service))+"*", change(r), status(r), d.link(r.ID)))
	}
	for _, p := range append(d.Queue.Line(d.Now), d.Queue.Coming(d.Now)...) {
		lines = append(lines, dotted(pendingHead(p), pendingWhen(d.Queue, p, d.Now), quoted(p.Request.Text)))
	}
	return lines
}

func (d Digest) closed() (lines []string) {
	for _, c := range d.Closures {
		c.By = rollout.Actor{} // whose it is stands in the list of freezes and locks
		lines = append(lines, closureLine(c, d.Now))
	}
	return lines
}

func (d Digest) windows() (lines []string) {
	for _, w := range d.Windows {
		is, changes := "is shut", "opens"
		if w.Open {
			is, changes = "is open", "shuts"
		}
		if when := at(w.Changes); when != "" {
			is += ", and " + changes + " " + when
		}
		lines = append(lines, "*"+word(w.Window)+"* "+is)
	}
	return lines
}

// numbers are the report's main ones, beside those of the span before.
func (d Digest) numbers() []string {
	var before [len(seedNames)]string
	if d.Period.Before != nil {
		before = seedNumbers(*d.Period.Before)
	}
	return seedTable(seedNumbers(d.Period.Report), before)
}

// link leads to a rollout's card, or names the rollout where nobody knows where that is.
func (d Digest) link(id rollout.ID) string {
	if id == "" {
		return ""
	}
	return anchorOr(d.Links[id], word(string(id)))
}

// titled is a list under its title, of as many lines as have room; see says where the rest is. Empty: there is none. Nobody is
// mentioned in it.
func titled(title string, lines []string, see string) string {
	if len(lines) == 0 {
		return ""
	}
	shown, room := []string{"*" + title + "*"}, roomInDigest
	for i, line := range lines {
		line = truncateMrkdwn(withoutMentions(line, true), roomInDigest/3)
		if room -= utf8.RuneCountInString(line); line == "" || i == MostInDigest || room < 0 {
			shown = append(shown, fmt.Sprintf("… and %d more: %s", len(lines)-i, see))
			break
		}
		shown = append(shown, line)
	}
	return paragraph(shown...)
}

// Upcoming is a digest of the configuration, with what is to be known of it.
type Upcoming struct {
	Channel string
	Scopes  []rollout.Scope
	Next    time.Time
	// Trouble is why the last could not be posted; zero: it was, or none was due.
	Trouble rollout.Problem
}

// DigestNow shows what a digest would say now to whoever asked, where and when it is posted, and the same of the others. Next is
// the one that is shown; zero: none of the configuration's is.
func (a Answers) DigestNow(d Digest, next Upcoming, others []Upcoming) Message {
	m := a.Digest(d)
	if next.Channel == "" {
		m = m.withBlocks(context("Only you see this. No digest is posted: " + code("digests") + " in the configuration says where and when."))
	} else {
		m = m.withBlocks(context("Only you see this. " + upcoming(next, "It")))
	}
	for _, o := range others[:min(len(others), MostInDigest)] {
		m = m.withBlocks(context(upcoming(o, "Another") + " To see it: " + a.typed("digest "+o.Channel)))
	}
	if more := len(others) - MostInDigest; more > 0 {
		m = m.withBlocks(context(fmt.Sprintf("… and %d more in the configuration.", more)))
	}
	return m
}

// NoDigest answers that none is posted in a channel, and where others are.
func (a Answers) NoDigest(channel string, all []Upcoming) Message {
	m := message("No digest is posted in " + word(channel) + ": " + code("digests") + " in the configuration says where and when.")
	for _, o := range all[:min(len(all), MostInDigest)] {
		m = m.withBlocks(context(upcoming(o, "One") + " To see it: " + a.typed("digest "+o.Channel)))
	}
	return m
}

// upcoming says where and when a digest is posted next, and why the last was not.
func upcoming(u Upcoming, which string) string {
	trouble := ""
	if !u.Trouble.IsZero() {
		trouble = iconWarning + " The last could not be posted, and is tried again until the next is due: " + digestTrouble(u.Trouble)
	}
	about := Digest{Scopes: u.Scopes}.about()
	if about != "" {
		about = " about " + about
	}
	return joined(" ", fmt.Sprintf("%s%s is posted in %s, next %s.", which, about, word(u.Channel), at(u.Next)), fullStop(trouble))
}

// digestTroubles say why a channel takes no digest, and what helps, where the sentence for cards would be wrong.
func digestTroubles() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		"bot_not_in_channel":    "I am not in that channel, or there is none of that name; type `/invite @{want}` there.",
		"channel_not_found":     "Slack knows no such channel that I may see; name another one in `digests`.",
		"channel_archived":      "the channel is archived; name another one in `digests`.",
		"channel_shared":        "the channel is shared with another organisation, whose people would read it; name another one in `digests`.",
		"channel_unknown":       "Slack does not let me see with whom the channel is shared; add the scopes channels:read and groups:read to the app.",
		"slack_may_not_post":    "Slack lets me post nothing there ({want}); allow it in the channel's posting permissions.",
		"slack_refuses_message": "Slack takes no digest there ({want}); the log has the details.",
	}
}

// digestTrouble says why a channel takes no digest.
func digestTrouble(p rollout.Problem) string {
	if sentence, ok := digestTroubles()[p.Code]; ok {
		return filledIn(sentence, p)
	}
	return Problem(p)
}
