package main

import (
	"strings"
	"testing"

	"canarybot.io/api"
)

func TestTwoPhasesThatLookAlikeAreOneLine(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	s := &show{out: &out, width: func() int { return 0 }}
	for _, phase := range []string{"cleaning", "releasing", "ended"} {
		r := api.Rollout{ID: "checkout-1", Phase: phase, Status: "Rolling back"}
		if phase == "ended" {
			r.Status = "Rolled back"
		}
		s.change(r)
	}
	if got := strings.Count(out.String(), "\n"); got != 2 {
		t.Errorf("%d lines, want 2:\n%s", got, out.String())
	}
}
