package rollout_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// What is in line is ordered by when it came there; what waits for its moment comes there then.
func TestLine(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	var q rollout.Queue
	add := func(service rollout.ServiceName, version string, since time.Duration, moment bool) {
		t.Helper()
		p := rollout.Pending{Service: service, Request: rollout.Request{Version: version}, Since: at.Add(since)}
		if moment {
			p.NotBefore = p.Since
		}
		var err error
		if q, _, err = q.With(p); err != nil {
			t.Fatal(err)
		}
	}
	add("checkout", "v2", 0, false)              // 1
	add("checkout", "v3", time.Minute, false)    // 2
	add("search", "v2", 2*time.Minute, false)    // 3
	add("checkout", "v4", time.Hour, true)       // 4
	add("checkout", "v5", 90*time.Second, false) // 5
	show := func(at time.Time) (line string) {
		for _, p := range q.Line(at) {
			line += fmt.Sprint(p.ID, ":", q.Place(p.ID, at), " ")
		}
		for _, p := range q.Coming(at) {
			line += fmt.Sprint("(", p.ID, ":", q.Place(p.ID, at), ") ")
		}
		return line
	}
	soon, later := at.Add(3*time.Minute), at.Add(time.Hour)
	check := func(what string, at time.Time, want string) {
		t.Helper()
		if got := show(at); got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	check("at first", soon, "1:1 2:2 5:3 3:1 (4:0) ")
	check("when the moment has come", later, "1:1 2:2 5:3 3:1 4:4 ")
	next, _, err := q.First(5, soon)
	if err != nil {
		t.Fatal(err)
	}
	q = next
	check("when one went first", soon, "5:1 1:2 2:3 3:1 (4:0) ")
	q = q.Without(1)
	if q, err = q.Settle(2, rollout.Settlement{At: soon, Rollout: "checkout-7"}); err != nil {
		t.Fatal(err)
	}
	check("when one left and one started", soon, "5:1 3:1 (4:0) ")
	if all := q.Settled(); len(all) != 1 || all[0].ID != 2 {
		t.Errorf("settled: %+v", all)
	}
	add("checkout", "v2", 0, false) // 6: it may be asked for again, under a number of its own
	check("when one was asked for again", soon, "5:1 6:2 3:1 (4:0) ")
	for name, tt := range map[string]struct {
		err  error
		want rollout.ProblemCode
	}{
		"the same version again":     {third(q.With(rollout.Pending{Service: "checkout", Request: rollout.Request{Version: "v4"}})), rollout.ProblemPendingAlready},
		"first before its moment":    {third(q.First(4, soon)), rollout.ProblemNotInLine},
		"first, and started already": {third(q.First(2, soon)), rollout.ProblemNotPending},
	} {
		if got := rollout.ProblemOf(tt.err).Code; got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func third(_ rollout.Queue, _ rollout.Pending, err error) error { return err }

func TestMostPending(t *testing.T) {
	t.Parallel()
	var q rollout.Queue
	for i := range rollout.MostPending + 1 {
		next, _, err := q.With(rollout.Pending{Service: "checkout", Request: rollout.Request{Version: fmt.Sprint("v", i)}})
		if full := i == rollout.MostPending; full != (rollout.ProblemOf(err).Code == rollout.ProblemTooManyPending) {
			t.Fatalf("number %d: %v", i, err)
		}
		q = next
	}
}

// What passes by itself is waited for; what somebody has to change is not.
func TestWhatPasses(t *testing.T) {
	t.Parallel()
	refuse := func(code rollout.Code, problem rollout.ProblemCode) error {
		return rollout.Refuse(code, rollout.Problem{Code: problem})
	}
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":            {nil, false},
		"another rollout":    {&rollout.BusyError{}, true},
		"a freeze":           {&rollout.ClosedError{Closed: rollout.Closed{By: []rollout.Closure{{Kind: rollout.FreezeClosure}}}}, true},
		"too many at once":   {refuse(rollout.Conflict, rollout.ProblemTooManyAtOnce), true},
		"too many of a team": {refuse(rollout.Conflict, rollout.ProblemTooManyOfTeam), true},
		"a full disk":        {refuse(rollout.Conflict, rollout.ProblemDegraded), true},
		"little room":        {refuse(rollout.Forbidden, rollout.ProblemStoreLow), true},
		"Slack away":         {rollout.Wrap(rollout.Unavailable, errors.New("timeout")), true},
		"a policy":           {refuse(rollout.Forbidden, rollout.ProblemNotAllowed), false},
		"the same version":   {&rollout.SameVersionError{}, false},
		"rolled back before": {&rollout.RolledBackError{}, false},
		"a defect":           {errors.New("boom"), false},
		"another rollout of a version that was rolled back": {&rollout.BusyError{Before: &rollout.Rollout{}}, false},
	} {
		if got := rollout.Passes(tt.err); got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
