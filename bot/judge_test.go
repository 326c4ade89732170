package bot_test

import (
	"slices"
	"strings"
	"sync"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// under is the real judge by a name that is not that of its method.
type under = judge.Judge

// doubter is the real judge, which doubts what a scenario tells it to doubt, as far as no person has accepted that.
type doubter struct {
	under
	mu    sync.Mutex
	why   rollout.Why
	doubt rollout.Doubt
}

// set makes the judge doubt every check from now on; no reason: none.
func (j *doubter) set(why rollout.Why, doubt rollout.Doubt) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.why, j.doubt = why, doubt
}

// Judge judges, and doubts what would pass.
func (j *doubter) Judge(c rollout.Case) (rollout.Verdict, rollout.JudgeState) {
	v, state := j.under.Judge(c)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.why == rollout.WhyNone {
		return v, state
	}
	v.Evidence = slices.Clone(v.Evidence)
	for i, e := range v.Evidence {
		if e.Result == rollout.Pass && !slices.Contains(c.Accepted, rollout.Acceptance{Check: e.Check, Why: j.why}) {
			v.Evidence[i].Result, v.Evidence[i].Why, v.Evidence[i].Doubt = rollout.Unknown, j.why, j.doubt
		}
	}
	v.Result = rollout.Combine(v.Evidence)
	return v, state
}

// doubts is the command of scenarios.
func (w *world) doubts(s words) {
	why, doubt := s.cut()
	if why == "nothing" {
		w.judge.set(rollout.WhyNone, rollout.NoDoubt)
		return
	}
	w.oneOf(string(doubt), map[string]func(){
		"waiting": func() { w.judge.set(rollout.Why(strings.TrimSpace(why)), rollout.DoubtWaits) },
		"ask":     func() { w.judge.set(rollout.Why(strings.TrimSpace(why)), rollout.DoubtAsks) },
	})
}
