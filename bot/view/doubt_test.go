package view_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// whys are the reasons that may be doubts.
var whys = []rollout.Why{
	rollout.WhyBrief, rollout.WhyOver, rollout.WhyUsual, rollout.WhyBoth, rollout.WhyYoung, rollout.WhySmall, rollout.WhyHidden,
	rollout.WhyUnpaired, rollout.WhyMayGrow, rollout.WhyOnePod, rollout.WhyShared, rollout.WhyLittleShare,
}

// doubtful is a verdict in doubt about the check at an index of compared: errors, or slow requests.
func doubtful(at int, why rollout.Why, doubt rollout.Doubt) rollout.Verdict {
	v := compared(rollout.Pass, rollout.WhyNone)
	v.Result, v.Odds = rollout.Unknown, 6.2
	e := &v.Evidence[at]
	e.Result, e.Why, e.Doubt = rollout.Unknown, why, doubt
	e.Compared.Odds = 6.2
	if why == rollout.WhyOnePod {
		e.Detail = "checkout-canary-7d4b9c6f5-x2x8p"
	}
	if why == rollout.WhyLittleShare {
		e.Share = &rollout.TrafficShare{Got: 0.0012, Asked: 0.05}
	}
	if why == rollout.WhyMayGrow {
		memory := evidence("memory_usage", ptr(470<<20), ptr(180<<20), 512<<20, rollout.Bytes)
		memory.Result, memory.Why, memory.Doubt, memory.Compared = rollout.Unknown, why, doubt, e.Compared
		v.Evidence[at] = memory
	}
	return v
}

// asking is a rollout in a phase, of which people are asked about what is in doubt.
func asking(p rollout.Phase, v rollout.Verdict) rollout.Rollout {
	r := in(p)
	r.Verdict, r.Held, r.Spans.Waiting, r.Spans.Unknown = v, true, 5*time.Minute, 0
	r.Doubts = acceptances(v)
	return r
}

func acceptances(v rollout.Verdict) (all []rollout.Acceptance) {
	for _, e := range v.Doubts() {
		all = append(all, rollout.Acceptance{Check: e.Check, Why: e.Why})
	}
	return all
}

// twoDoubts is in doubt about errors and about slow requests.
func twoDoubts() rollout.Verdict {
	v := doubtful(0, rollout.WhyBoth, rollout.DoubtAsks)
	v.Evidence[1] = doubtful(1, rollout.WhySmall, rollout.DoubtAsks).Evidence[1]
	return v
}

// doubtCards is one card for each phase in which people are asked about a doubt, and for what else a doubt may look like.
func doubtCards() map[string]rollout.Rollout {
	both := doubtful(0, rollout.WhyBoth, rollout.DoubtAsks)
	all := map[string]rollout.Rollout{
		"doubt_waiting": with(func(r *rollout.Rollout) {
			r.Verdict, r.Spans.Unknown = doubtful(0, rollout.WhyBoth, rollout.DoubtWaits), time.Minute
		}),
		"doubt_business":  asking(rollout.Baking, smallBusiness()),
		"doubt_small":     asking(rollout.Baking, doubtful(1, rollout.WhySmall, rollout.DoubtAsks)),
		"doubt_one_pod":   asking(rollout.Baking, doubtful(0, rollout.WhyOnePod, rollout.DoubtAsks)),
		"doubt_restarts":  asking(rollout.Baking, beside(besides(rollout.Unknown)[1])),
		"doubt_refused":   asking(rollout.Baking, beside(besides(rollout.Unknown)[2])),
		"doubt_two":       asking(rollout.Baking, twoDoubts()),
		"doubt_unasked":   asking(rollout.Baking, both),
		"doubt_paused":    asking(rollout.Baking, both),
		"doubt_and_drift": asking(rollout.Baking, both),
	}
	for _, p := range []rollout.Phase{rollout.Baking, rollout.Awaiting, rollout.Promoting} {
		all["doubt_"+p.String()] = asking(p, both)
	}
	change := func(name string, do func(*rollout.Rollout)) {
		r := all[name]
		do(&r)
		all[name] = r
	}
	change("doubt_unasked", func(r *rollout.Rollout) {
		r.Verdict = unanswered(doubtful(0, rollout.WhyBoth, rollout.DoubtAsks), rollout.WhyTimeout)
	})
	change("doubt_paused", func(r *rollout.Rollout) { r.Paused = true })
	change("doubt_and_drift", func(r *rollout.Rollout) { r.Drift = &weightDrift })
	return all
}

