package judge

import (
	"testing"

	"canarybot.io/rollout"
)

func TestCountsUpdate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		canary rollout.Series
		want   []float64 // what was not judged yet, scrape by scrape
	}{
		"each scrape has a sample":   {counter("a", 0, 0, 10, 20, 30), []float64{10, 20, 30}},
		"a counter is reset":         {rollout.Series{Target: "a", Points: []rollout.Point{{At: after(0), Value: 7}, {At: after(1), Value: 9}, {At: after(2), Value: 4}}}, []float64{2, 4}},
		"a lost scrape comes later":  {counter("a", 0, 0, 10, -1, 50), []float64{10, 0, 50}},
		"a new pod counts from zero": {counter("a", 1, 10, 20), []float64{10, 20}},
	} {
		w := testWindow(4, requests(tt.canary), requests(counter("s", 0, 0, 100, 100, 100)))
		var c counts
		var pods targets
		c.newStep(weightSet)
		total := 0.0
		for i, want := range tt.want {
			pods.update(w, after(i+1))
			sc := &scrape{window: w, span: span{after(i), after(i + 1)}}
			did := c.update(sc, latencyRead, &pods)
			if total += want; did[canaryArm].Requests != want || c.Step[canaryArm].Requests != total || c.recent(canaryArm).Requests != total {
				t.Errorf("%s: scrape %d: %v requests, %v in the step, %v lately; want %v and %v", name, i, did[canaryArm].Requests,
					c.Step[canaryArm].Requests, c.recent(canaryArm).Requests, want, total)
			}
		}
	}
}

func TestTheAnchorMovesOn(t *testing.T) {
	t.Parallel()
	w := testWindow(20, requests(counter("a", 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1)), requests(counter("s", 0, 0, 1)))
	var c counts
	c.newStep(weightSet)
	for _, tt := range []struct{ scrape, anchor int }{{anchorScrapes - 1, 0}, {anchorScrapes, anchorScrapes - lateScrapes}} {
		sc, pods := scrapeAt(w, tt.scrape)
		if c.moveAnchor(sc, pods); !c.Anchor.Equal(after(tt.anchor)) {
			t.Errorf("after %d scrapes the anchor is at %s, want %s", tt.scrape, c.Anchor, after(tt.anchor))
		}
	}
	if c.Judged[canaryArm].Requests != lateScrapes {
		t.Errorf("%v requests are judged since the anchor, want %d", c.Judged[canaryArm].Requests, lateScrapes)
	}
}
