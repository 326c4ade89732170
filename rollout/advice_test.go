package rollout_test

import (
	"testing"

	"canarybot.io/rollout"
)

func TestAdvice(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		verdict rollout.Verdict
		want    rollout.Advice
	}{
		"all is well":        {rollout.Verdict{Result: rollout.Pass, Odds: -1, Limit: 4.6}, rollout.AdviseForward},
		"limits are kept":    {rollout.Verdict{Result: rollout.Pass}, rollout.AdviseForward},
		"it leans":           {rollout.Verdict{Result: rollout.Unknown, Odds: 2.4, Limit: 4.6}, rollout.AdviseRollback},
		"it leans a little":  {rollout.Verdict{Result: rollout.Unknown, Odds: 1.5, Limit: 4.6}, rollout.AdviseWait},
		"nobody knows":       {rollout.Verdict{Result: rollout.Unknown}, rollout.AdviseWait},
		"nothing was judged": {rollout.Verdict{}, rollout.AdviseWait},
		"it fails":           {rollout.Verdict{Result: rollout.Fail}, rollout.AdviseRollback},
	} {
		if got := tt.verdict.Advice(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestAgreement(t *testing.T) {
	t.Parallel()
	decided := func(a rollout.Action, advice rollout.Advice) rollout.Entry {
		return rollout.Entry{Kind: rollout.EntryDecided, Data: rollout.Data{Action: a, Advice: advice}}
	}
	replaced := decided(rollout.Rollback, rollout.AdviseForward)
	replaced.Data.Reason.Code = rollout.ReasonReplaced
	agreed, of := rollout.Agreement([]rollout.Entry{
		decided(rollout.Promote, rollout.AdviseForward),
		decided(rollout.Rollback, rollout.AdviseRollback),
		decided(rollout.Rollback, rollout.AdviseForward), // somebody saw what no check asks
		decided(rollout.Rollback, rollout.AdviseWait),    // the judge had no opinion
		decided(rollout.Pause, rollout.NoAdvice),
		replaced, // another version came, which says nothing about this one
		{Kind: rollout.EntryStep},
	})
	if agreed != 2 || of != 3 {
		t.Errorf("agreed in %d of %d, want 2 of 3", agreed, of)
	}
}
