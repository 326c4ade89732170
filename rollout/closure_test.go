package rollout_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
)

func TestClosuresTogether(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	set := func(kind rollout.ClosureKind, who, service string, from, until int) rollout.Closure {
		c := rollout.Closure{
			Kind: kind, Scope: rollout.Scope{Service: rollout.ServiceName(service)}, From: now.Add(time.Duration(from) * time.Hour),
			By: rollout.Actor{Kind: rollout.Person, ID: who}, At: now,
		}
		if until != 0 {
			c.Until = now.Add(time.Duration(until) * time.Hour)
		}
		return c
	}
	const freeze, lock = rollout.FreezeClosure, rollout.LockClosure
	for _, tt := range []struct {
		name string
		has  []rollout.Closure
		one  rollout.Closure
		want string // KIND FROM-UNTIL in hours, or the problem
	}{
		{"the first", nil, set(freeze, "A", "", 0, 2), "freeze 0-2"},
		{"what is over goes", []rollout.Closure{set(freeze, "A", "", -2, -1)}, set(lock, "A", "x", 0, 2), "lock 0-2"},
		{"the same freeze twice is one", []rollout.Closure{set(freeze, "A", "", 0, 2)}, set(freeze, "A", "", 1, 2), "freeze 0-2"},
		{"and begins when the first of them does", []rollout.Closure{set(freeze, "A", "", 1, 2)}, set(freeze, "A", "", 0, 2), "freeze 0-2"},
		{"another end is another freeze", []rollout.Closure{set(freeze, "A", "", 0, 2)}, set(freeze, "B", "", 0, 3), "freeze 0-2, freeze 0-3"},
		{"another service's too", []rollout.Closure{set(freeze, "A", "x", 0, 2)}, set(freeze, "A", "y", 0, 2), "freeze 0-2, freeze 0-2"},
		{"no end", nil, set(freeze, "A", "", 0, 0), "freeze 0-"},
		{"one's own lock is renewed", []rollout.Closure{set(lock, "A", "x", 0, 2)}, set(lock, "A", "x", 0, 5), "lock 0-5"},
		{"somebody else's is not", []rollout.Closure{set(lock, "A", "x", 0, 2)}, set(lock, "B", "x", 0, 5), "locked"},
		{"but is when it is over", []rollout.Closure{set(lock, "A", "x", -2, -1)}, set(lock, "B", "x", 0, 5), "lock 0-5"},
		{"ends before it begins", nil, set(freeze, "A", "", 3, 2), "closure_empty"},
		{"is over", nil, set(freeze, "A", "", -3, -2), "closure_over"},
		{"too many", slices.Repeat([]rollout.Closure{set(lock, "A", "y", 0, 1)}, rollout.MostClosures), set(lock, "A", "x", 0, 2), "too_many_closures"},
	} {
		before := rollout.Closures{Revision: 7, All: tt.has}
		after, err := before.With(tt.one)
		var all []string
		for _, c := range after.All {
			until := ""
			if !c.Until.IsZero() {
				until = fmt.Sprint(c.Until.Sub(now).Hours())
			}
			all = append(all, fmt.Sprintf("%s %v-%s", c.Kind, c.From.Sub(now).Hours(), until))
		}
		got := strings.Join(all, ", ")
		if err != nil {
			got = string(rollout.ProblemOf(err).Code)
		}
		if got != tt.want || after.Revision != 7 || len(before.All) != len(tt.has) {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestClosuresEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	shop := rollout.Scope{Team: "shop"}
	all := rollout.Closures{Revision: 3, All: []rollout.Closure{
		{Kind: rollout.FreezeClosure, Text: "now", From: now},
		{Kind: rollout.FreezeClosure, Text: "planned", From: now.Add(time.Hour)},
		{Kind: rollout.FreezeClosure, Text: "over", From: now.Add(-time.Hour), Until: now},
		{Kind: rollout.FreezeClosure, Text: "shop", Scope: shop, From: now},
		{Kind: rollout.LockClosure, Text: "lock", From: now},
	}}
	left, ended := all.Without(rollout.FreezeClosure, rollout.Scope{}, now)
	texts := func(all []rollout.Closure) (s string) {
		for _, c := range all {
			s += c.Text + " "
		}
		return s
	}
	if texts(ended) != "now planned " || texts(left.All) != "shop lock " || left.Revision != 3 {
		t.Errorf("got %q ended, %q left", texts(ended), texts(left.All))
	}
}

// What does not know a closure reads a plain refusal.
func TestRefusedByAClosure(t *testing.T) {
	t.Parallel()
	opens := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	for kind, code := range map[rollout.ClosureKind]rollout.ProblemCode{
		rollout.FreezeClosure: rollout.ProblemFrozen, rollout.LockClosure: rollout.ProblemLocked,
		rollout.WindowClosure: rollout.ProblemOutsideWindow, rollout.HolidayClosure: rollout.ProblemHoliday,
	} {
		var err error = &rollout.ClosedError{Service: "checkout", Closed: rollout.Closed{By: []rollout.Closure{{Kind: kind, Name: "n", Text: "why"}}, Opens: opens}}
		want := rollout.Problem{Code: code, Service: "checkout", Value: "n", Words: "why", Until: opens}
		if got := rollout.ProblemOf(err); got.String() != want.String() || !got.Until.Equal(opens) || rollout.CodeOf(err) != rollout.Conflict {
			t.Errorf("%s: got %+v", kind, got)
		}
	}
	err := error(&rollout.LockedError{Lock: rollout.Closure{Scope: rollout.Scope{Service: "checkout"}, Until: opens}})
	if rollout.CodeOf(err) != rollout.Conflict || rollout.ProblemOf(err).Code != rollout.ProblemLocked || errors.Is(err, rollout.ErrDecided) {
		t.Errorf("got %v", err)
	}
}
