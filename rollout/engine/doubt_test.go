package engine_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// under is a judge by a name that is not that of its method.
type under = rollout.Judge

// doubter doubts whatever would pass, until a person accepts that.
type doubter struct{ under }

// Judge judges.
func (j doubter) Judge(c rollout.Case) (rollout.Verdict, rollout.JudgeState) {
	v, state := j.under.Judge(c)
	v.Evidence = slices.Clone(v.Evidence)
	for i, e := range v.Evidence {
		if e.Result == rollout.Pass && !slices.Contains(c.Accepted, rollout.Acceptance{Check: e.Check, Why: rollout.WhySmall}) {
			v.Evidence[i].Result, v.Evidence[i].Why, v.Evidence[i].Doubt = rollout.Unknown, rollout.WhySmall, rollout.DoubtAsks
		}
	}
	v.Result = rollout.Combine(v.Evidence)
	return v, state
}

// goingOn lets the rollout go on a minute after it asked.
func goingOn(r rollout.Rollout) (rollout.Decision, bool) {
	if len(r.Doubts) == 0 || r.Spans.Waiting < time.Minute {
		return rollout.Decision{}, false
	}
	return rollout.Decision{ID: "go on", Action: rollout.Accept, Actor: person(lead), Turn: r.Turn}, true
}

// People are asked once, however often the process dies, and what they accept holds at every later step.
func TestADoubtIsAskedAboutOnceThroughCrashes(t *testing.T) {
	doubted := func(t *testing.T, crash int) (calls int) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, sim.Setup{}, standard.Automatic())
			w.judge = doubter{w.judge}
			time.Sleep(2 * time.Minute)
			w.start(crash, crash%2 == 0)
			defer func() { w.stop() }()
			r := w.play("v1.2.4", goingOn)
			if r.Ending.Outcome != rollout.Succeeded {
				t.Fatalf("%s because of %q\n%s", r.Ending.Outcome, r.Ending.Reason.Code, w.story(r.ID))
			}
			asked, accepted := 0, 0
			told, _ := w.store.Timeline(t.Context(), r.ID, 0)
			for _, e := range told {
				switch {
				case e.Kind == rollout.EntryAsked && e.Data.Reason.Code == rollout.ReasonDoubt:
					asked++
				case e.Kind == rollout.EntryDecided && e.Data.Action == rollout.Accept:
					accepted++
				}
			}
			if asked != 1 || accepted != 1 {
				t.Errorf("asked %d times, accepted %d times\n%s", asked, accepted, w.story(r.ID))
			}
			calls = w.ports.count()
		})
		return calls
	}
	calls := doubted(t, 0)
	for crash := 1; crash <= calls; crash += 7 {
		doubted(t, crash)
	}
}

// What a person accepts does not wait for the next interval to be judged with.
func TestWhatIsAcceptedIsJudgedWithAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, sim.Setup{}, standard)
		w.judge = doubter{w.judge}
		for i := range w.service.Spec.Checks {
			w.service.Spec.Checks[i].Interval, w.service.Spec.Checks[i].Window = 30*time.Second, time.Minute
		}
		w.service.Spec.Limits.Interval = 30 * time.Second
		time.Sleep(10 * time.Minute)
		w.start(0, false)
		defer w.stop()
		r, _ := w.launch("v1.2.4", nil)
		r = w.until(r.ID, "a doubt", func(r rollout.Rollout) bool { return len(r.Doubts) > 0 })
		time.Sleep(time.Second)
		w.decide(rollout.Decision{ID: "go on", Action: rollout.Accept, Actor: person(lead), Turn: r.Turn})
		synctest.Wait()
		time.Sleep(5 * time.Second)
		if r, _ = w.rollout(); r.Verdict.Result != rollout.Pass {
			t.Errorf("five seconds later it is still %s", r.Verdict.Result)
		}
	})
}
