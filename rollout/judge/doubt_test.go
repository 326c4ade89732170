package judge_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// One of the canary's two pods fails requests: people are asked whether it is the pod. What follows is the service's
// choice, and a person's answer.
func TestDoubts(t *testing.T) {
	t.Parallel()
	one := func(canary bool, pod, _ int) does {
		return change(func(d *does) {
			if canary && pod == 1 {
				d.errors = 0.3
			}
		})
	}
	for name, tt := range map[string]struct {
		on       rollout.OnDoubt
		accepted []rollout.Acceptance
		want     rollout.Result
		doubt    rollout.Doubt
	}{
		"people are asked":                {"", nil, rollout.Unknown, rollout.DoubtAsks},
		"asking is said":                  {rollout.AskOnDoubt, nil, rollout.Unknown, rollout.DoubtAsks},
		"a doubt is enough":               {rollout.RollbackOnDoubt, nil, rollout.Fail, rollout.NoDoubt},
		"it waits":                        {rollout.WaitOnDoubt, nil, rollout.Unknown, rollout.DoubtWaits},
		"a person says that it is fine":   {"", []rollout.Acceptance{{Check: "error_rate", Why: rollout.WhyOnePod}}, rollout.Pass, rollout.NoDoubt},
		"another doubt was accepted":      {"", []rollout.Acceptance{{Check: "error_rate", Why: rollout.WhySmall}}, rollout.Unknown, rollout.DoubtAsks},
		"that of another check was":       {"", []rollout.Acceptance{{Check: "latency_p99", Why: rollout.WhyOnePod}}, rollout.Unknown, rollout.DoubtAsks},
		"a rollback is wished, and a yes": {rollout.RollbackOnDoubt, []rollout.Acceptance{{Check: "error_rate", Why: rollout.WhyOnePod}}, rollout.Pass, rollout.NoDoubt},
	} {
		f := newFleet(7, before+after, before, one)
		c := signalCase()
		c.Spec.Checks[0].OnDoubt, c.Accepted = tt.on, tt.accepted
		seen := false
		var state rollout.JudgeState
		for scrape := 1; scrape <= 12 && !seen; scrape++ {
			var v rollout.Verdict
			v, state = f.judge(c, state, scrapeEnd(scrape))
			e := v.Evidence[0]
			seen = scrape > 8 && e.Result == tt.want && e.Doubt == tt.doubt
			if e.Result == rollout.Fail && tt.want != rollout.Fail {
				t.Fatalf("%s: at scrape %d it fails for %q", name, scrape, e.Why)
			}
		}
		if !seen {
			t.Errorf("%s: it is never %s with doubt %q", name, tt.want, tt.doubt)
		}
	}
}

// A person who answers for a pod does not answer for the version: where all pods fail it is rolled back all the same.
func TestAcceptedPodIsNotTheVersion(t *testing.T) {
	t.Parallel()
	f := newFleet(8, before+after, before, only(change(func(d *does) { d.errors = 0.3 }), 0))
	c := signalCase()
	c.Accepted = []rollout.Acceptance{{Check: "error_rate", Why: rollout.WhyOnePod}}
	if v, _, at := f.run(t, c, scrapeEnd(12)); v.Result != rollout.Fail {
		t.Errorf("at %s it is %s: %+v", at.Sub(since), v.Result, v.Evidence[0])
	}
}

// scrapeEnd is when a scrape's samples can be read.
func scrapeEnd(scrape int) time.Time {
	return since.Add(time.Duration(scrape)*interval + 4*time.Second)
}
