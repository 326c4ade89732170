package view

import (
	"fmt"
	"slices"

	"canarybot.io/rollout"
)

// Audience are those whom a rollout's messages mention, by their Slack ids, and what they type.
type Audience struct {
	// Command is the slash command; empty: /canary.
	Command string
	// Approvers are asked. With Apart, whoever asked for the rollout does not count as one of them.
	Approvers []string
	Apart     bool
	// Others may answer for those that go together with the rollout and share its card. Shared are those for which it asks.
	Others []string
	Shared []rollout.Rollout
	// MayHurry says that somebody may promote before a bake is over.
	MayHurry bool
	// Notify are called too, and Gone are those of all these that are user groups which are not there any more.
	Notify rollout.Notify
	Gone   []string
	// Links are the service's.
	Links []rollout.Link
}

// Reply returns the thread reply for a timeline entry; ok is false for an entry that gets no reply. It uses the entry
// and only stable parts of the rollout, so that a late reply is the same. Link is the card's; empty: unknown.
func Reply(r rollout.Rollout, e rollout.Entry, to Audience, link string) (m Message, ok bool) {
	t := threadReply{r: r, e: e, to: to, link: link, answers: Answers{Command: to.Command}}
	switch e.Kind {
	case rollout.EntryRequested:
		return t.requested()
	case rollout.EntryStarted:
		return t.started(), true
	case rollout.EntryPhase:
		return t.rollingBack()
	case rollout.EntryDecided:
		return t.decided()
	case rollout.EntryStep:
		return t.stepDone()
	case rollout.EntryVerdict:
		return t.evidenceMissing()
	case rollout.EntryAsked:
		return t.asked(), true
	case rollout.EntryReminded:
		return t.reminded(), true
	case rollout.EntryDrift:
		return t.drift()
	case rollout.EntrySettled:
		return t.settled(), true
	case rollout.EntryOverwrote:
		return t.overwrote()
	case rollout.EntryStuck:
		return t.stuck(), true
	case rollout.EntryAway:
		return t.away(), true
	case rollout.EntryUnseen:
		return t.unseen(), true
	case rollout.EntryFrozen:
		return t.frozen()
	case rollout.EntryTagMoved:
		return t.tagMoved(), true
	case rollout.EntryGit:
		return t.git()
	case rollout.EntryCommits:
		return t.commits()
	case rollout.EntryEnded:
		return t.ended()
	}
	return Message{}, false
}

// threadReply renders one entry of one rollout.
type threadReply struct {
	r       rollout.Rollout
	e       rollout.Entry
	to      Audience
	link    string
	answers Answers // has the commands as they are typed
}

// currentStep returns the step that the entry is about.
func (t threadReply) currentStep() rollout.Step {
	if t.e.Step == t.r.Step {
		return t.r.Current() // with what people added to its bake
	}
	if t.e.Step >= 0 && t.e.Step < len(t.r.Spec.Plan.Steps) {
		return t.r.Spec.Plan.Steps[t.e.Step]
	}
	return rollout.Step{}
}

// cardLink returns a link to the card, for use within a line.
func (t threadReply) cardLink() string {
	return anchorOr(t.link, "the card")
}

// anchorOr returns the text as a link, or as it is where the link is not known.
func anchorOr(link, text string) string {
	if a := anchor(link, text); a != "" {
		return a
	}
	return text
}

func (t threadReply) requested() (Message, bool) {
	if t.r.Request.Emergency {
		return t.emergency(), true
	}
	if t.r.Behind == "" {
		return Message{}, false
	}
	behind := word(string(t.r.Behind))
	return message(fmt.Sprintf("%s *Queued*: starts when %s is rolled back.", iconGoing, behind)).
		withText("%s is queued and starts when %s is rolled back.", fullName(t.r), behind), true
}

