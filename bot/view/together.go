package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// Member is one of several rollouts that share a card, and what its part shows besides.
type Member struct {
	Rollout rollout.Rollout
	Options CardOptions
}

// Together is Card for rollouts that go together: what each is at, one set of buttons for all, and below each one's way and
// checks. What only one of them is asked has its buttons there.
func Together(all []Member) Message {
	m := message(togetherTitle(all)).withText("%s: %s.", serviceNames(all), togetherHeadline(all))
	lines := make([]string, 0, len(all))
	for _, one := range all {
		r := one.Rollout
		lines = append(lines, dotted("*"+word(string(r.Service))+"*", change(r), status(r)))
	}
	lines = append(lines, sayOnce(all, func(one Member) []string { return notes(one.Rollout, one.Options) })...)
	m = m.withBlocks(list(lines)...)
	restarting := all[0].Options.Restarting
	if !restarting {
		m = m.withBlocks(actionsIn("buttons", commonButtons(all))...)
	}
	checks := 0
	for _, one := range all {
		checks += len(one.Rollout.Verdict.Evidence)
	}
	for _, one := range all {
		m = m.withBlocks(list(details(one.Rollout, checks <= 2*fewChecks))...)
		if !restarting {
			v := valueOf(one.Rollout)
			m = m.withBlocks(actionsIn("buttons-"+string(one.Rollout.ID), elements(v, ownButtons(one)))...)
		}
	}
	next := sayOnce(all, func(one Member) []string {
		return []string{next(one.Rollout, whoAnswers(one.Options.Approvers))}
	})
	if len(next) > 0 && !restarting {
		m = m.withBlocks(context("Next: " + strings.Join(next, "\n")))
	}
	linked := sayOnce(all, func(one Member) []string { return []string{links(one.Rollout, one.Options.Links)} })
	if len(linked) > 0 {
		m = m.withBlocks(context(paragraph(linked...)))
	}
	return m.withBlocks(context(dotted(togetherFooter(all), anchor(all[0].Options.Earlier, "earlier messages"))))
}

func valueOf(r rollout.Rollout) Value {
	return Value{Environment: r.Spec.Environment, Rollout: r.ID, Turn: r.Turn}
}

func togetherTitle(all []Member) string {
	return fmt.Sprintf("%s *%s* · %s · together", iconCanary, serviceNames(all), environment(all[0].Rollout))
}

// serviceNames lists the services: "checkout, search and web".
func serviceNames(all []Member) string {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = string(one.Rollout.Service)
	}
	if len(names) > 2 {
		return several(names[:len(names)-1], ", ") + " and " + word(names[len(names)-1])
	}
	return several(names, " and ")
}

// togetherHeadline is the card's text on a lock screen.
func togetherHeadline(all []Member) string {
	return strings.Join(sayOnce(all, func(one Member) []string { return []string{headline(one.Rollout, one.Options)} }), "; ")
}

// sayOnce returns what is to be said of each, with its name before it; what all say, or several word for word, is said once. Nothing
// is said of those that have nothing.
func sayOnce(all []Member, says func(Member) []string) []string {
	var lines []string
	of := map[string][]string{}
	for _, one := range all {
		for _, line := range says(one) {
			if line == "" {
				continue
			}
			if of[line] == nil {
				lines = append(lines, line)
			}
			of[line] = append(of[line], string(one.Rollout.Service))
		}
	}
	for i, line := range lines {
		if len(of[line]) < len(all) {
			lines[i] = "*" + several(of[line], " and ") + "*: " + line
		}
	}
	return lines
}

// details are one rollout's way, and its checks: each in a line where there is room, else those that pass in one.
func details(r rollout.Rollout, room bool) []string {
	lines := []string{dotted("*"+word(string(r.Service))+"*", bar(r))}
	if !isJudged(r) && r.Ending.Reason.Code != rollout.ReasonCheck {
		return lines
	}
	sorted := worstFirst(r.Verdict.Evidence)
	if room {
		return append(lines, checkLines(sorted)...)
	}
	first := slices.IndexFunc(sorted, func(e rollout.Evidence) bool { return e.Result == rollout.Pass })
	if first < 0 {
		first = len(sorted)
	}
	pressing := checkLines(sorted[:first])
	if len(pressing) > fewChecks {
		pressing = everyCheck(sorted[:first], checkLine, roomForList/rollout.MostTogether)
	}
	return append(append(lines, pressing...), briefly(sorted[first:], maxContext)...)
}

// common are the actions that are about all, in the order of their buttons.
var common = []rollout.Action{rollout.Promote, rollout.Resume, rollout.Extend, rollout.Pause, rollout.Rollback}

