package sim_test

import (
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

func TestPreflight(t *testing.T) {
	ok := func(*bench) {}
	tests := map[string]struct {
		setup sim.Setup
		do    func(*bench)
		want  string // part of the only problem; empty: none
	}{
		"as it should be":       {sim.Setup{}, ok, ""},
		"a canary at 0":         {sim.Setup{Canary: oldImage}, ok, ""},
		"a canary with pods":    {sim.Setup{Canary: oldImage}, func(b *bench) { b.app.Scale(rollout.CanaryDeployment, 1, "x") }, "1 replicas already"},
		"a canary with traffic": {sim.Setup{Canary: oldImage}, func(b *bench) { b.app.EditWeight(5, "x") }, "5 %"},
		"no route":              {sim.Setup{NoRoute: true}, ok, "HTTPRoute shop/checkout does not exist"},
		"no stable":             {sim.Setup{}, func(b *bench) { b.app.Delete(rollout.StableDeployment) }, "Deployment shop/checkout does not exist"},
		"paused":                {sim.Setup{}, func(b *bench) { b.app.Pause(rollout.StableDeployment, true); time.Sleep(time.Second) }, "paused"},
		"recreate":              {sim.Setup{Strategy: sim.Recreate}, ok, "weight 100"},
		"rollback stands":       {sim.Setup{}, func(b *bench) { b.app.AskRollback(rollout.StableDeployment) }, "rollback=now"},
		"foreign stamp": {sim.Setup{}, func(b *bench) {
			b.app.SetStamp(rollout.RouteObject, rollout.Stamp{Store: "other", Rollout: "checkout-9"})
		}, "another Canarybot"},
		"a way back from something else": {sim.Setup{}, func(b *bench) { b.r.Request.Replaces = "r/shop/checkout:v1.2.2" }, "did not release"},
		"running it already":             {sim.Setup{}, func(b *bench) { b.r.Image = oldImage }, "already"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, sim.Options{}, test.setup, func(b *bench) {
				test.do(b)
				p := b.c.Preflight(b.t.Context(), b.r)
				text := strings.Join(view.Problems(p.Problems), "\n")
				if (test.want == "") != (text == "") || !strings.Contains(text, test.want) {
					t.Errorf("the problems are %q, want %q", text, test.want)
				}
				if test.want == "" && (p.Original.Stable.UID == "" || p.Original.Stable.Replicas != 4 || !p.Original.Surges || p.Original.Route.UID == "") {
					t.Errorf("found is %+v", p.Original)
				}
			})
		})
	}
}

func TestPreflightDeletesInertLeftovers(t *testing.T) {
	in(t, sim.Options{}, sim.Setup{}, func(b *bench) {
		found := rollout.Original{Route: rollout.OriginalRoute{UID: "r"}}
		for _, w := range []rollout.Write{
			{Object: rollout.CanaryService, Verb: rollout.Create},
			{Object: rollout.CanaryDeployment, Verb: rollout.Create, Image: newImage, Replicas: new(int)},
		} {
			w := b.write(w)
			w.Stamp.Original = &found
			b.code(b.c.Do(b.t.Context(), b.r, w), "")
		}
		b.r.ID = "checkout-2"
		if p := b.c.Preflight(b.t.Context(), b.r); len(p.Problems) > 0 || p.Original.Canary.UID != "" || p.Original.CanaryService {
			t.Errorf("the preflight says %+v", p)
		}
		if w := b.world(); w.Canary.Exists || w.Service.Exists {
			t.Errorf("left behind: %+v", w)
		}
	})
}
