package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

// What a freeze does to a rollout under way is told once when it begins and once when it is over, whatever happens in between.
func TestAFreezeIsToldWhenItBeginsAndWhenItIsOver(t *testing.T) {
	t.Parallel()
	pauses := func(name string) *rollout.Closure {
		return &rollout.Closure{Kind: rollout.FreezeClosure, Name: name, Running: rollout.PauseRunning}
	}
	returns := &rollout.Closure{Kind: rollout.FreezeClosure, Name: "outage", Running: rollout.ReturnRunning}
	cases := map[string]struct {
		edit   func(*rollout.Rollout)
		frozen []*rollout.Closure // by reconcile
		want   []rollout.EntryKind
	}{
		"it begins and ends":              {frozen: []*rollout.Closure{nil, pauses("audit"), pauses("audit"), nil, nil}, want: []rollout.EntryKind{rollout.EntryFrozen, rollout.EntrySettled}},
		"another one lasts longer":        {frozen: []*rollout.Closure{pauses("audit"), pauses("sale"), nil}, want: []rollout.EntryKind{rollout.EntryFrozen, rollout.EntrySettled}},
		"it is rolled back instead":       {frozen: []*rollout.Closure{pauses("audit"), returns, nil}, want: []rollout.EntryKind{rollout.EntryFrozen}},
		"one that lets it finish is none": {frozen: []*rollout.Closure{nil, nil}},
		"a way back heeds none":           {edit: func(r *rollout.Rollout) { r.Request.Back = true }, frozen: []*rollout.Closure{pauses("audit"), nil}},
		"what ends heeds none":            {edit: func(r *rollout.Rollout) { r.Phase = rollout.RollingBack }, frozen: []*rollout.Closure{pauses("audit"), nil}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w := checkout()
			if c.edit != nil {
				c.edit(&r)
			}
			var told []rollout.EntryKind
			for i, frozen := range c.frozen {
				f := facts(r, w, interval, rollout.Pass)
				f.Now = r.ReconciledAt.Add(time.Duration(i+1) * interval)
				f.Frozen = frozen
				next, entries, _ := rollout.Next(r, f)
				for _, e := range entries {
					if e.Kind == rollout.EntryFrozen || e.Kind == rollout.EntrySettled && e.Data.Reason.Code == rollout.ReasonFrozen {
						told = append(told, e.Kind)
					}
				}
				r = next
			}
			if diff := cmp.Diff(c.want, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}
