package view

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// CardOptions holds what a card shows besides the rollout.
type CardOptions struct {
	// Restarting says that the bot is shutting down: until it is back, nothing is judged and clicks get no answer.
	Restarting bool
	// Earlier is the address of the card that this one took over from; empty: none, or unknown.
	Earlier string
	// Approvers are named where the card waits for one of them.
	Approvers []string
	// Empty are the user groups among those who may approve in which nobody is: nobody waits for them.
	Empty []string
	// MayHurry says that somebody may promote before a bake is over.
	MayHurry bool
	// AsksLater is when people are called for what the card asks already: at the end of quiet hours. Zero: they were called.
	AsksLater time.Time
	// Links are the service's.
	Links []rollout.Link
	// Decided is the latest decision, to be named on the card; nil: none.
	Decided *rollout.Entry
}

// Card returns the root message of a rollout: posted once, edited in place. It begins with what a person on a phone
// needs: which rollout, its status, and the available actions.
func Card(r rollout.Rollout, opts CardOptions) Message {
	m := message(paragraph(append([]string{title(r), status(r)}, notes(r, opts)...)...))
	m = m.withText("%s: %s.", fullName(r), headline(r, opts))
	if !opts.Restarting {
		m = m.withBlocks(actions(Value{Environment: r.Spec.Environment, Rollout: r.ID, Turn: r.Turn}, buttons(r, opts))...)
	}
	if r.Orphan == nil {
		m = m.withSteps(r)
	}
	if isJudged(r) || r.Ending.Reason.Code == rollout.ReasonCheck {
		m = m.withBlocks(checkBlocks(r.Verdict)...)
	}
	if line := next(r, whoAnswers(opts.Approvers)); line != "" && !opts.Restarting {
		m = m.withBlocks(context("Next: " + line))
	}
	return m.withLinks(r, opts.Links).withBlocks(context(dotted(footer(r), anchor(opts.Earlier, "earlier messages"))))
}

// Unseen tells one person in private that nobody can see the rollout, which Unseen of it says why.
func Unseen(r rollout.Rollout) Message {
	return message(paragraph(title(r), status(r), unseen(r))).
		withText("%s: people cannot see this rollout.", fullName(r)).withBlocks(context(word(string(r.ID))))
}

// UnseenNote is Unseen as one line of plain text, for a note in the cluster.
func UnseenNote(r rollout.Rollout) string {
	return html.UnescapeString(fmt.Sprintf("People cannot see the rollout %s in Slack: %s", word(string(r.ID)), fullStop(short(r.Unseen))))
}

// MovedOn is the last reply under a card from which another one took over. Link is the new one's; empty: unknown.
func MovedOn(r rollout.Rollout, link string) Message {
	return message(iconGoing+" This rollout goes on under "+anchorOr(link, "a new card")+": what happens and what is asked is there. Slack takes no more edits of this one.").
		withText("%s goes on under a new card.", fullName(r))
}

// Stalled says that nothing has moved for so long, why, and what would help. Link is the card's; empty: unknown.
func Stalled(r rollout.Rollout, stood time.Duration, link string) Message {
	then := next(r, anybody)
	if then != "" {
		then = fullStop("Next: " + then)
	}
	head := fmt.Sprintf("%s *%s: nothing has moved for %s*: %s.", iconWarning, fullName(r), span(stood.Truncate(time.Minute)), withoutMentions(status(r), true))
	lines := append([]string{head}, notes(r, CardOptions{})...)
	return message(paragraph(append(lines, joined(" ", then, "Look at "+anchorOr(link, "the card")+"."))...)).
		withText("%s: nothing has moved for %s: %s.", fullName(r), span(stood.Truncate(time.Minute)), withoutMentions(status(r), true))
}

// headline is a card's text on a lock screen.
func headline(r rollout.Rollout, opts CardOptions) string {
	if opts.Restarting {
		return "the bot is restarting and nobody is judging"
	}
	return status(r)
}

func title(r rollout.Rollout) string {
	return fmt.Sprintf("%s *%s* · %s · %s", iconCanary, word(string(r.Service)), environment(r), change(r))
}

