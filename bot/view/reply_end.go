package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// ended tells how a rollout came to its end.
func (t telling) ended() (Message, bool) {
	if t.e.Data.Ending == nil {
		return Message{}, false
	}
	r := t.r
	r.Phase, r.Ending = rollout.Ended, *t.e.Data.Ending
	switch r.Ending.Outcome {
	case rollout.Succeeded:
		return succeeded(r), true
	case rollout.RolledBack:
		return rolledBack(r), true
	case rollout.Cancelled:
		return cancelled(r), true
	case rollout.Abandoned:
		return abandoned(r), true
	}
	return Message{}, false
}

func succeeded(r rollout.Rollout) Message {
	what := fmt.Sprintf("%s. %s", everyone(r), todo(r))
	return message(paragraph(append([]string{
		fmt.Sprintf("%s *%s succeeded*: %s", iconDone, subject(r), what),
		capital(full(took(r))),
	}, remains(r)...)...)).said("%s succeeded: %s", subject(r), what)
}

// todo says what is left for people to do.
func todo(r rollout.Rollout) string {
	if r.Ending.StableImage != "" {
		return "Somebody else set that image while it ended; look whether it is meant."
	}
	return "Nothing to do."
}

func rolledBack(r rollout.Rollout) Message {
	why := plainly(r, r.Ending.Reason, r.Ending.By)
	if r.Ending.Reason.Code == rollout.ReasonPerson {
		why = because(r, r.Ending.Reason, r.Ending.By)
	}
	what := joined(" ", full(why), full(everyone(r)), todo(r))
	m := message(paragraph(append([]string{
		fmt.Sprintf("%s *%s rolled back*: %s", iconBack, subject(r), what),
		told(r),
		course(r),
	}, remains(r)...)...)).said("%s rolled back: %s", subject(r), what)
	m.Broadcast = true
	return m
}

// told returns what a machine said about the failure.
func told(r rollout.Rollout) string {
	if r.Ending.Reason.Code == rollout.ReasonPerson {
		return ""
	}
	return full(capital(detailOf(r.Ending.Reason)))
}

// course gives the times of a rollback: when the limit was broken, when traffic was off, how long everything took.
func course(r rollout.Rollout) string {
	end := r.Ending
	breach, zero := "", ""
	if !end.Breach.IsZero() {
		breach = "limit breached " + exactly(end.Breach)
	}
	if !end.WeightZero.IsZero() {
		zero = "weight 0 at " + exactly(end.WeightZero)
	}
	if d := end.WeightZero.Sub(end.Breach); breach != "" && zero != "" && d >= 0 {
		zero += " (" + span(d) + " later)"
	}
	return full(capital(dotted(breach, zero, took(r))))
}

func cancelled(r rollout.Rollout) Message {
	why := because(r, r.Ending.Reason, r.Ending.By)
	m := message(paragraph(
		fmt.Sprintf("%s *%s was cancelled before it started*: %s Nothing was changed.", iconBad, subject(r), full(why)),
		"Asked for by "+who(r.Request.By)+".")).
		said("%s was cancelled before it started: %s Nothing was changed.", subject(r), full(why))
	return m.with(list(preflight(r.Ending.Left, r.Ending.Checks))...)
}

func abandoned(r rollout.Rollout) Message {
	why := because(r, r.Ending.Reason, r.Ending.By)
	m := message(paragraph(
		fmt.Sprintf("%s *%s was abandoned*: %s Nothing more is changed in the cluster.", iconBad, subject(r), full(why)),
		capital(full(took(r))))).
		said("%s was abandoned: %s Look at what it left in the cluster.", subject(r), full(why))
	if len(r.Ending.Left) > 0 {
		m = m.with(section("Left in the cluster:")).with(list(bullets(r.Ending.Left))...)
	}
	return m
}

// bullets makes a list of what is wrong.
func bullets(all []rollout.Problem) []string {
	lines := Problems(all)
	for i, sentence := range lines {
		lines[i] = "• " + sentence
	}
	return lines
}
