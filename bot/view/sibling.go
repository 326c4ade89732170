package view

import (
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// withSiblings adds what the rollouts are at that go together with this one.
func (m Message) withSiblings(r rollout.Rollout) Message {
	if len(r.Siblings) == 0 || r.Orphaned() {
		return m
	}
	lines := []string{"*Goes together with*"}
	for _, s := range r.Siblings {
		line := sibling(s)
		if r.Terminal() { // what they do now is on their card
			line = dotted(word(string(s.ID)), becomes(s, r))
		}
		lines = append(lines, "• "+line)
	}
	return m.withBlocks(slack.Block(section(paragraph(lines...))))
}

// sibling is one rollout that goes together with another, in one line: its share, what it does, its verdict.
func sibling(s rollout.Sibling) string {
	name := word(string(s.ID))
	switch {
	case s.Phase == rollout.Ended:
		return dotted(name, siblingEnds(s))
	case s.Phase == rollout.Queued && s.Ready:
		return dotted(name, "ready to start")
	case s.Phase == rollout.Queued:
		return dotted(name, phaseName(s.Phase))
	}
	judged := ""
	if s.Result != "" && s.Phase.Forward() && s.Phase > rollout.Shifting {
		judged = resultWord(s.Result)
	}
	return dotted(name, s.Weight.String()+" of traffic", fmt.Sprintf("step %d of %d", s.Step+1, s.Steps), siblingDoes(s), judged)
}

// siblingDoes says what a live sibling does, or why it stands still.
func siblingDoes(s rollout.Sibling) string {
	switch {
	case s.Stuck:
		return iconBad + " stuck"
	case s.Held:
		return iconWarning + " held"
	case s.Paused:
		return iconPaused + " paused"
	case s.Ready:
		return "done with its step"
	case s.Phase.Ending() && s.Outcome == rollout.RolledBack:
		return phaseName(rollout.RollingBack)
	}
	return phaseName(s.Phase)
}

// siblingEnds says how a sibling ended, or is about to.
func siblingEnds(s rollout.Sibling) string {
	switch {
	case stays(s):
		return iconDone + " promoted"
	case s.Outcome == rollout.Cancelled:
		return iconBad + " cancelled"
	case s.Outcome == rollout.Abandoned:
		return iconBad + " abandoned"
	}
	return iconBack + " rolled back"
}

// becomes says what becomes of a sibling once this one has ended: what it does by then is on its own card.
func becomes(s rollout.Sibling, ended rollout.Rollout) string {
	switch {
	case stays(s), s.Lost():
		return siblingEnds(s)
	case ended.Ending.Outcome == rollout.Succeeded:
		return phaseName(s.Phase)
	case ended.Ending.Outcome == rollout.Cancelled:
		return "does not start either"
	}
	return "goes back with it"
}

// stays reports whether the sibling is promoted and no other takes it back.
func stays(s rollout.Sibling) bool {
	return s.Phase == rollout.Returning || s.Outcome == rollout.Succeeded
}

// resultWord is a sibling's verdict in a word.
func resultWord(result rollout.Result) string {
	switch result {
	case rollout.Pass:
		return "its checks pass"
	case rollout.Fail:
		return "a check fails"
	case rollout.Unknown:
	}
	return "not every check has a result"
}

// siblingNames lists rollouts by their ids: "web-4 and cart-2".
func siblingNames(all []rollout.Sibling) string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = string(s.ID)
	}
	return several(names, " and ")
}

// waitingForSiblings says whom the rollout waits for although it is done with its step; empty: nobody.
func waitingForSiblings(r rollout.Rollout) string {
	waits := r.WaitsFor()
	if len(waits) == 0 {
		return ""
	}
	return "waits for " + siblingNames(waits)
}

// afterSiblings says when the rollout goes on that waits for its siblings.
func afterSiblings(r rollout.Rollout) string {
	names := siblingNames(r.WaitsFor())
	switch {
	case r.Phase == rollout.Queued:
		return "starts when " + names + " may start, too"
	case r.Current().Gate == rollout.Manual:
		return "asks for approval when " + names + " is as far"
	}
	return promotionMove(r, r.Step) + " when " + names + " may go on, too"
}

// siblingsApprovals says whose approvals are missing where the rollout has its own; empty: nobody's.
func siblingsApprovals(r rollout.Rollout) string {
	if r.Phase != rollout.Awaiting || r.ApprovalsMissing() > 0 {
		return ""
	}
	missing := slices.DeleteFunc(slices.Clone(r.Siblings), func(s rollout.Sibling) bool { return s.Phase != rollout.Awaiting || s.Missing == 0 })
	if len(missing) == 0 {
		return ""
	}
	return "waits for approvals of " + siblingNames(missing)
}

// promotedSiblings says of what was rolled back that others which went together with it were promoted before, and how to have
// them as they were.
func (t threadReply) promotedSiblings(r rollout.Rollout) string {
	var lines []string
	for _, s := range r.Siblings {
		if stays(s) {
			lines = append(lines, fmt.Sprintf("%s %s was promoted before that. To have %s as it was: %s",
				iconWarning, word(string(s.ID)), word(string(s.Service())), t.answers.typed("rollback "+string(s.Service()))))
		}
	}
	return paragraph(lines...)
}

// together says at the beginning of a thread with whom the rollout goes.
func (t threadReply) together() string {
	var names []string
	for _, id := range t.r.Others() {
		names = append(names, string(id))
	}
	if len(names) == 0 {
		return ""
	}
	return "*Together with " + several(names, " and ") + "*: none goes on before all are as far, and all are rolled back together."
}

// alsoSiblings is what a confirmation adds for those that go together; empty: it goes alone.
func alsoSiblings(r rollout.Rollout, also string) string {
	live := liveSiblings(r)
	if len(live) == 0 {
		return ""
	}
	return " " + fmt.Sprintf(also, siblingNames(live))
}

// servicesOf names the rollout's service, and how many more an action on it is about.
func servicesOf(r rollout.Rollout) string {
	all := word(string(r.Service))
	if n := len(liveSiblings(r)); n > 0 {
		all += " and " + plural(n, "other", "others")
	}
	return all
}

// liveSiblings are those that have not turned back.
func liveSiblings(r rollout.Rollout) []rollout.Sibling {
	return slices.DeleteFunc(slices.Clone(r.Siblings), func(s rollout.Sibling) bool { return !s.Phase.Forward() && s.Phase != rollout.Queued })
}

// alsoPromoted names those that a promotion counted for as well, as far as the rollout knew them at the gate.
func alsoPromoted(r rollout.Rollout) string {
	r.Siblings = slices.DeleteFunc(slices.Clone(r.Siblings), func(s rollout.Sibling) bool { return s.Phase != rollout.Awaiting })
	return alsoSiblings(r, "It counted for %s, too.")
}

// BecauseOf refuses what is about several services because of one of them: done says what was not done, and m why.
func (a Answers) BecauseOf(sibling rollout.ServiceName, done string, m Message) Message {
	head := fmt.Sprintf("%s, because of %s.", done, word(string(sibling)))
	out := message(iconBad+" "+head).withText("%s %s", head, m.Text)
	return out.withEither(m.Native, m.Blocks)
}

// What is not done for several services because of one.
const (
	NothingStarted  = "None of them was started"
	NothingApproved = "Nothing was approved"
	NothingChanged  = "Nothing was changed"
)