func (t threadReply) started() Message {
	r := t.r
	did := "started a canary"
	if r.Request.Back {
		did = "rolls it back to the version before"
	}
	plan := capitalize(describePlan(r.Spec.Plan)) + "."
	if r.Request.Back && !r.Request.Gently {
		plan = "Everyone goes there at once, then stable is changed. No check is asked."
	}
	lines := []string{
		fmt.Sprintf("%s %s %s: %s in %s%s", iconCanary, actorName(r.Request.By), did, change(r), environment(r), reasonSuffix(r.Request.Text)),
		plan, t.together(),
	}
	if f := t.e.Data.DetectionPower; f != nil {
		lines = append(lines, DetectionPower(*f, r.Spec.Plan))
	}
	if len(t.e.Data.Differs) > 0 {
		lines = append(lines, iconWarning+" "+differs(t.e.Data.Differs))
	}
	const most = 8
	all := t.e.Data.Notices
	told := notices(all[:min(len(all), most)])
	if more := len(all) - most; more > 0 {
		told = append(told, fmt.Sprintf("… and %d more; a dry run lists them all.", more))
	}
	return message(paragraph(lines...)).withText("%s: %s %s. %s", fullName(r), actorName(r.Request.By), did, plan).
		withBlocks(list(told)...)
}

// notices lists what people should know at the start, each thing on a line.
func notices(all []rollout.Problem) []string {
	switch len(all) {
	case 0:
		return nil
	case 1:
		return []string{iconWarning + " " + fullStop(Problem(all[0]))}
	}
	return append([]string{iconWarning + " *To know about this start:*"}, bullets(all)...)
}

// differs names the fields in which a found canary differs from stable.
func differs(fields []string) string {
	return "The canary that was found differs from stable in more than the image: " + several(fields, ", ") +
		". What is judged here is not quite what everyone will get."
}

// rollingBack announces the start of a rollback, the only phase change with a reply. Others have an entry of their own
// that says more.
func (t threadReply) rollingBack() (Message, bool) {
	why := t.e.Data.Reason
	if t.e.Data.To != rollout.RollingBack || !byItself(why) {
		return Message{}, false // the decision's reply covers it
	}
	m := message(paragraph(
		fmt.Sprintf("%s *%s is rolling back*: %s Everyone returns to %s.", iconBack, fullName(t.r), fullStop(because(t.r, why, t.e.Actor)), oldVersion(t.r)),
		t.called(t.r.Request.By, t.to.Notify.RolledBack))).
		withText("%s is rolling back: %s. Everyone returns to %s.", fullName(t.r), plainly(t.r, why, t.e.Actor), oldVersion(t.r))
	m.Broadcast = true
	if why.Evidence != nil && why.Evidence.Compared != nil { // the evidence, for later questions
		full, help := fullEvidence(*why.Evidence), remedy(t.r, *why.Evidence)
		m = m.withEither(withChart(*why.Evidence, paragraph(full, help)), list([]string{paragraph(full, chart(*why.Evidence), help)}))
	}
	return m.withLinks(t.r, t.to.Links), true
}

// byItself reports whether nobody decided to roll back. Those whom it concerns are told when it begins, and the channel
// with them; the end, which has to wait for the last requests, is told in the thread.
func byItself(why rollout.Reason) bool {
	// Every other reason is the bot's own.
	//exhaustive:ignore
	switch why.Code {
	case rollout.ReasonPerson, rollout.ReasonAnnotation, rollout.ReasonReplaced, rollout.ReasonSibling, rollout.ReasonNone: // a sibling is told of by its own
		return false
	default:
		return true
	}
}

// called mentions somebody and those beside them, each once; who is no person, and a user group that is gone, is left out.
func (t threadReply) called(by rollout.Actor, ids ...[]string) string {
	var all []string
	if by.Kind == rollout.Person {
		all = append(all, by.ID)
	}
	for _, id := range slices.Concat(ids...) {
		if !slices.Contains(all, id) && !slices.Contains(t.to.Gone, id) {
			all = append(all, id)
		}
	}
	return mentions(all)
}

// stepDone reports the results of all of a step's checks.
func (t threadReply) stepDone() (Message, bool) {
	v := t.e.Data.Verdict
	if v == nil || !t.currentStep().DemandsEvidence() {
		return Message{}, false // nothing was judged
	}
	lasted := t.e.At.Sub(v.Since)
	if v.Since.IsZero() || lasted <= 0 {
		lasted = t.currentStep().Bake
	}
	head := fmt.Sprintf("%s after %s at %s", verdict(*v), span(lasted), t.currentStep().Weight)
	if v.Result == rollout.Pass {
		head = iconDone + " " + capitalize(head)
	}
	then := ""
	if t.currentStep().Gate == rollout.Auto {
		then = " " + capitalize(promotionMove(t.r, t.e.Step)) + "."
	}
	m := message(fmt.Sprintf("*%s* · step %d of %d.%s", head, t.e.Step+1, len(t.r.Spec.Plan.Steps), then)).
		withText("%s: %s.%s", fullName(t.r), head, then)
	return m.withEvidence(*v, fmt.Sprintf("Checks after %s at %s, step %d", span(lasted), t.currentStep().Weight, t.e.Step+1)), true
}

