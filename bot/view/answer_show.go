package view

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// Running is what a service runs, as far as its rollouts tell.
type Running struct {
	Service rollout.ServiceName
	Image   string // empty: nothing was ever rolled out here
	Since   time.Time
	By      rollout.Actor
	// Last is the newest rollout that ended, and Live the one under way; without an id there is none.
	Last, Live rollout.Rollout
}

// RunningOf tells what the service runs by its rollouts, newest first: what the last success left there, or what a
// rollback returned to.
func RunningOf(service rollout.ServiceName, newest []rollout.Rollout) Running {
	out := Running{Service: service}
	for _, r := range newest {
		switch {
		case !r.Terminal():
			if r.Phase.Live() || out.Live.ID == "" {
				out.Live = r
			}
			continue
		case out.Last.ID == "":
			out.Last = r
		}
		if out.Image != "" || r.Ending.Outcome != rollout.Succeeded {
			continue
		}
		out.Image, out.Since, out.By = r.Image, r.Ending.At, r.Request.By
		if r.Ending.StableImage != "" {
			out.Image = r.Ending.StableImage
		}
	}
	if out.Image == "" { // what was found there before anything succeeded
		out.Image = cmp.Or(out.Live.From(), out.Last.From())
	}
	return out
}

// List tells what runs where: each service's version, since when and by whom, and what is rolling out.
func (a Answers) List(all []Running) Message {
	if len(all) == 0 {
		return message("No service is configured: the configuration's " + code("services") + " is empty.")
	}
	var lines []string
	rows := [][]cell{cells("Service", "Version", "Since", "By", "Under way", "Last rollout")}
	for _, s := range all {
		version, since, going, last := "not known yet", "", "", ""
		if s.Image != "" {
			version = named(s.Image, s.Live.Image, s.Last.Image)
		}
		if !s.Since.IsZero() {
			since = "since " + at(s.Since) + ", by " + actorName(s.By)
		}
		if s.Live.ID != "" {
			going = dotted(word(string(s.Live.ID)), change(s.Live), status(s.Live))
		}
		if s.Last.ID != "" {
			last = dotted(word(string(s.Last.ID)), change(s.Last), outcomeWord(s.Last))
		}
		lines = append(lines, paragraph(dotted("*"+word(string(s.Service))+"*", version, since), prefixed(iconCanary, going), prefixed("last:", last)))
		by := cell{who: s.By}
		if !s.Since.IsZero() {
			by.text = actorName(s.By)
		}
		rows = append(rows, []cell{{text: word(string(s.Service))}, {text: version}, {at: s.Since}, by, {text: going}, {text: last}})
	}
	head := "What " + plural(len(all), "service runs, by its", "services run, by their") + " rollouts."
	return message("*"+head+"*").withText("%s", head).withEither(tableOf("What runs where", rows), list(lines, a.typed("status SERVICE"))).
		withBlocks(context("One rollout whole: " + a.typed("show ROLLOUT") + nbsp + "· What would change: " + a.typed("diff SERVICE")))
}

func prefixed(before, text string) string {
	if text == "" {
		return ""
	}
	return before + " " + text
}

// outcomeWord is how a rollout ended, in a word.
func outcomeWord(r rollout.Rollout) string {
	return strings.ReplaceAll(string(r.Ending.Outcome), "_", " ")
}

// Shown is a rollout with all that is known of it.
type Shown struct {
	Rollout   rollout.Rollout
	Timeline  []rollout.Entry
	Approvers []string
	Links     []rollout.Link
	Card      string // its card's address; empty: unknown
}

// entriesShown is how many of the latest entries are listed.
const entriesShown = 30

// Show renders a rollout whole: its status, what was decided by whom, and everything that happened.
func (a Answers) Show(s Shown) Message {
	m := a.StatusOf(s.Rollout, s.Approvers, s.Card).withLinks(s.Rollout, s.Links)
	var lines []string
	for _, e := range s.Timeline {
		if line := told(s.Rollout, e); line != "" {
			lines = append(lines, "• "+at(e.At)+nbsp+"· "+line)
		}
	}
	if before := len(lines) - entriesShown; before > 0 {
		lines = append([]string{fmt.Sprintf("… %d before", before)}, lines[before:]...)
	}
	if len(lines) == 0 {
		return m
	}
	return m.withBlocks(section("*What happened*")).withBlocks(list(lines)...)
}

// told is what an entry says in a line; empty: nothing that people have to know.
func told(r rollout.Rollout, e rollout.Entry) string {
	m, ok := Reply(r, e, Audience{}, "")
	text := m.Text
	switch {
	case !ok && (e.Kind == rollout.EntryVerdict || e.Kind == rollout.EntryPhase && saidElsewhere(e.Data.To)):
		return ""
	case !ok:
		text = lineOf(threadReply{r: r, e: e})
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, fullName(r)), ": ")
	return capitalize(strings.TrimSpace(text))
}

// saidElsewhere reports whether another entry says what it means that the phase begins.
func saidElsewhere(p rollout.Phase) bool {
	switch p {
	case rollout.Awaiting, rollout.RollingBack, rollout.Releasing, rollout.Ended:
		return true
	case rollout.Queued, rollout.Preparing, rollout.Shifting, rollout.Baking, rollout.Promoting, rollout.Returning, rollout.Cleaning:
	}
	return false
}

// Diff tells what differs between the version that the rollout brings and the one that it found: images, pods, checks,
// the commits between them where those were asked for, and where the change can be read.
func (a Answers) Diff(r rollout.Rollout, of []rollout.Link, between *rollout.Commits) Message {
	head := fmt.Sprintf("*%s* · %s", word(string(r.ID)), change(r))
	lines := []string{head, status(r)}
	if r.From() != "" {
		lines = append(lines, "Before: "+code(r.From()))
	}
	lines = append(lines, "Now: "+code(r.Image), templateDiffers(r))
	var changed []rollout.Link
	for _, l := range of {
		if l.Compares() {
			changed = append(changed, l)
		}
	}
	switch found := links(r, changed); {
	case found != "":
		lines = append(lines, "What changed: "+found)
	case len(changed) > 0:
		lines = append(lines, "What changed cannot be linked: one of the two versions has no tag.")
	case between == nil:
		lines = append(lines, "To read what changed, name the service's "+code("repository")+" in the configuration, or its compare page in "+code("links")+".")
	}
	m := message(paragraph(lines...)).withText("%s: %s.", fullName(r), status(r)).WithCommits(between)
	if len(r.Verdict.Evidence) == 0 {
		return m
	}
	return m.withEvidence(r.Verdict, "Canary and stable in "+word(string(r.ID))).withBlocks(context("Judged " + exactly(r.Verdict.At)))
}

// templateDiffers says whether the canary's pods differ from stable's in more than the image.
func templateDiffers(r rollout.Rollout) string {
	if len(r.Original.TemplateDiffers) > 0 {
		return iconWarning + " " + differs(r.Original.TemplateDiffers)
	}
	return ""
}
