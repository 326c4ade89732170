package rollout

import (
	"cmp"
	"slices"
	"strings"
	"testing"
)

// This file is the explorer's world of two rollouts that go together: whatever may happen to each of them alone, in any order.

// aside is how the facts about the sibling are broken, to prove that the explorer would notice.
type aside int

const (
	asItIs  aside = iota
	ahead         // it is always said to have been promoted, unless it is lost
	inSight       // it is said to be where it is, and never to be lost
)

// beside starts a second rollout of the other run beside that of x.
func (x run) beside(s state) state {
	other := x.pair.alone()
	other.r.ID, other.r.Service = "web-1", "web"
	both := []ID{s.r.ID, other.r.ID}
	s.r.Request.Together, other.r.Request.Together = both, both
	s.other = &other
	return s
}

// siblings are what the rollout knows of the other one.
func (s state) siblings(wrong aside) []Sibling {
	if s.other == nil {
		return nil
	}
	o := s.other.r.Sibling()
	switch {
	case wrong == ahead && !o.Lost():
		o.Phase = Promoting
	case wrong == inSight && o.Lost():
		o.Phase, o.Outcome = Promoting, ""
	}
	return []Sibling{o}
}

// others are the rollouts that a promotion is about too.
func (s state) siblingRollouts() []Rollout {
	if s.other == nil {
		return nil
	}
	return []Rollout{s.other.r}
}

// swapped is the same state from the other's side.
func (s state) swapped() state {
	o := *s.other
	s.other = nil
	o.other = &s
	return o
}

// moves are everything that can happen, to either of the two. Of two, each step ends with what is sent having arrived, the
// canary's pods being there, and an ending having ended: nothing of that is between the two.
func (x run) moves(s state, matched map[string]bool) []step {
	all := x.steps(s, matched)
	if x.pair == nil {
		return all
	}
	for i := range all {
		all[i].to = x.settled(all[i].to)
	}
	for _, t := range x.pair.steps(s.swapped(), matched) {
		t.label, t.to = "web: "+t.label, x.pair.settled(t.to).swapped()
		all = append(all, t)
	}
	for i, t := range all {
		all[i].err = cmp.Or(t.err, apart(s, t.to), apart(s.swapped(), t.to.swapped()))
	}
	return all
}

// settled is the state once nothing is under way.
func (x run) settled(s state) state {
	for {
		s.r.Spans.Bake = min(s.r.Spans.Bake, s.r.Current().Bake)
		pods := x.pods(s)
		i := slices.IndexFunc(pods, func(t step) bool { return t.label == "canary's pods settle" || s.r.Phase.Ending() })
		switch {
		case len(s.pending) > 0:
			s = x.send(s).to
		case i >= 0:
			s = pods[i].to
		case s.r.Phase.Ending() && s.r.Stuck == nil:
			s = x.reconcile(s, Verdict{Result: Pass}, map[string]bool{}).to
		default:
			return s
		}
	}
}

// apart checks what must hold between the two when the first moved.
func apart(before, after state) string {
	if after.r.Phase == before.r.Phase && after.r.Step == before.r.Step || !after.r.Phase.Forward() {
		return ""
	}
	other := after.other.r
	done := other.Phase == Baking && other.Ready && other.last() && other.Current().Gate == Auto
	switch {
	case other.Sibling().Lost():
		return "a rollout moved forward after its sibling's rollback was committed"
	case after.r.Phase == Promoting && !done && !other.Sibling().Promoted():
		return "a rollout was promoted while its sibling is before its last gate"
	case after.r.Step > before.r.Step && other.Step < before.r.Step && !other.last():
		return "a rollout is two steps ahead of its sibling"
	}
	return ""
}

// finished reports whether nothing has to happen any more.
func (s state) finished() bool {
	mine := s.r.Terminal() || s.r.Stuck != nil
	return mine && (s.other == nil || s.other.finished())
}

var (
	askedStep = []Step{{Weight: 5, Bake: unit, Gate: Manual}}
	twoAuto   = []Step{{Weight: 5, Bake: unit, Gate: Auto}, {Weight: 50, Bake: 0, Gate: Auto}}
)

func pairs() []run {
	return []run{
		{name: "together, a fault in one", plan: oneStep, surges: true, budget: budget{faults: 1}, pair: &run{plan: oneStep, surges: true}},
		{name: "together, two gates", plan: askedStep, surges: true, budget: budget{clicks: [2]int8{2}}, pair: &run{plan: askedStep, surges: true}},
		{name: "together, one gate", plan: askedStep, surges: true, budget: budget{clicks: [2]int8{2}}, pair: &run{plan: oneStep, surges: true, budget: budget{faults: 1}}},
		{name: "together, approvals of one", plan: jointSteps, surges: true, budget: budget{clicks: [2]int8{1, 1}}, pair: &run{plan: askedStep, surges: true}},
		{name: "together, one has more steps", plan: twoAuto, surges: true, pair: &run{plan: askedStep, surges: true, budget: budget{clicks: [2]int8{1}}}},
	}
}

// A barrier that can be passed unnoticed is none.
func TestExplorerNoticesABrokenBarrier(t *testing.T) {
	for name, wrong := range map[string]mutation{"the barrier is ignored": {aside: ahead}, "the sibling's rollback is ignored": {aside: inSight}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := run{plan: oneStep, surges: true, wrong: wrong, pair: &run{plan: oneStep, surges: true, wrong: wrong}}
			e := x.explore()
			if e.problem == "" || !strings.Contains(e.problem, "sibling") {
				t.Fatalf("%q in %d states", e.problem, e.states)
			}
			t.Logf("after %d states: %s", e.states, e.problem)
		})
	}
}
