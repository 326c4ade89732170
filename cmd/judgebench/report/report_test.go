package report_test

import (
	"fmt"
	"reflect"
	"testing"

	"canarybot.io/cmd/judgebench/report"
	"canarybot.io/cmd/judgebench/world"
)

// watcher keeps what it sees of a rollout in its first looks.
type watcher struct {
	looks int
	seen  []world.Look
}

func (w *watcher) Judge(l world.Look) world.Decision {
	w.seen = append(w.seen, l)
	switch {
	case len(w.seen) >= w.looks:
		return world.Rollback
	case l.Step >= l.Bake:
		return world.Promote
	}
	return world.Hold
}

func watch(d report.Drawn, looks int) *watcher {
	w := &watcher{looks: looks}
	world.Follow(d.World, w)
	return w
}

// A seed and a number name a world, and nothing else does.
func TestDrawsAreDeterministic(t *testing.T) {
	t.Parallel()
	for _, f := range report.All() {
		if f.Control || f.Draw(5, 3).World.Pods > 20 {
			continue // as the others, and slow to play
		}
		one, again, other := watch(f.Draw(5, 3), 3), watch(f.Draw(5, 3), 3), watch(f.Draw(6, 3), 3)
		if !reflect.DeepEqual(one.seen, again.seen) {
			t.Errorf("%s at %v: the same world was seen otherwise", f.Name, f.RPS)
		}
		if reflect.DeepEqual(one.seen, other.seen) {
			t.Errorf("%s at %v: another seed draws the same world", f.Name, f.RPS)
		}
	}
}

// A healthy world has no fault, so that nobody is harmed by the new version; a bad one has one that strikes, if the
// rollout goes on for long enough.
func TestOnlyFaultyWorldsHaveFaults(t *testing.T) {
	t.Parallel()
	for _, f := range report.All() {
		for n := range 2 {
			d := f.Draw(9, n)
			if bad := len(d.World.Faults) > 0; bad == f.Kind.Wronged() || d.World.Healthy != f.Kind.Wronged() || d.Severe && !bad {
				t.Fatalf("%s: faults %t, healthy %t, severe %t", f.Name, bad, d.World.Healthy, d.Severe)
			}
			if f.Kind.Wronged() || f.Control || d.World.Pods > 12 {
				continue
			}
			if out := world.Follow(d.World, &condemner{})[0]; !out.RolledBack || out.After < 0 {
				t.Errorf("%s at %v, the %d-th: the fault never strikes: %+v", f.Name, f.RPS, n, out)
			}
		}
	}
}

// condemner rolls back at the end of the last step.
type condemner struct{ step int }

func (c *condemner) Judge(l world.Look) world.Decision {
	switch {
	case l.Step < l.Bake:
		return world.Hold
	case c.step+1 == l.Steps:
		return world.Rollback
	}
	c.step++
	return world.Promote
}

// Services are within their own limits where nothing happens: whoever condemns a calm world wrongs it.
func TestServicesKeepTheirLimits(t *testing.T) {
	t.Parallel()
	for _, f := range report.All() {
		if f.Kind != report.Healthy || f.Name != "calm" {
			continue
		}
		for n := range 10 {
			d := f.Draw(11, n)
			w := watch(d, 40)
			var requests, errors, slow float64
			for _, l := range w.seen {
				requests, errors, slow = requests+l.Canary.Requests, errors+l.Canary.Errors, slow+l.Slow(l.Canary)
			}
			if requests > 3000 && (errors/requests >= d.World.ErrorLimit || slow/requests >= 0.01) {
				t.Errorf("the %d-th: errors %v of at most %v, slow %v", n, errors/requests, d.World.ErrorLimit, slow/requests)
			}
		}
	}
}

// Names and rates name a family.
func TestFamiliesHaveNames(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, f := range report.All() {
		key := fmt.Sprint(f.Name, f.RPS)
		if known[key] || f.Name == "" || (f.RPS > 0) != (f.Kind == report.Row || f.Kind == report.FineRow) {
			t.Errorf("%q of kind %d at %v", f.Name, f.Kind, f.RPS)
		}
		known[key] = true
	}
}

// Draws lie within what the docs say of them.
func TestDrawsHaveTheirRanges(t *testing.T) {
	t.Parallel()
	for _, f := range report.All() {
		for n := range 50 {
			w := f.Draw(13, n).World
			if w.Pods < 1 || w.Pods > 100 || w.Interval < 5 || w.Interval > 60 || w.Rate < 0.2 || w.Rate > 5000 || w.Errors > 0.15 {
				t.Errorf("%s: %d pods, an interval of %v s, %v requests a second, %v errors", f.Name, w.Pods, w.Interval, w.Rate, w.Errors)
			}
		}
	}
}