// doubtEntries are the timeline's entries about doubts.
func doubtEntries() map[string]rollout.Entry {
	entry := func(kind rollout.EntryKind, v rollout.Verdict, d rollout.Data) rollout.Entry {
		d.Verdict, d.Doubts, d.Weight, d.Left = &v, acceptances(v), 5, 2*time.Hour
		return rollout.Entry{Rollout: "checkout-42", Seq: 7, At: noon.Add(11 * time.Minute), Kind: kind, Actor: rollout.Actor{Kind: rollout.Bot}, Data: d}
	}
	doubt := rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonDoubt}}
	both, onePod := doubtful(0, rollout.WhyBoth, rollout.DoubtAsks), doubtful(0, rollout.WhyOnePod, rollout.DoubtAsks)
	accepted := entry(rollout.EntryDecided, twoDoubts(), rollout.Data{Action: rollout.Accept, Text: "a backup ran", From: rollout.Baking, To: rollout.Baking})
	accepted.Actor = person("U0G9QF9C6")
	failed := doubtful(1, rollout.WhySmall, rollout.NoDoubt)
	failed.Result, failed.Evidence[1].Result = rollout.Fail, rollout.Fail
	reminded := entry(rollout.EntryReminded, both, rollout.Data{})
	return map[string]rollout.Entry{
		"asked_doubt":         entry(rollout.EntryAsked, both, doubt),
		"asked_doubt_small":   entry(rollout.EntryAsked, doubtful(1, rollout.WhySmall, rollout.DoubtAsks), doubt),
		"asked_doubt_one_pod": entry(rollout.EntryAsked, onePod, doubt),
		"rolling_back_on_doubt": entry(rollout.EntryPhase, failed, rollout.Data{
			From: rollout.Baking, To: rollout.RollingBack, Reason: rollout.Reason{Code: rollout.ReasonCheck, Evidence: &failed.Evidence[1]},
		}),
		"asked_doubt_two":     entry(rollout.EntryAsked, twoDoubts(), doubt),
		"reminded_doubt":      reminded,
		"settled_doubt":       entry(rollout.EntrySettled, both, doubt),
		"accepted":            accepted,
		"doubt_waiting":       entry(rollout.EntryVerdict, doubtful(0, rollout.WhyBoth, rollout.DoubtWaits), rollout.Data{}),
		"doubt_brief":         entry(rollout.EntryVerdict, doubtful(0, rollout.WhyBrief, rollout.DoubtWaits), rollout.Data{}),
		"doubt_lost_and_asks": entry(rollout.EntryVerdict, both, rollout.Data{}),
	}
}

// doubtAnswers is what /canary why says of doubts.
func doubtAnswers() map[string]view.Message {
	a := view.Answers{}
	went := with(func(r *rollout.Rollout) {
		r.Verdict, r.Accepted = compared(rollout.Pass, rollout.WhyNone), acceptances(twoDoubts())
	})
	return map[string]view.Message{
		"why_doubt":         a.Why(asking(rollout.Baking, doubtful(0, rollout.WhyBoth, rollout.DoubtAsks))),
		"why_doubt_waiting": a.Why(doubtCards()["doubt_waiting"]),
		"why_doubt_one_pod": a.Why(asking(rollout.Baking, doubtful(0, rollout.WhyOnePod, rollout.DoubtAsks))),
		"why_accepted":      a.Why(went),
		"accepted_accept":   a.Accepted(baking(), rollout.Accept, permalink),
	}
}

// Each doubt says on the card what is seen, and either what is waited for or what helps to decide; of each kind of check.
func TestDoubtsInWords(t *testing.T) {
	var text strings.Builder
	said := map[string]rollout.Why{}
	for _, why := range whys {
		for at := range 2 {
			for _, doubt := range []rollout.Doubt{rollout.DoubtWaits, rollout.DoubtAsks} {
				r := with(func(r *rollout.Rollout) { r.Verdict = doubtful(at, why, doubt) })
				if doubt == rollout.DoubtAsks {
					r = asking(rollout.Baking, r.Verdict)
				}
				shown := blockkit.Plain(raw(t, view.Card(r, view.CardOptions{})), blockkit.Names{Now: noon})
				note := shown[slices.IndexFunc(shown, func(line string) bool {
					return strings.Contains(line, "Holding at") || strings.Contains(line, "A person decides")
				})]
				fmt.Fprintf(&text, "%s, %s\n    %s\n", why, doubt, note)
				if other, ok := said[note]; ok && other != why {
					t.Errorf("%s and %s say the same: %s", why, other, note)
				}
				said[note] = why
			}
		}
	}
	golden(t, "doubts.golden", []byte(text.String()))
}

func TestGoOnIsOfferedToWhomADoubtAsks(t *testing.T) {
	for name, want := range map[string][]string{
		"doubt_waiting": {"pause", "rollback"}, "doubt_baking": {"accept", "recheck", "rollback"}, "doubt_awaiting": {"accept", "recheck", "rollback"},
		"doubt_promoting": {"accept", "recheck", "rollback"}, "doubt_paused": {"resume", "rollback"}, "doubt_and_drift": {"set_ours", "rollback"},
		"doubt_unasked": {"accept", "recheck", "rollback"},
	} {
		if got := actionsOf(t, view.Card(doubtCards()[name], view.CardOptions{})); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", name, got, want)
		}
	}
}

// What a judge of a newer Canarybot doubts, and what its evidence may hold, is shown harmlessly.
func TestADoubtFromOutsideDoesNotComeAlive(t *testing.T) {
	made := map[string]view.Message{}
	for name, r := range doubtCards() {
		for _, all := range []bool{false, true} {
			poisoned := poison(r, hostile, all)
			made[fmt.Sprint("card_", name, all)] = view.Card(poisoned, view.CardOptions{})
			made[fmt.Sprint("why_", name, all)] = view.Answers{}.Why(poisoned)
		}
	}
	for name, e := range doubtEntries() {
		for _, all := range []bool{false, true} {
			if m, ok := view.Reply(poison(baking(), hostile, all), poison(e, hostile, false), view.Audience{Approvers: []string{hostile}}, permalink); ok {
				made[fmt.Sprint("reply_", name, all)] = m
			}
		}
	}
	harmless(t, hostile, made)
}

// smallBusiness is in doubt about a check of one's own whose value is a little worse than stable's.
func smallBusiness() rollout.Verdict {
	v := business(rollout.Unknown, rollout.WhySmall)
	v.Evidence[0].Canary, v.Evidence[0].Doubt = ptr(0.031), rollout.DoubtAsks
	return v
}