// evidence returns all about each check, the worst first, as much as a list has room for.
func evidence(v rollout.Verdict) []string {
	return everyCheck(worstFirst(v.Evidence), func(e rollout.Evidence) string {
		if e.Result == rollout.Pass {
			return fullEvidence(e)
		}
		return paragraph(fullEvidence(e), chart(e))
	}, roomForList)
}

// evidenceMissing reports missing evidence. Passing and failing have entries of their own; warming up and failing once
// are temporary, and the card shows them.
func (t threadReply) evidenceMissing() (Message, bool) {
	v := t.e.Data.Verdict
	if v == nil || v.Result != rollout.Unknown {
		return Message{}, false
	}
	worst, ok := v.Worst()
	if !ok {
		return Message{}, false
	}
	// Every other reason is announced.
	//exhaustive:ignore
	switch worst.Why {
	case rollout.WhyNone, rollout.WhyWarmingUp, rollout.WhyNotAsked, rollout.WhyFailingOnce, rollout.WhyTooFewRequests,
		rollout.WhyUndecided, rollout.WhyPartial, rollout.WhyNoTraffic:
		return Message{}, false
	case rollout.WhyBrief, rollout.WhyOver, rollout.WhyYoung: // the card shows what may be gone with the next scrape
		if worst.Doubt == rollout.DoubtWaits {
			return Message{}, false
		}
	default:
	}
	switch worst.Doubt {
	case rollout.DoubtAsks: // people are asked at once
		return Message{}, false
	case rollout.DoubtWaits:
		what := joined(" ", seen(worst), holding(worst, t.e.Data.Weight))
		return message(paragraph(joined(" ", iconUnknown, what), fullEvidence(worst))).withText("%s: %s", fullName(t.r), what), true
	case rollout.NoDoubt:
	}
	extra := ""
	if d := words(worst.Detail); d != "" {
		extra = " (" + d + ")"
	}
	return message(paragraph(
		fmt.Sprintf("%s *Cannot be judged*: %s%s. Nothing moves forward until it can; a failure still rolls back.", iconUnknown, sentence(worst), extra),
		remedy(t.r, worst))).
		withText("%s cannot be judged: %s. Nothing moves forward until it can.", fullName(t.r), sentence(worst)), true
}

// away reports that the bot was down and nothing was judged meanwhile.
func (t threadReply) away() Message {
	gap := t.e.Data.Away
	from := t.e.At.Add(-gap)
	return message(fmt.Sprintf("%s *Nobody was judging for %s*, from %s to %s: Canarybot was away. The bake stood still; judging goes on from here.",
		iconWarning, span(gap), exactly(from), exactly(t.e.At))).
		withText("%s: nobody was judging for %s, because Canarybot was away. Judging goes on now.", fullName(t.r), span(gap))
}

// unseen reports, once that can be read, that nobody could see the rollout from a time on.
func (t threadReply) tagMoved() Message {
	lines := notices(t.e.Data.Notices)
	if len(lines) == 0 { // as a newer Canarybot may store it
		lines = []string{iconWarning + " The tag of the new version names another image now."}
	}
	return message(paragraph(lines...)).withText("%s: the tag names another image now; the rollout goes on with its own.", fullName(t.r))
}

func (t threadReply) unseen() Message {
	from := exactly(t.e.At)
	return message(fmt.Sprintf("%s *Nobody could see this rollout* from %s on: %s Nothing moved forward until people could; checks and rollback went on.",
		iconWarning, from, fullStop(short(t.e.Data.Reason.Problem)))).
		withText("%s: nobody could see this rollout from %s on. Nothing moved forward until people could.", fullName(t.r), from)
}