// commonButtons are the buttons that are about all: each that one of them has, put to the one that it is about first.
func commonButtons(all []Member) (buttonsOfAll []slack.BlockElement) {
	having := map[rollout.Action][]rollout.Rollout{}
	labels, waits := map[string]bool{}, 0
	for _, one := range all {
		if one.Rollout.Phase == rollout.Awaiting {
			waits++
		}
		for _, b := range buttons(one.Rollout, one.Options) {
			having[b.action] = append(having[b.action], one.Rollout)
			if b.action == rollout.Promote {
				labels[b.label] = true
			}
		}
	}
	if len(having[rollout.Promote]) < waits { // one of them is asked something else first
		having[rollout.Promote] = nil
	}
	if len(having[rollout.Resume]) > 0 {
		having[rollout.Pause] = nil
	}
	for _, action := range common {
		with := having[action]
		if len(with) == 0 {
			continue
		}
		r := rollout.PutTo(with, action)
		for _, b := range buttons(r, CardOptions{}) {
			if b.action != action {
				continue
			}
			if action == rollout.Promote && len(labels) > 1 && r.ApprovalsMissing() < 2 {
				b.label = "Promote all"
			}
			buttonsOfAll = append(buttonsOfAll, elements(valueOf(r), []button{b})...)
		}
	}
	return buttonsOfAll
}

// ownButtons are the buttons about one of them alone; the service stands on each.
func ownButtons(one Member) []button {
	own := slices.DeleteFunc(buttons(one.Rollout, one.Options), func(b button) bool { return slices.Contains(common, b.action) })
	for i := range own {
		own[i].label += ": " + word(string(one.Rollout.Service))
	}
	return own
}

// togetherFooter says who requested them, why, and their ids.
func togetherFooter(all []Member) string {
	var ids []string
	var checked time.Time
	for _, one := range all {
		ids = append(ids, string(one.Rollout.ID))
		if at := one.Rollout.Verdict.At; at.After(checked) {
			checked = at
		}
	}
	by, last := all[0].Rollout.Request, ""
	if !checked.IsZero() {
		last = "last checked " + exactly(checked)
	}
	return dotted(joined(" ", actorName(by.By), at(by.At), quoted(by.Text)), several(ids, " and "), last)
}

// ReplyTogether is Reply in the thread of a card that several share, all of them: it begins with whom it is about. What one says
// for others is said once; ok is false for the others.
func ReplyTogether(all []rollout.Rollout, r rollout.Rollout, e rollout.Entry, to Audience, link string) (m Message, ok bool) {
	shares := func(id rollout.ID) bool {
		return slices.ContainsFunc(all, func(o rollout.Rollout) bool { return o.ID == id })
	}
	about := []string{string(r.Service)}
	switch {
	case e.Data.With != "" && shares(e.Data.With):
		return Message{}, false
	case len(e.Data.Also) > 0:
		for _, id := range e.Data.Also {
			service, _, _ := id.Split()
			about = append(about, string(service))
		}
	case asksAtGate(e):
		asks, shared, atGate := rollout.AsksAt(all, r, e.Step)
		if atGate && asks.ID != r.ID {
			return Message{}, false
		}
		about = nil
		for _, o := range shared {
			about = append(about, string(o.Service))
		}
		to.Approvers, to.Shared = slices.Concat(to.Approvers, to.Others), shared // each is called once
	}
	if len(all) > 0 && all[0].ID != r.ID {
		r.Request.Together = nil // the first says with whom they go
	}
	m, ok = Reply(r, e, to, link)
	if ending := e.Data.Ending; ending != nil && ending.Reason.Code == rollout.ReasonSibling && shares(rollout.ID(ending.Reason.Detail)) {
		m.Broadcast = false // the one that it is because of is told of
	}
	return m.about(about), ok
}

// targetOfAll says where a promotion of all leads; "all" where that is not the same.
func targetOfAll(all []rollout.Rollout) string {
	to := promotionTarget(all[0], all[0].Step)
	for _, r := range all {
		if promotionTarget(r, r.Step) != to {
			return "all"
		}
	}
	return to
}

// namesOf lists rollouts with their versions.
func namesOf(all []rollout.Rollout) string {
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = fullName(r)
	}
	last := len(names) - 1
	if last < 2 {
		return strings.Join(names, " and ")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// asksAtGate reports whether the entry asks, or reminds, of a step's gate.
func asksAtGate(e rollout.Entry) bool {
	return (e.Kind == rollout.EntryAsked || e.Kind == rollout.EntryReminded) && e.Data.Reason.Code == rollout.ReasonNone &&
		e.Data.Drift == nil && len(e.Data.Doubts) == 0
}

// about puts the names of services before a reply.
func (m Message) about(services []string) Message {
	first := func(blocks []slack.Block) []slack.Block {
		if len(blocks) == 0 {
			return blocks
		}
		blocks = slices.Clone(blocks)
		if s, ok := blocks[0].(*slack.SectionBlock); ok && s.Text != nil && !strings.Contains(s.Text.Text, "*"+word(services[0])+" ") { // it says so
			blocks[0] = section("*" + several(services, " and ") + "* · " + s.Text.Text)
		}
		return blocks
	}
	m.Blocks, m.Native = first(m.Blocks), first(m.Native)
	return m
}