// notes returns what a person has to know beyond the status, most urgent first.
func notes(r rollout.Rollout, opts CardOptions) []string {
	var all []string
	add := func(when bool, text string) {
		if when {
			all = append(all, text)
		}
	}
	add(opts.Restarting, iconWarning+" The bot is restarting and nobody is judging. "+manualRollback(r))
	if !r.Unseen.IsZero() && !r.Terminal() {
		all = append(all, unseen(r))
	}
	if frozen(r) {
		all = append(all, closureLine(*r.Frozen, r.Frozen.From))
	}
	if r.Orphaned() {
		all = append(all, leftBehind(r))
	}
	if r.Stuck != nil {
		all = append(all, stuck(r, *r.Stuck))
	}
	if r.Drift != nil {
		all = append(all, iconWarning+" "+fullStop(capitalize(drifted(*r.Drift)))+" "+untilSettled(r))
	}
	note := doubtNote(r)
	add(note != "", note)
	add(r.Held && len(r.Doubts) == 0 && !r.Phase.Ending(), iconUnknown+" No verdict for "+span(r.Spans.Unknown)+": a person is asked, and the bake stands still.")
	said := r.Stuck != nil && strings.Contains(stuck(r, *r.Stuck), short(r.Trouble))
	add(!r.Trouble.IsZero() && !said, iconWarning+" "+trouble(r))
	if r.Phase.Forward() && r.Moved != "" {
		all = append(all, iconWarning+" "+Problem(r.TagMoved()))
	}
	add(r.PodsWait.Kind != rollout.NoFailure, iconWarning+" "+fullStop(podsWait(r)))
	if r.Phase == rollout.RollingBack || r.Ending.Outcome != "" {
		all = append(all, detailOf(r.Ending.Reason)) // as it was said: it may begin with a name
	}
	if r.Phase == rollout.Ended {
		all = append(all, leftovers(r)...)
	}
	add(asksApprovers(r) && len(opts.Empty) > 0, iconWarning+" "+nobodyThere(opts))
	add(!opts.AsksLater.IsZero(), iconQuiet+" Quiet hours: nobody is called for this before "+at(opts.AsksLater)+".")
	switch {
	case len(r.Approvals) > 0: // the latest decision is one of them
		all = append(all, approvedSoFar(r))
	case opts.Decided != nil:
		all = append(all, decidedBy(*opts.Decided))
	}
	return all
}

// asksApprovers reports whether the rollout waits for an answer that an approver gives.
func asksApprovers(r rollout.Rollout) bool {
	return r.Orphaned() || r.HeldOnFail() || r.Drift != nil || r.Held && len(r.Doubts) > 0 || r.Phase == rollout.Awaiting && r.Stuck == nil
}

// nobodyThere says which user groups of those who may answer have nobody, and who is left.
func nobodyThere(opts CardOptions) string {
	left := "Nobody else may answer: the policy has to name another group, or people."
	if names := mentions(without(opts.Approvers, opts.Empty...)); names != "" {
		left = "Who can: " + names + "."
	}
	var groups []string
	for _, id := range opts.Empty {
		groups = append(groups, mentionGroup(id)+" (id "+code(id)+")")
	}
	return "Nobody is in " + strings.Join(groups, " or in ") + " of " + code("policy.approvers") + ": it is empty, or was deleted. " + left
}

// without returns the ids that are not among the others.
func without(ids []string, others ...string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(others, id) })
}

// unseen says that nobody can see the rollout, why, and what follows from that.
func unseen(r rollout.Rollout) string {
	follows := ""
	if r.Phase == rollout.Queued || r.Phase.Forward() {
		follows = "Nothing moves forward until people can see it; checks and rollback go on."
	}
	return joined(" ", iconWarning+" *People cannot see this rollout*:", fullStop(short(r.Unseen)), follows)
}

// manualRollback says how to roll back while the bot is down.
func manualRollback(r rollout.Rollout) string {
	if !r.Phase.Live() || r.Phase > rollout.Returning {
		return ""
	}
	return "To have it rolled back first thing: " + code(annotate(r))
}

// approvedSoFar names on the card who approved what needs others as well.
func approvedSoFar(r rollout.Rollout) string {
	var names []string
	for _, a := range r.Approvals {
		names = append(names, actorName(a.By)+" "+at(a.At))
	}
	return fmt.Sprintf("%s Approved by %s: %d of %d", iconDone, strings.Join(names, " and "), len(r.Approvals), r.Current().ApprovalsNeeded())
}

// decidedBy names on the card who decided.
func decidedBy(e rollout.Entry) string {
	did := map[rollout.Action]string{
		rollout.Promote: "Approved by", rollout.Rollback: "Rollback by", rollout.Pause: "Paused by",
		rollout.Resume: "Resumed by", rollout.Override: "Overridden by", rollout.Retry: "Tried again by",
		rollout.Abandon: "Abandoned by", rollout.Accept: "Told to go on by", rollout.Extend: "Extended by",
		rollout.PromoteNow: "Promoted before its bake was over by", rollout.Review: "Reviewed by",
	}[e.Data.Action]
	if did == "" {
		did = "Decided by"
	}
	return joined(" ", iconDone, did, actorName(e.Actor), at(e.At)) + reasonSuffix(e.Data.Text)
}

// footer says who requested the rollout, why, whether as an emergency, and its id.
func footer(r rollout.Rollout) string {
	asked := joined(" ", actorName(r.Request.By), at(r.Request.At), quoted(r.Request.Text))
	emergency, checked := "", ""
	if r.Request.Emergency {
		emergency = "emergency"
	}
	if t := r.Verdict.At; !t.IsZero() {
		checked = "last checked " + exactly(t)
	}
	return dotted(asked, emergency, word(string(r.ID)), checked)
}

// trouble says what is not as it should be in the cluster just now.
func trouble(r rollout.Rollout) string {
	p := r.Trouble
	said := fullStop(short(p))
	if p.Code == r.Git.Unreadable.Code {
		return "Git: " + said
	}
	// Every other problem is an answer of the cluster that nobody expected.
	//exhaustive:ignore
	switch p.Code {
	case rollout.ProblemStableShort, rollout.ProblemStableStrained, rollout.ProblemStableUnready, rollout.ProblemSettling:
		return said
	default:
		return "The cluster does not answer as it should: " + said
	}
}
