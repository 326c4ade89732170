package rollout_test

import (
	"testing"

	"canarybot.io/rollout"
)

func TestTheGateIsOpenUntilItIsRolledBack(t *testing.T) {
	for name, tt := range map[string]struct {
		by      rollout.Promoter
		phase   rollout.Phase
		outcome rollout.Outcome
		want    bool
	}{
		"baking":                        {rollout.ByGate, rollout.Baking, "", false},
		"promoting":                     {rollout.ByGate, rollout.Promoting, "", true},
		"returning":                     {rollout.ByGate, rollout.Returning, "", true},
		"cleaning after success":        {rollout.ByGate, rollout.Cleaning, rollout.Succeeded, true},
		"succeeded":                     {rollout.ByGate, rollout.Ended, rollout.Succeeded, true},
		"rolling back from returning":   {rollout.ByGate, rollout.RollingBack, "", false},
		"cleaning after a rollback":     {rollout.ByGate, rollout.Cleaning, rollout.RolledBack, false},
		"abandoned":                     {rollout.ByGate, rollout.Ended, rollout.Abandoned, false},
		"promoting, written by a patch": {rollout.ByPatch, rollout.Promoting, "", false},
		"promoting, written by Git":     {rollout.ByGit, rollout.Promoting, "", false},
	} {
		r := rollout.Rollout{Phase: tt.phase, Promoted: tt.phase >= rollout.Returning}
		r.Spec.Promote.By, r.Ending.Outcome = tt.by, tt.outcome
		if got := r.MayGoOn(); got != tt.want {
			t.Errorf("%s: may go on is %t", name, got)
		}
	}
}
